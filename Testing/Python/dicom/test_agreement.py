"""Facts that slices of one series disagree on: one rule, for every attribute of the table."""

import numpy as np
import pydicom
import pytest
from dicom_files import FACTOR, Made, after, enhanced, item, measured, save, write
from VOIIdentificationLib.core.errors import PhantomError, SeriesError, SUVError
from VOIIdentificationLib.dicom.attributes import ATTRIBUTES, DRUG, Policy, tag_text
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.read import find_stack, read_pet_series, read_stack
from VOIIdentificationLib.dicom.suv import suv_header_of_slices
from VOIIdentificationLib.suv.scale import suv_scale

VALUES = {
    'StudyInstanceUID': ('1.2.3', '1.2.4'),
    'PatientID': ('P1', 'P2'),
    'FrameOfReferenceUID': ('1.5', '1.6'),
    'SeriesType': ('STATIC', 'WHOLE BODY'),
    'NumberOfTimeSlices': (1, 2),
    'TriggerTime': ('10', '20'),
    'TemporalPositionIdentifier': ('1', '2'),
    'Rows': None,
    'Columns': None,
    'ImagePositionPatient': None,
    'ImageOrientationPatient': None,
    'PixelSpacing': None,
    'BitsAllocated': None,
    'PixelRepresentation': (0, 0),
    'RescaleSlope': ('0.5', '0.5'),
    'RescaleIntercept': ('0', '0'),
    'ModalityLUTSequence': None,
    'Units': ('BQML', 'GML'),
    'SUVType': ('BW', 'LBM'),
    'CorrectedImage': (['DECY', 'ATTN'], ['DECY']),
    'DecayCorrection': ('START', 'ADMIN'),
    'DecayCorrected': ('YES', 'NO'),
    'AttenuationCorrected': ('YES', 'NO'),
    'TimezoneOffsetFromUTC': ('+0100', '+0200'),
    'SeriesDate': ('20260301', '20260302'),
    'SeriesTime': ('101500', '101501'),
    'StudyDate': ('20260301', '20260302'),
    'AcquisitionDate': ('20260301', '20260301'),
    'AcquisitionTime': ('101500', '101500'),
    'AcquisitionDateTime': ('20260301101500', '20260301101500'),
    'FrameReferenceTime': ('298421', '298421'),
    'ActualFrameDuration': ('600000', '600000'),
    'DecayFactor': ('1.0319173', '1.0319173'),
    'DecayCorrectionDateTime': ('20260301101500', '20260301101600'),
    'RadionuclideTotalDose': ('70000000', '71000000'),
    'RadionuclideHalfLife': ('6583.68', '6586.2'),
    'RadiopharmaceuticalStartDateTime': ('20260301091500', '20260301091600'),
    'RadiopharmaceuticalStartTime': ('091500', '091600'),
    'PatientWeight': ('10', '70'),
    'PatientSize': ('1.7', '1.8'),
    'PatientSex': ('M', 'F'),
}
"""What the first slices have, and the other; None where other tests show what happens."""

ROWS = {row.keyword: row for row in ATTRIBUTES if VALUES.get(row.keyword)}
ERRORS = {Policy.REFUSE: SeriesError, Policy.NO_SUV: SUVError}


def put(ds, row, value):
    owner = getattr(ds, DRUG)[0] if row.sequence == DRUG else ds
    if value is None:
        if row.keyword in owner:
            delattr(owner, row.keyword)
    else:
        setattr(owner, row.keyword, value)


def study(folder, row, first, other, odd):
    def edit(ds, k):
        measured(ds, k)
        put(ds, row, other if k in odd else first)

    return write(Made(edit=edit), folder)


def measure(folder):
    """The SUV factors, through every check of image and header."""
    _, stack = read_stack(folder)
    return suv_scale(suv_header_of_slices(stack.slices)).factors


def refused(folder, error, row, names):
    with pytest.raises(error) as caught:
        measure(folder)
    message = str(caught.value)
    assert message.startswith('SUV refused: ') == (error is SUVError)
    assert f'differ in {tag_text(row.keyword)}: ' in message
    for name in names:
        assert name in message
    assert 'export' in message or 'series of its own' in message
    return message


def test_every_attribute_with_a_consequence_is_tried():
    minded = {
        row.keyword
        for row in ATTRIBUTES
        if ERRORS.keys() & {row.differs, row.partly} and row.sequence in ('', DRUG)
    }
    assert minded - {'RadionuclideCodeSequence'} == set(VALUES)


