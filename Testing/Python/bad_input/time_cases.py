"""Times and SUV: which instant the image shows, and when the dose was what the header says."""

from datetime import timedelta

from bad_input.case import (
    Case,
    flagged,
    good,
    refused,
    refused_or_flagged,
    refused_or_told,
    told,
)
from bad_input.made_series import (
    DURATION_S,
    SCAN,
    UPTAKE_S,
    F,
    after,
    da,
    drop,
    drug,
    enhanced,
    ge,
    info_of,
    mean_time_s,
    put,
    series,
    suv_of,
    tm,
)
from bad_input.series_cases import every_frame

KIND = 'times'
HOUR = 3600.0
DAY = 86400.0
INJECTED = after(-UPTAKE_S)


def _case(name, make, right):
    return Case(name, KIND, suv_of(make), right)


def series_at(moment):
    """Another series date and time."""
    return put(SeriesDate=da(moment), SeriesTime=tm(moment))


def acquired_at(moment, **more):
    """Another acquisition date and time."""
    return put(AcquisitionDate=da(moment), AcquisitionTime=tm(moment), **more)


def injected_at(moment, **more):
    """Another injection, in both of its elements."""
    return drug(
        RadiopharmaceuticalStartDateTime=da(moment) + tm(moment),
        RadiopharmaceuticalStartTime=tm(moment),
        **more,
    )


def time_only(moment, **more):
    """An injection without its date."""
    return drug(
        RadiopharmaceuticalStartDateTime=None, RadiopharmaceuticalStartTime=tm(moment), **more
    )


def decay_factor_of(seconds):
    """Of a frame whose mean is that long after the reference."""
    return f'{2 ** (seconds / 6586.2):.6f}'


def bed(n, step_s=240.0):
    """Slice n is a bed of its own, all corrected to the start of the series (Siemens, Philips)."""

    def _edit(ds, k):
        later = step_s * (k if n is None else n)
        reference = later + mean_time_s(DURATION_S)
        put(
            AcquisitionTime=tm(after(later)),
            FrameReferenceTime=f'{1000 * reference:.3f}',
            DecayFactor=decay_factor_of(reference),
        )(ds, k)

    return _edit


def ge_beds(ds, k):
    """GE: one acquisition time, the frame reference time counts to the start of the frame."""
    later = 200.0 * k
    put(
        Manufacturer='GE MEDICAL SYSTEMS',
        FrameReferenceTime=f'{1000 * later:.0f}',
        DecayFactor=decay_factor_of(later + mean_time_s(DURATION_S)),
    )(ds, k)
    ge(SCAN)(ds, k)


def continuous_bed(ds, k):
    """Continuous bed motion: every slice its own acquisition time, to the fraction of a second."""
    later = 7.25 * k
    put(
        AcquisitionTime=tm(after(later)) + f'.{int(later % 1 * 100):02d}0000',
        FrameReferenceTime=f'{1000 * (later + mean_time_s(DURATION_S)):.3f}',
        DecayFactor=decay_factor_of(later + mean_time_s(DURATION_S)),
    )(ds, k)


LATER = after(1500.0)
EARLIER = after(-1500.0)
NIGHT = SCAN.replace(hour=0, minute=20)

GOOD = [
    _case('nothing odd', series(), good(F)),
    _case('beds four minutes apart', series(bed(None)), good(F)),
    _case('beds of GE', series(ge_beds), good(F)),
    _case('continuous bed motion', series(continuous_bed), good(F)),
    _case('fractions of a second in one time', series(put(SeriesTime=tm(SCAN) + '.400000')), good(F)),
    _case('a second of rounding between times', series(series_at(after(1.0)), put(AcquisitionTime=tm(SCAN))),
          good()),
    _case('times without seconds', series(put(SeriesTime='1420', AcquisitionTime='1420')), good(F)),
    _case('dates with points', series(put(SeriesDate='2025.11.12', AcquisitionDate='2025.11.12')), good(F)),
    _case('injection by date and time alone', series(drug(RadiopharmaceuticalStartTime=None)), good(F)),
    _case('injection by time alone, same day', series(time_only(INJECTED)), good(F)),
    _case('injection before midnight, scan after', series(
        series_at(NIGHT), acquired_at(NIGHT), time_only(NIGHT - timedelta(seconds=UPTAKE_S))),
          refused_or_told('', F)),
    _case('injection with date before midnight', series(
        series_at(NIGHT), acquired_at(NIGHT), injected_at(NIGHT - timedelta(seconds=UPTAKE_S))), good(F)),
    _case('offset on every date-time and in the header', series(
        put(TimezoneOffsetFromUTC='+0100'),
        drug(RadiopharmaceuticalStartDateTime=da(INJECTED) + tm(INJECTED) + '+0100')), good(F)),
    _case('injection in UTC with the header\'s offset', series(
        put(TimezoneOffsetFromUTC='+0200'),
        drug(RadiopharmaceuticalStartDateTime=da(INJECTED) + tm(after(-UPTAKE_S - 2 * HOUR)) + '+0000',
             RadiopharmaceuticalStartTime=None)), good(F)),
]  # fmt: skip

