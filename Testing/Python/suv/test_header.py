"""What is missing for the SUV, on plain values; DICOM PS3.3, C.8.9, is the judge."""

import math
from dataclasses import replace
from datetime import datetime, time

import pytest
from VOIIdentificationLib.core.errors import SUVError
from VOIIdentificationLib.suv.header import (
    SUVFrame,
    SUVHeader,
    all_positive,
    is_positive,
    missing_for_suv,
)
from VOIIdentificationLib.suv.scale import suv_scale

ELEVEN = datetime(2026, 3, 1, 11)
COMPLETE = SUVHeader(
    units='BQML',
    decay_correction='START',
    corrected_image=('ATTN', 'DECY'),
    series_start=ELEVEN,
    injection_time=time(10),
    dose=3e8,
    half_life_s=6586.2,
    weight=70.0,
    frames=(SUVFrame(ELEVEN),),
)


@pytest.mark.parametrize('value', [None, 0.0, -1.0, math.nan, math.inf])
def test_what_cannot_be_reckoned_with_is_missing(value):
    assert not is_positive(value)
    assert not all_positive([1.0, value])
    assert missing_for_suv(replace(COMPLETE, weight=value)) == ('PatientWeight (0010,1030)',)
    assert missing_for_suv(replace(COMPLETE, dose=value)) == ('RadionuclideTotalDose (0018,1074)',)
    for header in (replace(COMPLETE, weight=value), replace(COMPLETE, dose=value)):
        with pytest.raises(SUVError):
            suv_scale(header)


def test_a_complete_header_lacks_nothing_and_has_an_suv():
    assert missing_for_suv(COMPLETE) == ()
    assert suv_scale(COMPLETE).factors[0] > 0


@pytest.mark.parametrize(
    'time_known',
    [
        {'ge_scan_start': ELEVEN},
        {'decay_reference': ELEVEN},
        {'frames': (SUVFrame(), SUVFrame(ELEVEN))},
        {'series_start': ELEVEN},
    ],
)
def test_one_time_is_enough(time_known):
    without = replace(COMPLETE, series_start=None, frames=(SUVFrame(), SUVFrame()))
    missing = ('SeriesTime (0008,0031) or AcquisitionTime (0008,0032)',)
    assert missing_for_suv(without) == missing
    with pytest.raises(SUVError, match='series time'):
        suv_scale(without)
    assert missing_for_suv(replace(without, **time_known)) == ()
    assert suv_scale(replace(without, **time_known)).factors[0] > 0


def test_without_anything_of_the_injection_its_sequence_is_named():
    nothing = replace(COMPLETE, dose=None, half_life_s=None, injection_time=None)
    (missing,) = missing_for_suv(nothing)
    assert missing == 'RadiopharmaceuticalInformationSequence (0054,0016)'
    assert len(missing_for_suv(replace(nothing, dose=3e8))) == 2


def test_philips_counts_need_a_factor_in_every_slice():
    counts = SUVHeader(units='CNTS', frames=(SUVFrame(philips_suv_factor=0.5), SUVFrame()))
    assert len(missing_for_suv(counts)) == 1
    assert len(missing_for_suv(replace(counts, frames=()))) == 1
    assert missing_for_suv(replace(counts, frames=counts.frames[:1])) == ()
    activity = SUVFrame(philips_activity_factor=2.0)
    assert missing_for_suv(replace(counts, frames=(activity,))) == ()
