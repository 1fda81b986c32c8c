"""Dynamic and gated series: one frame of several is read as if it were a series of its own."""

import numpy as np
import pytest
from dicom_files import FACTOR, MEAN_TIME_S, Made, enhanced, item, measured, save, write
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.read import find_stack, image_of_stack, read_stack, stacks_of_frames
from VOIIdentificationLib.dicom.suv import suv_header_of_slices
from VOIIdentificationLib.suv.scale import suv_scale

HALF_LIFE_S = 6583.68
COUNT = 3
STORED = np.random.default_rng(8).integers(0, 60000, (COUNT, 5, 6, 7), dtype=np.uint16)
DURATIONS_S = (600, 300, 900)
STARTS_S = (0, 600, 900)


def clock(seconds):
    """TM of 10:15:00 and some seconds more."""
    minutes, rest = divmod(15 * 60 + seconds, 60)
    return f'10{minutes:02d}{rest:02d}'


def mean_time_s(duration_s):
    """Mean count-rate time of a decaying source, from its definition."""
    constant = np.log(2) / HALF_LIFE_S
    return np.log(constant * duration_s / -np.expm1(-constant * duration_s)) / constant


def dynamic(number, **changes):
    """The header of a frame: all are corrected to the start of the series."""

    def edit(ds, k):
        measured(ds, k)
        ds.SeriesType, ds.NumberOfTimeSlices = ['DYNAMIC', 'IMAGE'], COUNT
        ds.AcquisitionTime = clock(STARTS_S[number])
        after_s = STARTS_S[number] + mean_time_s(DURATIONS_S[number])
        ds.FrameReferenceTime = f'{1000 * after_s:.4f}'
        ds.ActualFrameDuration = 1000 * DURATIONS_S[number]
        ds.DecayFactor = f'{2 ** (after_s / HALF_LIFE_S):.10f}'
        ds.NumberOfSlices, ds.ImageIndex = 5, 5 * number + k + 1
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.9.{number}.{k}'
        for keyword, value in changes.items():
            setattr(ds, keyword, value)

    return edit


def write_dynamic(folder, edits=None):
    """Frames in mixed order: names say nothing."""
    for number in (1, 0, 2):
        edit = edits[number] if edits else dynamic(number)
        write(Made(stored=STORED[number], edit=edit), folder, prefix=f'{5 - number}_')


def test_each_frame_of_a_dynamic_series_is_its_own_image_with_its_own_times(tmp_path):
    write_dynamic(tmp_path)
    for number in range(COUNT):
        image, stack = read_stack(tmp_path, frame=number + 1)

        np.testing.assert_array_equal(image.voxels, STORED[number] * np.float32(0.5))
        assert image.acquisition.frame_duration_s == DURATIONS_S[number]
        assert image.acquisition.acquisition_datetime.endswith(
            f'10:{15 + STARTS_S[number] // 60}:00'
        )
        assert any(note.startswith(f'Frame {number + 1} of 3') for note in stack.notes)


def test_all_frames_corrected_to_the_start_of_the_series_have_one_suv(tmp_path):
    write_dynamic(tmp_path)
    for stack in stacks_of_frames(tmp_path):
        scale = suv_scale(suv_header_of_slices(stack.slices))
        np.testing.assert_allclose(scale.factors, FACTOR, rtol=1e-6)


def test_without_decay_correction_each_frame_is_corrected_from_its_own_mean_time(tmp_path):
    edits = [
        dynamic(n, DecayCorrection='NONE', CorrectedImage=['ATTN'], DecayFactor='1')
        for n in range(COUNT)
    ]
    write_dynamic(tmp_path, edits)
    for number, stack in enumerate(stacks_of_frames(tmp_path)):
        scale = suv_scale(suv_header_of_slices(stack.slices))
        after_s = STARTS_S[number] + mean_time_s(DURATIONS_S[number])
        expected = 10e3 / (70e6 * 0.5 ** ((3600.0 + after_s) / HALF_LIFE_S))
        np.testing.assert_allclose(scale.factors, expected, rtol=1e-6)
    assert mean_time_s(600) == pytest.approx(MEAN_TIME_S, abs=1e-4)  # the formula is that of SUV


def test_no_frame_or_one_that_is_not_there_is_refused_with_the_list(tmp_path):
    write_dynamic(tmp_path)
    for frame, says in ((None, 'holds 3 time frames or gates: 1: '), (4, ', no frame 4: 1: ')):
        with pytest.raises(SeriesError, match='time frames') as caught:
            read_stack(tmp_path, frame=frame)
        message = str(caught.value)
        assert says in message
        assert '--frame N' in message
        for start, duration in (('10:15:00', 600), ('10:25:00', 300), ('10:30:00', 900)):
            assert f'from 2026-03-01 {start}' in message
            assert f'{duration} s long' in message