@pytest.mark.parametrize('odd', [(0,), (2, 3), (4,)])
@pytest.mark.parametrize(
    'keyword',
    [k for k, row in ROWS.items() if row.differs in ERRORS and len(set(map(str, VALUES[k]))) > 1],
)
def test_values_that_differ_name_two_files_and_both_values(tmp_path, keyword, odd):
    row, (first, other) = ROWS[keyword], VALUES[keyword]
    paths = study(tmp_path, row, first, other, odd)

    plain = paths[next(k for k in range(5) if k not in odd)]
    message = refused(tmp_path, ERRORS[row.differs], row, (plain.name, paths[odd[0]].name))

    for value in (first, other):
        assert (', '.join(value) if isinstance(value, list) else str(value)) in message


@pytest.mark.parametrize('odd', [(0,), (1, 3)])
@pytest.mark.parametrize('empty', [False, True])
@pytest.mark.parametrize(
    'keyword', [k for k, row in ROWS.items() if row.partly in ERRORS and k != 'RescaleSlope']
)
def test_values_that_only_some_slices_have_are_refused(tmp_path, keyword, empty, odd):
    row, (first, _) = ROWS[keyword], VALUES[keyword]
    if empty and not isinstance(first, str):
        pytest.skip('numbers of two bytes are never empty')
    paths = study(tmp_path, row, first, '' if empty else None, odd)

    message = refused(tmp_path, ERRORS[row.partly], row, [paths[k].name for k in odd])

    assert 'none' in message


def test_without_slopes_in_some_slices_no_value_is_read(tmp_path):
    def no_slope(ds):
        del ds.RescaleSlope, ds.RescaleIntercept

    paths = write(Made(edit=after(no_slope, 1, 3)), tmp_path)
    with pytest.raises(SeriesError, match=r'RescaleSlope \(0028,1053\)') as caught:
        read_pet_series(tmp_path)
    assert f'{paths[1].name}, {paths[3].name} have none' in str(caught.value)


@pytest.mark.parametrize(
    ('keyword', 'other'),
    [
        ('PatientWeight', '10.000'),
        ('PatientWeight', '1e1'),
        ('Units', 'BQML  '),
        ('Units', 'bqml'),
        ('SeriesTime', '101500.000000'),
        ('SeriesTime', '1015'),
        ('CorrectedImage', ['ATTN', 'NORM', 'SCAT', 'DECY']),
        ('RadionuclideTotalDose', '7e7'),
        ('RadiopharmaceuticalStartDateTime', '20260301091500.00'),
        ('FrameOfReferenceUID', '1.5'),
    ],
)
# pydicom itself warns of values that are no CS.
@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
def test_the_same_value_in_another_format_is_the_same(tmp_path, keyword, other):
    row = next(row for row in ATTRIBUTES if row.keyword == keyword)

    def edit(ds, k):
        measured(ds, k)
        ds.FrameOfReferenceUID = '1.5'
        if k in (1, 4):
            put(ds, row, other)

    write(Made(edit=edit), tmp_path)
    assert measure(tmp_path) == pytest.approx([FACTOR] * 5, rel=1e-6)


@pytest.mark.parametrize('padding', [b'\0', b'\t', b'\r\n', b'  \0'])
def test_padding_of_any_kind_is_no_value(tmp_path, padding):
    paths = write(Made(edit=measured), tmp_path)
    for path in paths[2:]:
        data = path.read_bytes()
        start = data.index(b'\x54\x00\x01\x10CS')
        padded = b'BQML' + padding + b' ' * (len(padding) % 2)
        path.write_bytes(
            data[: start + 6] + len(padded).to_bytes(2, 'little') + padded + data[start + 12 :]
        )
    assert read_pet_series(tmp_path).unit == 'Bq/mL'


def test_an_isotope_that_differs_has_no_suv(tmp_path):
    def name(ds, k):
        measured(ds, k)
        code = 'C-111A1' if k else 'C-131A3'
        getattr(ds, DRUG)[0].RadionuclideCodeSequence = item(CodeValue=code, CodeMeaning='x')

    write(Made(edit=name), tmp_path)
    with pytest.raises(SUVError, match=r'RadionuclideCodeSequence .* C-131A3, .* C-111A1'):
        measure(tmp_path)