REFERENCE = [
    _case('series time after acquisition, decay factor of the acquisition', series(series_at(LATER)),
          flagged('series time', F)),
    _case('series time half an hour before GE\'s scan', series(
        series_at(EARLIER), ge_beds, series_at(EARLIER)), flagged('series time|0009,100d', F)),
    _case('series time 20 min before, decay factor says the acquisition', series(
        series_at(after(-1200))), flagged('series time|decay factor|0054,1321|contradict', F)),
    _case('frame reference time 0, series time later', series(
        series_at(LATER), put(FrameReferenceTime='0'), drop('DecayFactor')), refused_or_told('', F)),
    _case('frame reference time 0 with its decay factor', series(
        series_at(LATER), put(FrameReferenceTime='0')), refused_or_told('', F)),
    _case('frame reference time absent, series time absent', series(
        drop('SeriesTime', 'FrameReferenceTime', 'DecayFactor')), refused_or_told('', F)),
    _case('no series date, another one of the study', series(drop('SeriesDate')),
          told('0008,0021|AcquisitionDate|no series date', F)),
    _case('no time at all', series(drop('SeriesTime', 'AcquisitionTime', 'AcquisitionDateTime')),
          refused('0008,0031|0008,0032')),
    _case('every date blank', series(
        put(StudyDate='', SeriesDate='', AcquisitionDate=''), time_only(INJECTED)),
          flagged('date|day', F)),
    _case('every date absent, injection with a date', series(
        drop('StudyDate', 'SeriesDate', 'AcquisitionDate')), refused_or_flagged('date|day', F)),
    _case('every date zero', series(
        put(StudyDate='00000000', SeriesDate='00000000', AcquisitionDate='00000000'),
        time_only(INJECTED)), refused_or_flagged('date|day', F)),
    _case('series times that differ by slice', series(put(SeriesTime=tm(after(600)), on=[2, 3])),
          refused_or_flagged('series time|SeriesTime|0008,0031')),
    _case('series date differs in one slice', series(put(SeriesDate='20251113', on=[1])),
          refused_or_flagged('series|SeriesDate|0008,0021')),
    _case('acquisition time missing in one slice', series(drop('AcquisitionTime', on=[1])),
          refused_or_flagged('AcquisitionTime|0008,0032', F)),
    _case('acquisition a day after the series', series(acquired_at(after(DAY))),
          refused_or_flagged('acquisition|time|contradict')),
    _case('times at midnight after de-identification', series(
        put(SeriesTime='000000', AcquisitionTime='000000')),
          refused_or_flagged('inject|midnight|time')),
]  # fmt: skip

INJECTIONS = [
    _case('injection at midnight after de-identification', series(
        injected_at(SCAN.replace(hour=0, minute=0))), refused_or_flagged('inject|midnight|uptake')),
    _case('injection 19 h before', series(injected_at(after(-19 * HOUR))),
          refused_or_flagged('inject|uptake|hours| h ')),
    _case('injection 1 h after the scan', series(injected_at(after(HOUR))),
          refused_or_flagged('later|after')),
    _case('injection in another year', series(injected_at(INJECTED.replace(year=2024))),
          refused_or_flagged('inject')),
    _case('injection a day early', series(injected_at(INJECTED - timedelta(days=1))),
          refused_or_flagged('inject')),
    _case('both injection elements differ by 40 min', series(drug(
        RadiopharmaceuticalStartTime=tm(after(-UPTAKE_S - 2400)))), flagged('0018,1072', F)),
    _case('injection differs in one slice', series(injected_at(after(-4000), on=[2])),
          refused_or_flagged('0018,1078|0018,1072|injection')),
    _case('no injection time', series(drug(
        RadiopharmaceuticalStartDateTime=None, RadiopharmaceuticalStartTime=None)),
          refused('0018,1078')),
    _case('injection by a date alone', series(drug(
        RadiopharmaceuticalStartDateTime='20251112', RadiopharmaceuticalStartTime=None)),
          refused('0018,1078|0018,1072')),
    _case('injection that is no time', series(drug(
        RadiopharmaceuticalStartDateTime='20251112251000', RadiopharmaceuticalStartTime=None)),
          refused_or_flagged('0018,1078|0018,1072')),
    *(
        _case(f'{name} by time alone', series(time_only(
            INJECTED, RadionuclideHalfLife=text, RadionuclideCodeSequence=None)),
              refused_or_flagged('day|date|0018,1078'))
        for name, text in (('Zr-89', '282276'), ('I-124', '360806'), ('Cu-64', '45723'))
    ),
    _case('injection in UTC, no offset in the header', series(drug(
        RadiopharmaceuticalStartDateTime=da(INJECTED) + tm(after(-UPTAKE_S - HOUR)) + '+0000',
        RadiopharmaceuticalStartTime=tm(INJECTED))), refused_or_flagged('offset|0008,0201|UTC|0018')),
    _case('injection with an offset that the header contradicts', series(
        put(TimezoneOffsetFromUTC='+0500'),
        drug(RadiopharmaceuticalStartDateTime=da(INJECTED) + tm(INJECTED) + '+0100')),
          refused_or_flagged('offset|0008,0201|contradict|0018')),
]  # fmt: skip