def test_gates_are_told_apart_by_the_trigger(tmp_path):
    """All gates share their times; numbers are ordered as numbers, 1000 after 250."""
    delays = ('1000', '0', '250')
    for number, delay in enumerate(delays):

        def edit(ds, k, delay=delay):
            measured(ds, k)
            ds.SeriesType, ds.TriggerTime = ['GATED', 'IMAGE'], delay

        write(Made(stored=STORED[number], edit=edit), tmp_path, prefix=f'{number}_')
    for frame, number in ((1, 1), (2, 2), (3, 0)):
        image, _ = read_stack(tmp_path, frame=frame)
        np.testing.assert_array_equal(image.voxels, STORED[number] * np.float32(0.5))


@pytest.mark.parametrize('keyword', ['TemporalPositionIdentifier', 'ImageIndex'])
def test_a_plain_count_tells_frames_apart_too(tmp_path, keyword):
    for number in range(COUNT):

        def edit(ds, k, number=number):
            measured(ds, k)
            ds.NumberOfSlices = 5
            ds.TemporalPositionIdentifier = number + 1
            ds.ImageIndex = 5 * number + k + 1
            delattr(ds, {'ImageIndex', 'TemporalPositionIdentifier'}.difference([keyword]).pop())

        write(Made(stored=STORED[number], edit=edit), tmp_path, prefix=f'{number}_')
    image, _ = read_stack(tmp_path, frame=2)
    np.testing.assert_array_equal(image.voxels, STORED[1] * np.float32(0.5))


def test_entries_that_divide_the_slices_differently_are_refused(tmp_path):
    """By one entry slice 0 of two frames has changed places."""

    def swapped(number):
        edit = dynamic(number)

        def _edit(ds, k):
            edit(ds, k)
            ds.TemporalPositionIdentifier = {0: 2, 1: 1, 2: 3}[number] if k == 0 else number + 1

        return _edit

    write_dynamic(tmp_path, [swapped(number) for number in range(COUNT)])
    with pytest.raises(SeriesError, match=r'TemporalPositionIdentifier.*different frames'):
        read_stack(tmp_path, frame=1)


def test_a_frame_that_lacks_a_slice_is_no_volume(tmp_path):
    write_dynamic(tmp_path)
    next(iter(sorted(tmp_path.glob('3_*')))).unlink()
    with pytest.raises(SeriesError, match='different images of one plane'):
        read_stack(tmp_path, frame=1)


def test_a_static_series_has_one_frame(tmp_path):
    write(Made(edit=measured), tmp_path)
    assert len(stacks_of_frames(tmp_path)) == 1
    assert read_stack(tmp_path, frame=1)[0].acquisition.notes == ()
    with pytest.raises(SeriesError, match='no frame 2: it holds one image'):
        read_stack(tmp_path, frame=2)


def test_copies_are_no_frames(tmp_path):
    write(Made(edit=measured), tmp_path / 'a')
    write(Made(edit=measured), tmp_path / 'b')
    assert len(find_stack(tmp_path).slices) == 5


def test_frames_of_an_enhanced_image_are_divided_by_their_temporal_position(tmp_path):
    made = Made(stored=STORED.reshape(-1, 6, 7), heights_mm=(0.0, 4.0, 8.0, 12.0, 16.0) * COUNT)
    order = np.random.default_rng(2).permutation(5 * COUNT).tolist()
    ds = enhanced(made, order=order)
    for frame, k in zip(ds.PerFrameFunctionalGroupsSequence, order, strict=True):
        frame.FrameContentSequence = item(
            TemporalPositionIndex=k // 5 + 1,
            FrameAcquisitionDateTime=f'20260301{clock(STARTS_S[k // 5])}',
            FrameAcquisitionDuration=1000.0 * DURATIONS_S[k // 5],
        )
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SeriesError, match='2: from 2026-03-01 10:25:00, 300 s long'):
        read_stack(tmp_path)
    for number, stack in enumerate(stacks_of_frames(tmp_path)):
        image = image_of_stack(stack)
        np.testing.assert_array_equal(image.voxels, STORED[number] * np.float32(0.5))
        assert image.acquisition.frame_duration_s == DURATIONS_S[number]