def test_an_injection_that_only_some_slices_list_has_no_suv(tmp_path):
    def second(ds):
        sequence = getattr(ds, DRUG)
        sequence.append(pydicom.Dataset())
        sequence[1].RadionuclideTotalDose = '3.5e7'

    write(Made(edit=after(second, 2)), tmp_path)
    with pytest.raises(SUVError, match=r'RadionuclideTotalDose .* 70000000, 3\.5e7'):
        measure(tmp_path)
    assert read_pet_series(tmp_path).unit == 'Bq/mL'  # an SUV is optional


@pytest.mark.parametrize('undefined', [False, True])
def test_sequences_of_any_length_are_compared(tmp_path, undefined):
    def edit(ds, k):
        measured(ds, k)
        ds[DRUG].is_undefined_length = undefined
        ds[DRUG].value[0].is_undefined_length_sequence_item = undefined
        ds[DRUG].value[0].RadionuclideTotalDose = '70000000' if k != 3 else '80000000'

    write(Made(edit=edit), tmp_path)
    with pytest.raises(SUVError, match='RadionuclideTotalDose'):
        measure(tmp_path)


def test_slope_duration_and_acquisition_time_are_each_slices_own(tmp_path):
    """Two beds of an uncorrected study, of different lengths."""

    def edit(ds, k):
        measured(ds, k)
        ds.DecayCorrection, ds.CorrectedImage = 'NONE', ['ATTN']
        del ds.DecayFactor
        ds.AcquisitionTime, ds.ActualFrameDuration = (('101500', 2), ('111500', 4))[k > 2]

    made = Made(edit=edit, slopes=(0.5, 0.25, 0.125, 1.0, 2.0))
    write(made, tmp_path)
    hour = 0.5 ** (3600 / 6583.68)

    np.testing.assert_array_equal(
        read_pet_series(tmp_path).voxels,
        made.stored * np.array(made.slopes, np.float32)[:, None, None],
    )
    assert measure(tmp_path) == pytest.approx([FACTOR] * 3 + [FACTOR / hour] * 2, rel=1e-6)


def on_all(**elements):
    def edit(ds):
        for keyword, value in elements.items():
            setattr(ds, keyword, value)

    return edit


@pytest.mark.parametrize('kind', ['DYNAMIC', 'GATED', ''])
@pytest.mark.parametrize(
    ('keyword', 'value'),
    [('AcquisitionTime', '103500'), ('FrameReferenceTime', '1498421'), ('ActualFrameDuration', 90)],
)
def test_parts_of_two_time_frames_are_no_image(tmp_path, kind, keyword, value):
    def edit(ds, k):
        measured(ds, k)
        ds.SeriesType = [kind, 'IMAGE'] if kind else None
        ds.NumberOfTimeSlices = 1 if kind else 2
        if k > 2:
            setattr(ds, keyword, value)

    paths = write(Made(edit=edit), tmp_path)
    with pytest.raises(SeriesError, match='of several times') as caught:
        read_pet_series(tmp_path)
    assert paths[0].name in str(caught.value)
    assert paths[3].name in str(caught.value)


def test_one_whole_time_frame_of_a_dynamic_series_is_an_image(tmp_path):
    frame = on_all(SeriesType=['DYNAMIC', 'IMAGE'], NumberOfTimeSlices=4)
    write(Made(edit=after(frame)), tmp_path)
    assert read_pet_series(tmp_path).unit == 'Bq/mL'


def test_slices_that_lost_their_places_are_not_called_time_points(tmp_path):
    write(Made(edit=measured, heights_mm=(0.0,) * 5), tmp_path)
    with pytest.raises(SeriesError, match='5 slices of the series lie at one position') as caught:
        read_pet_series(tmp_path)
    assert 'time points' not in str(caught.value)


def frames(made, **changes):
    """An enhanced image with all that its SUV needs; changes by frame or by the whole file."""
    ds = enhanced(made)
    for keyword in ('PatientWeight', DRUG):
        donor = pydicom.Dataset()
        measured(donor)
        setattr(ds, keyword, getattr(donor, keyword))
    ds.DecayCorrected = ds.AttenuationCorrected = 'YES'
    ds.DecayCorrectionDateTime = '20260301101500'
    ds.Units = 'BQML'
    for frame in ds.PerFrameFunctionalGroupsSequence:
        content = frame.FrameContentSequence[0]
        content.FrameAcquisitionDateTime = '20260301101500'
        content.FrameAcquisitionDuration = 600000.0
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def concatenation(folder, first, second, sizes=(3, 5)):
    """Two files of one series; each change is a function of the dataset."""
    stored = np.random.default_rng(3).integers(0, 60000, (sum(sizes), 6, 7), dtype=np.uint16)
    parts = np.split(stored, [sizes[0]])
    for n, (part, change) in enumerate(zip(parts, (first, second), strict=True)):
        heights = tuple(4.0 * (k + n * sizes[0]) for k in range(len(part)))
        ds = frames(Made(stored=part, heights_mm=heights))
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = f'1.2.3.4.{n}'
        change(ds)
        save(ds, folder / f'{n}.dcm')
    return stored


