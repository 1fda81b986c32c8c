"""Days and time zones that a header leaves open, injections, and whatever stops a reader."""

from copy import deepcopy
from datetime import datetime

import pytest
from dicom_files import FACTOR, Made, after, enhanced, measured, save, write
from VOIIdentificationLib.core.errors import SeriesError, SUVError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.dicom import folder as folder_module
from VOIIdentificationLib.dicom import read as read_module
from VOIIdentificationLib.dicom import suv as suv_module
from VOIIdentificationLib.dicom.attributes import DRUG
from VOIIdentificationLib.dicom.clock import instant_of, own_offset
from VOIIdentificationLib.dicom.read import read_pet_series, read_stack
from VOIIdentificationLib.dicom.suv import suv_header_of_slices
from VOIIdentificationLib.suv.scale import suv_scale

DATES = ('StudyDate', 'SeriesDate', 'AcquisitionDate')


def scale_of(folder, edit):
    write(Made(edit=after(edit)), folder)
    return suv_scale(suv_header_of_slices(read_stack(folder)[1].slices))


def drug(ds):
    return getattr(ds, DRUG)[0]


@pytest.mark.parametrize('blank', ['', None, '00000000'])
@pytest.mark.parametrize('injection', ['', None, '00000000000000'])
# pydicom itself warns of values that are no date.
@pytest.mark.filterwarnings('ignore:Invalid value for VR D')
def test_without_any_date_the_same_day_is_assumed_and_flagged(tmp_path, blank, injection):
    def edit(ds):
        for keyword in DATES:
            setattr(ds, keyword, blank)
        drug(ds).RadiopharmaceuticalStartDateTime = injection

    scale = scale_of(tmp_path, edit)

    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == (Flag.DAY_UNKNOWN,)
    assert not any('0001' in text for text in scale.decisions)


def test_without_dates_of_the_scan_that_of_the_injection_is_assumed(tmp_path):
    def edit(ds):
        for keyword in DATES:
            delattr(ds, keyword)

    scale = scale_of(tmp_path, edit)

    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == (Flag.DAY_UNKNOWN,)
    assert any('2026-03-01 10:15:00' in text for text in scale.decisions)


def test_without_dates_midnight_is_crossed(tmp_path):
    def edit(ds):
        for keyword in DATES:
            delattr(ds, keyword)
        del drug(ds).RadiopharmaceuticalStartDateTime
        drug(ds).RadiopharmaceuticalStartTime = '233000'
        ds.SeriesTime = ds.AcquisitionTime = '003000'

    scale = scale_of(tmp_path, edit)
    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)


@pytest.mark.parametrize('kept', DATES)
def test_one_date_is_enough_and_no_reason_for_a_flag(tmp_path, kept):
    def edit(ds):
        for keyword in set(DATES) - {kept}:
            delattr(ds, keyword)

    scale = scale_of(tmp_path, edit)
    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == ()


def test_an_acquisition_date_and_time_without_another_date(tmp_path):
    def edit(ds):
        for keyword in DATES:
            delattr(ds, keyword)
        ds.AcquisitionDateTime = '20260301101500'

    assert scale_of(tmp_path, edit).flags == ()


@pytest.mark.parametrize(
    ('text', 'zone', 'flagged'),
    [
        ('20260301091500', None, False),
        ('20260301091500', '+0100', False),
        ('20260301081500+0000', '+0100', False),
        ('20260301101500.00+0200', '+0100', False),
        ('20260301091500+0100', None, True),
        ('20260301081500+0000', None, True),
        ('20260301091500', '25:00', True),
    ],
)
def test_an_offset_beside_times_without_one_is_flagged(tmp_path, text, zone, flagged):
    def edit(ds):
        drug(ds).RadiopharmaceuticalStartDateTime = text
        del drug(ds).RadiopharmaceuticalStartTime
        if zone:
            ds.TimezoneOffsetFromUTC = zone

    scale = scale_of(tmp_path, edit)

    assert (Flag.ZONE_UNKNOWN in scale.flags) == flagged
    if not flagged:
        assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)


def test_the_offset_of_the_acquisition_is_that_of_its_clock(tmp_path):
    def edit(ds):
        ds.AcquisitionDateTime = '20260301101500+0100'
        drug(ds).RadiopharmaceuticalStartDateTime = '20260301081500+0000'

    scale = scale_of(tmp_path, edit)
    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == ()


@pytest.mark.parametrize(
    ('of_scan', 'of_injection', 'flagged'),
    [
        ('20260301101500+0100', '20260301081500+0000', False),
        ('20260301041500-0500', '20260301081500+0000', False),
        ('20260301101500', '20260301091500', False),
        ('20260301101500', '20260301091500+0100', True),
        ('20260301101500+0100', '20260301091500', True),
    ],
)
def test_date_times_with_offsets_are_instants(tmp_path, of_scan, of_injection, flagged):
    ds = enhanced(Made())
    measured(ds)
    for keyword in (*DATES, 'SeriesTime', 'AcquisitionTime'):
        delattr(ds, keyword)
    ds.DecayCorrected, ds.AttenuationCorrected, ds.Units = 'YES', 'YES', 'BQML'
    ds.DecayCorrectionDateTime = of_scan
    drug(ds).RadiopharmaceuticalStartDateTime = of_injection
    del drug(ds).RadiopharmaceuticalStartTime
    save(ds, tmp_path / 'all.dcm')

    scale = suv_scale(suv_header_of_slices(read_stack(tmp_path)[1].slices))

    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == ((Flag.ZONE_UNKNOWN,) if flagged else ())


def test_offsets_are_those_of_the_text():
    assert own_offset('20260301101500') is None
    assert own_offset('nonsense') is None
    assert own_offset('20260301101500-0330').total_seconds() == -3.5 * 3600
    assert instant_of('20260301101500+0100') == instant_of('20260301091500+0000')
    assert instant_of('20260301101500') == datetime(2026, 3, 1, 10, 15)


@pytest.mark.parametrize('second', ['35000000', '70000000'])
def test_several_injections_are_flagged_unless_they_are_one(tmp_path, second):
    def edit(ds):
        sequence = getattr(ds, DRUG)
        other = deepcopy(sequence[0])
        other.RadionuclideTotalDose = second
        sequence.append(other)

    scale = scale_of(tmp_path, edit)
    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)
    assert scale.flags == ((Flag.SEVERAL_INJECTIONS,) if second != '70000000' else ())


@pytest.mark.parametrize('error', [KeyError('x'), NotImplementedError(), RecursionError('deep')])
@pytest.mark.parametrize(
    ('module', 'name'),
    [
        (folder_module, 'read_header'),
        (read_module, 'plane_of_file'),
        (read_module.PixelReader, 'read_into'),
    ],
)
def test_what_nobody_expected_names_its_file(tmp_path, monkeypatch, module, name, error):
    def fail(*_args):
        raise error

    paths = write(Made(edit=measured), tmp_path)
    monkeypatch.setattr(module, name, fail)
    with pytest.raises(SeriesError, match=rf'cannot be read \({type(error).__name__}: ') as caught:
        read_pet_series(tmp_path)
    assert any(path.name in str(caught.value) for path in paths)


def test_what_nobody_expected_in_an_optional_suv_is_no_suv(tmp_path, monkeypatch):
    def fail(*_args):
        raise ZeroDivisionError

    write(Made(edit=measured), tmp_path)
    slices = read_stack(tmp_path)[1].slices
    monkeypatch.setattr(suv_module, 'day_of_scan', fail)
    with pytest.raises(SUVError, match='ZeroDivisionError'):
        suv_header_of_slices(slices)
