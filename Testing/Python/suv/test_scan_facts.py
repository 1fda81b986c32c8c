"""Isotope, start and length of a scan, from headers of every kind of decay correction."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from VOIIdentificationLib.dicom.read import find_stack
from VOIIdentificationLib.dicom.suv import suv_header_of_slices
from VOIIdentificationLib.dicom.write import Scan, write_pet_series
from VOIIdentificationLib.suv.header import SUVFrame, SUVHeader
from VOIIdentificationLib.suv.scan_facts import ScanFacts, scan_facts
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize

START = datetime(2026, 3, 1, 10, 15)
FRAME = SUVFrame(acquisition_start=START, duration_s=600.0)
HEADER = SUVHeader(
    decay_correction='START',
    series_start=START,
    half_life_s=6586.2,
    radionuclide='^18^Fluorine',
    frames=(FRAME, FRAME),
)


def test_a_corrected_image_is_for_the_series_time():
    facts = scan_facts(HEADER)

    assert (facts.isotope, facts.half_life_s) == ('F-18', 6586.2)
    assert (facts.scan_start, facts.scan_duration_s) == (START, 600.0)
    assert facts.decay_corrected
    assert 'series time' in facts.notes[0]


def test_a_series_time_after_the_scan_is_not_its_start():
    """A reconstruction of the next day: the acquisition tells the instant."""
    late = replace(HEADER, series_start=datetime(2026, 3, 2, 8, 0))

    assert scan_facts(late).scan_start == START


def test_an_image_corrected_to_the_injection_is_for_that_instant():
    admin = replace(HEADER, decay_correction='ADMIN', injection_time=time(9, 15))

    assert scan_facts(admin).scan_start == datetime(2026, 3, 1, 9, 15)


def test_an_uncorrected_image_says_so():
    facts = scan_facts(replace(HEADER, decay_correction='NONE'))

    assert (facts.scan_start, facts.decay_corrected) == (START, False)


@pytest.mark.parametrize(('duration_s', 'told'), [(86_400.0, 86_400.0), (86_401.0, None)])
def test_a_length_that_no_scan_has_is_not_told(duration_s, told):
    frame = replace(FRAME, duration_s=duration_s)

    assert scan_facts(replace(HEADER, frames=(frame, frame))).scan_duration_s == told


def test_frames_of_different_times_are_no_one_scan():
    """Two beds: one worksheet cannot say the instants of both."""
    later = SUVFrame(acquisition_start=datetime(2026, 3, 1, 10, 25), duration_s=300.0)
    facts = scan_facts(replace(HEADER, decay_correction='NONE', frames=(FRAME, later)))

    assert facts.scan_start is None
    assert facts.scan_duration_s is None


@pytest.mark.parametrize('decay_correction', ['', 'ODD'])
def test_an_unknown_correction_gives_no_start(decay_correction):
    assert scan_facts(replace(HEADER, decay_correction=decay_correction)).scan_start is None


def test_an_isotope_without_a_name_is_known_by_its_half_life():
    assert scan_facts(replace(HEADER, radionuclide='', half_life_s=4070.0)).isotope == 'Ga-68'
    assert scan_facts(replace(HEADER, radionuclide='', half_life_s=5000.0)).isotope == ''


@pytest.mark.parametrize('half_life_s', [0.0, -1.0, float('inf'), None])
def test_a_senseless_half_life_is_left_out(half_life_s):
    facts = scan_facts(replace(HEADER, half_life_s=half_life_s))

    assert facts.half_life_s is None
    assert facts.scan_start == START, 'by the half-life of the named isotope'


def test_an_empty_header_tells_nothing():
    assert scan_facts(SUVHeader()) == ScanFacts()


def test_a_written_series_tells_its_scan(tmp_path):
    image, _ = synthesize(SyntheticPhantom(grid((20, 18, 10), (14.0, 14.0, 14.0))))
    write_pet_series(image, tmp_path, seed=1, scan=Scan(scan_time='114500', duration_s=333.0))

    facts = scan_facts(suv_header_of_slices(find_stack(tmp_path).slices))

    assert facts.scan_start == datetime(2026, 3, 1, 11, 45)
    assert (facts.isotope, facts.scan_duration_s) == ('F-18', 333.0)


def test_beds_that_are_not_corrected_show_instants_apart():
    frames = tuple(SUVFrame(START + timedelta(seconds=s), None, 600.0) for s in (0, 0, 660))
    header = SUVHeader(
        decay_correction='NONE', half_life_s=6586.2, radionuclide='^18^Fluorine', frames=frames
    )
    assert scan_facts(header).spread_s == pytest.approx(660.0)
    assert scan_facts(replace(header, decay_correction='START')).spread_s == 0.0
    assert scan_facts(replace(header, frames=(SUVFrame(),))).spread_s == 0.0
    assert scan_facts(replace(header, frames=())).spread_s == 0.0