def unchanged(_ds):
    pass


@pytest.mark.parametrize('sizes', [(3, 5), (5, 3), (1, 1), (4, 1)])
def test_a_concatenation_is_one_image(tmp_path, sizes):
    stored = concatenation(tmp_path, unchanged, unchanged, sizes)
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, stored * np.float32(0.5))
    assert measure(tmp_path) == pytest.approx([FACTOR] * sum(sizes), rel=1e-6)


def uncorrected(clock):
    def change(ds):
        ds.DecayCorrected = 'NO'
        ds.DecayCorrectionDateTime = clock
        for frame in ds.PerFrameFunctionalGroupsSequence:
            frame.FrameContentSequence[0].FrameAcquisitionDateTime = clock

    return change


def test_each_bed_of_an_uncorrected_concatenation_has_its_own_factor(tmp_path):
    concatenation(tmp_path, uncorrected('20260301101500'), uncorrected('20260301102600'), (4, 4))
    first = FACTOR * 2 ** (298.42081 / 6583.68)
    second = first * 2 ** (660 / 6583.68)
    assert measure(tmp_path) == pytest.approx([first] * 4 + [second] * 4, rel=1e-6)


@pytest.mark.parametrize(
    ('keyword', 'value', 'error'),
    [
        ('Units', 'CNTS', SeriesError),
        ('Units', '', SeriesError),
        ('DecayCorrected', 'NO', SeriesError),
        ('AttenuationCorrected', 'NO', SeriesError),
        ('DecayCorrectionDateTime', '20260301102600', SUVError),
        ('PatientWeight', '70', SUVError),
        ('PatientID', 'P9', SeriesError),
    ],
)
def test_files_of_a_concatenation_that_differ_are_refused(tmp_path, keyword, value, error):
    concatenation(tmp_path, unchanged, lambda ds: setattr(ds, keyword, value))
    with pytest.raises(error, match=keyword) as caught:
        measure(tmp_path)
    assert '0.dcm' in str(caught.value)
    assert '1.dcm' in str(caught.value)


@pytest.mark.parametrize('frame', [0, 2, 4])
def test_a_frame_without_its_own_facts_is_named(tmp_path, frame):
    ds = frames(Made())
    del ds.PerFrameFunctionalGroupsSequence[frame].PixelValueTransformationSequence
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SeriesError, match=rf'RescaleSlope .* all.dcm frame {frame + 1} has none'):
        read_pet_series(tmp_path)


@pytest.mark.parametrize('keyword', ['FrameAcquisitionDateTime', 'FrameAcquisitionDuration'])
def test_a_frame_without_its_time_has_no_suv(tmp_path, keyword):
    ds = frames(Made(), DecayCorrected='NO')
    delattr(ds.PerFrameFunctionalGroupsSequence[1].FrameContentSequence[0], keyword)
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SUVError, match=rf'{keyword} .* all.dcm frame 2 has none'):
        measure(tmp_path)


def test_frames_of_two_time_points_in_one_stack_are_refused(tmp_path):
    ds = frames(Made())
    ds.PerFrameFunctionalGroupsSequence[4].FrameContentSequence[0].TemporalPositionIndex = 2
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SeriesError, match='TemporalPositionIndex'):
        read_pet_series(tmp_path)


@pytest.mark.parametrize('keyword', ['DecayCorrected', 'AttenuationCorrected'])
@pytest.mark.parametrize('value', [None, '', 'MAYBE'])
# pydicom itself warns of values that are no CS.
@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
def test_an_enhanced_image_must_say_whether_it_is_corrected(tmp_path, keyword, value):
    ds = frames(Made())
    if value is None:
        delattr(ds, keyword)
    else:
        setattr(ds, keyword, value)
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SUVError, match=rf'{keyword} \(0018,975[89]\) is'):
        measure(tmp_path)
    assert any(keyword in line for line in describe_series(tmp_path))


def test_stacks_and_headers_are_one_list(tmp_path):
    write(Made(edit=measured), tmp_path)
    assert len(find_stack(tmp_path).slices) == len(measure(tmp_path)) == 5
    assert issubclass(SUVError, PhantomError)