def _frame_times(seconds, suffix=''):
    def _change(groups, n):
        start = after(seconds * n)
        groups.FrameContentSequence[0].FrameAcquisitionDateTime = da(start) + tm(start) + suffix

    return every_frame(_change)


def _own_offsets(ds):
    """Reference and injection are instants, each with an offset of its own."""
    ds.DecayCorrectionDateTime = da(SCAN) + tm(after(-HOUR)) + '+0000'
    one = ds.RadiopharmaceuticalInformationSequence[0]
    one.RadiopharmaceuticalStartDateTime = da(INJECTED) + tm(INJECTED) + '+0100'
    del one.RadiopharmaceuticalStartTime


def _one_offset(ds):
    ds.DecayCorrectionDateTime = da(SCAN) + tm(SCAN) + '+0900'


ENHANCED = [
    _case('enhanced, every date-time with an offset of its own', enhanced(
        _own_offsets, _frame_times(0.0, '+0100')), good(F)),
    _case('enhanced, frames without an offset beside date-times with one', enhanced(_own_offsets),
          refused_or_flagged('offset|UTC|0008,0201')),
    _case('enhanced, offset in one date-time only', enhanced(_one_offset),
          refused_or_flagged('offset|0008,0201|UTC', F)),
    _case('enhanced, no reference time', enhanced(
        lambda ds: delattr(ds, 'DecayCorrectionDateTime')), refused_or_told('', F)),
    _case('enhanced, beds that follow each other', enhanced(_frame_times(200.0)), good(F)),
    _case('enhanced, reference time a day off', enhanced(lambda ds: setattr(
        ds, 'DecayCorrectionDateTime', da(after(-DAY)) + tm(SCAN))),
          refused_or_flagged('0018,9701|later|inject|reference')),
]  # fmt: skip

NUMBERS = [
    _case('frame reference time of 1e308', series(put(FrameReferenceTime='1e308')),
          refused_or_flagged('0054,1300|FrameReferenceTime|frame reference')),
    _case('frame reference time of -1e308', series(put(FrameReferenceTime='-1e308')),
          refused_or_flagged('0054,1300|FrameReferenceTime|frame reference')),
    _case('duration of 1e308, no decay correction', series(
        put(DecayCorrection='NONE', CorrectedImage=['ATTN'], ActualFrameDuration='1e308')),
          refused_or_flagged('0018,1242|ActualFrameDuration|duration|decay factor|inject')),
    _case('decay factor of 1e308', series(put(DecayFactor='1e308')),
          refused_or_flagged('0054,1321|DecayFactor|decay factor')),
    _case('half-life of 1e308', series(drug(RadionuclideHalfLife='1e308')),
          refused_or_flagged('half.?life|0018,1075')),
    _case('half-life of 1e-308', series(drug(RadionuclideHalfLife='1e-308')),
          refused_or_flagged('half.?life|0018,1075')),
    _case('scan in the year 1', series(put(
        SeriesDate='00010101', AcquisitionDate='00010101', StudyDate='00010101')),
          refused_or_flagged('inject|date|0008')),
    _case('injection in the year 9999', series(drug(
        RadiopharmaceuticalStartDateTime='99991231235959', RadiopharmaceuticalStartTime=None)),
          refused_or_flagged('inject|date|0018')),
]  # fmt: skip

INFO = [
    Case('good beds of GE, info', KIND, info_of(series(ge_beds)), good(says='all that it needs')),
    Case('good continuous bed motion, info', KIND, info_of(series(continuous_bed)),
         good(says='all that it needs')),
    Case('every date blank, info', KIND, info_of(series(
        put(StudyDate='', SeriesDate='', AcquisitionDate=''), time_only(INJECTED))),
         flagged('date|day')),
]  # fmt: skip

CASES = [*GOOD, *REFERENCE, *INJECTIONS, *ENHANCED, *NUMBERS, *INFO]
