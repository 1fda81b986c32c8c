"""To which instant a series is corrected: headers as scanners write them, and wrong ones."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
import pytest
from suv_headers import ELEVEN, HALF_LIFE_S, PLAIN, TEN, mean_count_rate_by_summing
from VOIIdentificationLib.core.errors import SUVError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.suv.header import SUVFrame
from VOIIdentificationLib.suv.instants import clock_text
from VOIIdentificationLib.suv.reference import earliest_frame
from VOIIdentificationLib.suv.scale import suv_scale

MINUTE = timedelta(minutes=1)
ISOTOPES_S = [HALF_LIFE_S, 4069.8, 282276.0, 1223.1]


def factor_at(seconds, half_life_s=HALF_LIFE_S):
    """SUVbw of 1 Bq/mL where the image shows the instant so long after the injection."""
    return 70e3 / (300e6 * 0.5 ** (seconds / half_life_s))


def decay(seconds, half_life_s, digits=6):
    """Decay Factor of a frame whose mean count-rate time is so long after the reference."""
    return round(2 ** (seconds / half_life_s), digits)


def steps(half_life_s, beds=4, duration_s=240.0, gap_s=20.0):
    """Step and shoot: each bed has its own acquisition time, counted to the mean (Siemens)."""
    mean_s = mean_count_rate_by_summing(duration_s, half_life_s, 20_000)
    return tuple(
        SUVFrame(
            ELEVEN + timedelta(seconds=at),
            at + mean_s,
            duration_s,
            decay_factor=decay(at + mean_s, half_life_s),
        )
        for at in np.arange(beds) * (duration_s + gap_s)
    )


def one_time(half_life_s):
    """All beds carry one acquisition time, the frame time counts to their start (GE)."""
    return tuple(
        replace(frame, acquisition_start=ELEVEN, frame_reference_s=round(260.0 * n, 1))
        for n, frame in enumerate(steps(half_life_s))
    )


def continuous(half_life_s, *, moving_time):
    """Continuous bed motion: every slice is a little later than the one before."""
    return tuple(
        SUVFrame(
            ELEVEN + timedelta(seconds=at if moving_time else 0.0),
            at + 30.0,
            60.0,
            decay_factor=decay(at + 30.0, half_life_s),
        )
        for at in np.arange(0.0, 300.0, 10.0)
    )


def beds_without_factor(half_life_s, reference_s):
    """Beds with their own times, and a frame time that says nothing of the series (Philips)."""
    return tuple(
        replace(frame, frame_reference_s=reference_s, decay_factor=1.0)
        for frame in steps(half_life_s)
    )


GOOD = {
    'steps': steps,
    'GE': one_time,
    'continuous, one time': lambda half: continuous(half, moving_time=False),
    'continuous, own times': lambda half: continuous(half, moving_time=True),
    'Philips, 0': lambda half: beds_without_factor(half, 0.0),
    'Philips, mean': lambda half: beds_without_factor(half, 119.9),
    'continuous, part': lambda half: continuous(half, moving_time=False)[12:],
    'second bed alone, GE': lambda half: one_time(half)[1:2],
}


@pytest.mark.parametrize('half_life_s', ISOTOPES_S)
@pytest.mark.parametrize('frames', GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize('before_s', [0.0, 0.4, 3.0])
def test_good_series_are_not_suspected(frames, half_life_s, before_s):
    series = ELEVEN - timedelta(seconds=before_s)
    header = replace(
        PLAIN, frames=frames(half_life_s)[::-1], half_life_s=half_life_s, series_start=series
    )

    scale = suv_scale(header)

    assert scale.flags == ()
    assert scale.factors == pytest.approx(factor_at(3600.0 - before_s, half_life_s), rel=1e-9)


@pytest.mark.parametrize('half_life_s', ISOTOPES_S[:2])
@pytest.mark.parametrize('frames', [steps, one_time], ids=['steps', 'GE'])
@pytest.mark.parametrize('minutes', [-200, -45, -10, 5, 30, 600])
@pytest.mark.parametrize('with_ge_time', [False, True])
def test_the_decay_factor_judges_a_series_time(frames, half_life_s, minutes, with_ge_time):
    """Reconstructed later, or the time of an earlier scan: the image is corrected to 11:00."""
    header = replace(
        PLAIN,
        frames=frames(half_life_s),
        half_life_s=half_life_s,
        series_start=ELEVEN + minutes * MINUTE,
        ge_scan_start=ELEVEN if with_ge_time else None,
    )

    scale = suv_scale(header)

    assert scale.factors == pytest.approx(factor_at(3600.0, half_life_s), rel=2e-4)
    assert Flag.TIMES_CONTRADICT in scale.flags
    named = '(0009,100d)' if with_ge_time else '(0008,0032)'
    assert any('is decay-corrected' in text and named in text for text in scale.decisions)


@pytest.mark.parametrize('minutes', [-45, -20])
def test_a_decay_factor_may_confirm_a_series_time_long_before_the_acquisition(minutes):
    """Frames that are late on purpose: the image is corrected to the series time."""
    late = timedelta(minutes=-minutes)
    frames = tuple(
        replace(
            frame,
            frame_reference_s=frame.frame_reference_s + late.total_seconds(),
            decay_factor=frame.decay_factor * 2 ** (late.total_seconds() / HALF_LIFE_S),
        )
        for frame in steps(HALF_LIFE_S)
    )
    scale = suv_scale(replace(PLAIN, frames=frames, series_start=ELEVEN - late))

    assert scale.factors == pytest.approx(factor_at(3600.0 - late.total_seconds()), rel=1e-9)
    assert scale.flags == ()


def test_an_image_corrected_to_a_later_series_time_is_believed():
    """A decay factor below 1 leads forward."""
    frame = SUVFrame(ELEVEN, None, 300.0, decay_factor=decay(150.0 - 3600.0, HALF_LIFE_S, 10))
    scale = suv_scale(replace(PLAIN, frames=(frame,), series_start=ELEVEN + 60 * MINUTE))
    assert scale.factors == pytest.approx(factor_at(7200.0), rel=1e-9)
    assert scale.flags == ()


@pytest.mark.parametrize('minutes', [-60, -45, -10])
def test_without_a_decay_factor_the_time_of_ge_is_taken_where_it_is_that_of_the_scan(minutes):
    header = replace(
        PLAIN,
        frames=(SUVFrame(ELEVEN, 0.0, 240.0),),
        series_start=ELEVEN + minutes * MINUTE,
        ge_scan_start=ELEVEN - timedelta(seconds=2),
    )
    scale = suv_scale(header)
    assert scale.factors == pytest.approx([factor_at(3598.0)], rel=1e-9)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)


@pytest.mark.parametrize('frame', [SUVFrame(ELEVEN), SUVFrame(ELEVEN, 0.0, 240.0)])
def test_a_series_time_long_before_the_scan_that_nothing_confirms_is_flagged(frame):
    scale = suv_scale(replace(PLAIN, frames=(frame,), series_start=ELEVEN - 30 * MINUTE))
    assert Flag.TIMES_CONTRADICT in scale.flags


def test_a_contradiction_of_times_says_what_it_costs():
    """Half an hour of F-18: 2 ** (1800 / 6586.2) - 1 = 20.9 %."""
    scale = suv_scale(
        replace(PLAIN, frames=(SUVFrame(ELEVEN, 0.0, 240.0),), series_start=ELEVEN - 30 * MINUTE)
    )
    assert any('which changes the SUV by 20.9 %' in text for text in scale.decisions)


@pytest.mark.parametrize('duration_s', [60.0, 600.0, 1800.0])
def test_no_mean_time_is_added_to_a_frame_reference_time_of_zero(duration_s):
    frame = SUVFrame(ELEVEN, 0.0, duration_s)
    scale = suv_scale(replace(PLAIN, frames=(frame,), series_start=ELEVEN + 30 * MINUTE))
    assert scale.factors == pytest.approx([factor_at(3600.0)], rel=1e-12)


def test_beds_that_are_each_corrected_to_their_own_start_are_flagged():
    first, *others = steps(HALF_LIFE_S)
    alike = [
        replace(frame, decay_factor=first.decay_factor, frame_reference_s=0.0) for frame in others
    ]
    scale = suv_scale(replace(PLAIN, frames=(first, *alike)))
    assert scale.flags == (Flag.TIMES_CONTRADICT,)
    assert any('the decay factor' in text for text in scale.decisions)


@pytest.mark.parametrize('factor', [0.0, -1.0, 1.0, None])
def test_a_decay_factor_that_says_nothing_judges_nothing(factor):
    frame = SUVFrame(ELEVEN, 150.0, 300.0, decay_factor=factor)
    assert suv_scale(replace(PLAIN, frames=(frame,))).flags == ()


def test_a_correction_to_the_injection_is_checked_by_the_decay_factor():
    to_start = decay(150.0, HALF_LIFE_S)
    to_injection = decay(3750.0, HALF_LIFE_S)
    for factor, flags in ((to_start, (Flag.TIMES_CONTRADICT,)), (to_injection, ())):
        frame = SUVFrame(ELEVEN, 150.0, 300.0, decay_factor=factor)
        header = replace(PLAIN, decay_correction='ADMIN', frames=(frame,))
        assert suv_scale(header).flags == flags


def test_an_image_without_correction_has_no_decay_factor():
    frame = SUVFrame(ELEVEN, 150.0, 300.0, decay_factor=1.2)
    header = replace(
        PLAIN, decay_correction='NONE', corrected_image=('ATTN',), frames=(frame, frame)
    )
    assert suv_scale(header).flags == (Flag.HEADER_CONTRADICTS,)


@pytest.mark.parametrize('half_lives', [4.5, 4.95, 5.05, 9.95])
def test_an_injection_long_before_the_scan_is_flagged(half_lives):
    injection = ELEVEN - timedelta(seconds=half_lives * 282276.0)
    scale = suv_scale(
        replace(PLAIN, injection=injection, injection_time=None, half_life_s=282276.0)
    )
    assert scale.flags == ((Flag.HEADER_IMPLAUSIBLE,) if half_lives > 5 else ())


@pytest.mark.parametrize('seconds', [-10.1 * 75.45, 10.1 * 75.45])
def test_an_injection_whose_activity_is_gone_or_not_yet_there_is_refused(seconds):
    injection = ELEVEN - timedelta(seconds=seconds)
    header = replace(PLAIN, injection=injection, injection_time=None, half_life_s=75.45)
    with pytest.raises(SUVError, match=r'10\.1 half-lives of 75\.45 s \(0018,1075\)'):
        suv_scale(header)


@pytest.mark.parametrize('hour', [6, 8, 10])
def test_an_injection_at_exactly_midnight_is_flagged(hour):
    scan = datetime(2026, 3, 1, hour, 15)
    header = replace(
        PLAIN,
        injection=datetime(2026, 3, 1),
        injection_time=None,
        series_start=scan,
        frames=(SUVFrame(scan, 150.0, 300.0),),
    )
    assert Flag.HEADER_IMPLAUSIBLE in suv_scale(header).flags


def test_a_scan_at_exactly_midnight_is_flagged():
    scan = datetime(2026, 3, 2)
    header = replace(
        PLAIN,
        injection=datetime(2026, 3, 1, 23),
        injection_time=None,
        series_start=scan,
        frames=(SUVFrame(scan),),
    )
    assert suv_scale(header).flags == (Flag.HEADER_IMPLAUSIBLE,)


@pytest.mark.parametrize(
    ('half_life_s', 'flags'),
    [
        (HALF_LIFE_S, ()),
        (4069.8, ()),
        (45721.4, (Flag.DAY_UNKNOWN,)),
        (282276.0, (Flag.DAY_UNKNOWN,)),
        (360806.4, (Flag.DAY_UNKNOWN,)),
    ],
)
@pytest.mark.parametrize('clock', [time(10), time(9, 15)])
def test_the_day_of_an_injection_is_only_certain_if_the_isotope_is_short_lived(
    half_life_s, flags, clock
):
    header = replace(PLAIN, injection=None, injection_time=clock, half_life_s=half_life_s)
    assert suv_scale(header).flags == flags


def test_a_moment_of_an_unknown_day_has_no_date():
    assert clock_text(datetime(1, 1, 2, 10, 15)) == '10:15:00'
    assert clock_text(TEN) == '2026-03-01 10:00:00'


@pytest.mark.parametrize(('off_s', 'flags'), [(94.5, ()), (95.5, (Flag.TIMES_CONTRADICT,))])
def test_times_contradict_each_other_by_one_percent_of_the_suv(off_s, flags):
    """0.01 / (ln 2 / 6586.2 s) = 95.02 s."""
    header = replace(
        PLAIN,
        frames=(SUVFrame(ELEVEN, 0.0, 240.0),),
        series_start=ELEVEN - timedelta(seconds=off_s),
    )
    assert suv_scale(header).flags == flags


@pytest.mark.parametrize(('after_s', 'used_s'), [(0.9, 0.9), (1.0, 1.0), (1.05, 0.0), (2.0, 0.0)])
def test_a_series_time_may_be_a_rounded_second_after_the_acquisition(after_s, used_s):
    series = ELEVEN + timedelta(seconds=after_s)
    scale = suv_scale(replace(PLAIN, series_start=series, frames=(SUVFrame(ELEVEN, 0.0, 240.0),)))
    assert scale.factors == pytest.approx([factor_at(3600.0 + used_s)], rel=1e-12)
    assert scale.flags == (() if used_s else (Flag.TIMES_CONTRADICT,))


@pytest.mark.parametrize(('off_s', 'flagged'), [(0.95, False), (1.05, True)])
def test_a_second_is_what_clocks_are_rounded_to_however_short_the_half_life(off_s, flagged):
    """One percent of a half-life of 61 s is 0.88 s."""
    header = replace(
        PLAIN,
        half_life_s=61.0,
        injection=ELEVEN - timedelta(seconds=120),
        injection_time=None,
        frames=(SUVFrame(ELEVEN, 0.0, 240.0),),
        series_start=ELEVEN - timedelta(seconds=off_s),
    )
    assert (Flag.TIMES_CONTRADICT in suv_scale(header).flags) == flagged


def test_dates_of_different_centuries_are_a_sentence():
    """The change of the SUV has hundreds of digits, or would be no number."""
    header = replace(
        PLAIN, series_start=datetime(1900, 1, 1, 11), frames=(SUVFrame(ELEVEN, 0.0, 240.0),)
    )
    scale = suv_scale(header)
    assert Flag.TIMES_CONTRADICT in scale.flags
    assert any('changes the SUV by 1.01e+306 %' in text for text in scale.decisions)


@pytest.mark.parametrize(('off_s', 'flags'), [(1.0, ()), (1.05, (Flag.TIMES_CONTRADICT,))])
def test_two_times_of_the_injection_may_differ_by_a_rounded_second(off_s, flags):
    other = (TEN + timedelta(seconds=off_s)).time()
    assert suv_scale(replace(PLAIN, injection_time=other)).flags == flags


@pytest.mark.parametrize(
    ('half_life_s', 'flags'), [(17_990.0, ()), (18_010.0, (Flag.DAY_UNKNOWN,))]
)
def test_a_day_before_is_possible_within_five_half_lives(half_life_s, flags):
    """An hour and a day are 90,000 s."""
    header = replace(PLAIN, injection=None, half_life_s=half_life_s, radionuclide='^99^Rare')
    scale = suv_scale(header)
    assert scale.flags == flags
    said = [text for text in scale.decisions if 'has no date' in text]
    assert [('2026-03-01 is assumed' in one, '(half-life 5 h)' in one) for one in said] == [
        (True, True)
    ] * len(flags)


def test_the_day_of_a_scan_without_a_date_is_the_same_day():
    scan = datetime(1, 1, 2, 11)
    header = replace(
        PLAIN,
        series_start=scan,
        injection=None,
        half_life_s=282276.0,
        frames=(SUVFrame(scan, 150.0, 300.0),),
    )
    scale = suv_scale(header)
    assert scale.factors == pytest.approx([factor_at(3600.0, 282276.0)], rel=1e-9)
    assert any('the same day is assumed' in text for text in scale.decisions)


@pytest.mark.parametrize('dated', [True, False])
def test_an_injection_at_the_instant_of_the_image_is_no_contradiction(dated):
    header = replace(
        PLAIN, injection=ELEVEN if dated else None, injection_time=None if dated else time(11)
    )
    scale = suv_scale(header)
    assert scale.factors == pytest.approx([factor_at(0.0)], rel=1e-12)
    assert scale.flags == ()


@pytest.mark.parametrize(('hours', 'moved'), [(18.0, True), (18.5, False)])
def test_an_injection_is_of_the_day_before_if_that_is_within_ten_half_lives(hours, moved):
    """F-18, ten half-lives are 18.3 h; the scan is shortly after midnight."""
    scan = datetime(2026, 3, 2, 0, 30)
    clock = (scan - timedelta(hours=hours)).time()
    header = replace(
        PLAIN,
        injection=None,
        injection_time=clock,
        series_start=scan,
        frames=(SUVFrame(scan, 0.0, 240.0),),
    )
    if moved:
        assert suv_scale(header).factors == pytest.approx([factor_at(3600 * hours)], rel=1e-9)
    else:
        scale = suv_scale(header)
        assert scale.factors == pytest.approx([factor_at(3600 * (hours - 24))], rel=1e-9)
        assert Flag.TIMES_CONTRADICT in scale.flags


@pytest.mark.parametrize('duration_s', [0.0, -5.0, None])
def test_an_uncorrected_frame_needs_a_duration(duration_s):
    frame = SUVFrame(ELEVEN, None, duration_s)
    header = replace(PLAIN, decay_correction='NONE', corrected_image=('ATTN',), frames=(frame,))
    with pytest.raises(SUVError, match=r'slice 1 has no duration'):
        suv_scale(header)


@pytest.mark.parametrize(
    'change',
    [{'half_life_s': None}, {'half_life_s': -1.0}, {'injection': None, 'injection_time': None}],
)
def test_a_decay_factor_judges_no_injection_without_half_life_and_time(change):
    frame = SUVFrame(ELEVEN, 150.0, 300.0, decay_factor=1.2)
    header = replace(PLAIN, decay_correction='ADMIN', frames=(frame,))
    assert Flag.TIMES_CONTRADICT in suv_scale(header).flags
    assert suv_scale(replace(header, **change)).flags == ()


@pytest.mark.parametrize('order', [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_beds_with_one_acquisition_time_the_first_has_the_smallest_frame_time(order):
    """One that does not say its frame time comes last; another acquisition is no matter."""
    beds = [SUVFrame(ELEVEN, None, 300.0), SUVFrame(ELEVEN, 100.0), SUVFrame(ELEVEN, 50.0)]
    later = SUVFrame(ELEVEN + MINUTE, 0.0)
    header = replace(PLAIN, frames=(SUVFrame(), later, *(beds[n] for n in order)))

    assert earliest_frame(header) == beds[2]
    assert earliest_frame(replace(PLAIN, frames=(later, beds[0]))) == beds[0]
    assert earliest_frame(replace(PLAIN, frames=(SUVFrame(),))) is None


@pytest.mark.parametrize(('part_s', 'shown'), [(0.46, '10:00:00'), (0.54, '10:00:01')])
def test_a_moment_is_told_to_the_nearest_second(part_s, shown):
    assert clock_text(TEN + timedelta(seconds=part_s)) == f'2026-03-01 {shown}'


def test_a_series_time_that_is_missing_is_told_and_doubts_nothing():
    scale = suv_scale(replace(PLAIN, series_start=None, frames=(SUVFrame(ELEVEN, 0.0, 240.0),)))
    assert 'the header has no series time (0008,0031)' in scale.decisions
    assert scale.flags == ()


def test_an_image_that_names_its_instant_is_corrected_to_that():
    """As enhanced images do; nothing else is asked."""
    named = ELEVEN - 10 * MINUTE
    scale = suv_scale(replace(PLAIN, decay_reference=named, series_start=None))
    assert scale.factors == pytest.approx([factor_at(3000.0)], rel=1e-12)
    assert 'the image is decay-corrected to 2026-03-01 10:50:00 (0018,9701)' in scale.decisions
    assert scale.flags == ()


def test_dates_at_the_end_of_time_are_a_sentence():
    last = datetime(9999, 12, 31, 23, 59)
    frames = (SUVFrame(last, None, 300.0),)
    header = replace(PLAIN, decay_correction='NONE', corrected_image=('ATTN',), frames=frames)
    with pytest.raises(SUVError, match='dates of scan and injection lead out of the years 1 to'):
        suv_scale(header)
