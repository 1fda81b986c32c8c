"""Plain header facts that an SUV follows from, to be changed by tests."""

from datetime import datetime, time

import numpy as np
from VOIIdentificationLib.suv.header import SUVFrame, SUVHeader

HALF_LIFE_S = 6586.2
TEN = datetime(2026, 3, 1, 10, 0, 0)
ELEVEN = datetime(2026, 3, 1, 11, 0, 0)
DOSE_BQ = 300e6
HOUR_S = 3600.0

PLAIN = SUVHeader(
    units='BQML',
    decay_correction='START',
    corrected_image=('NORM', 'ATTN', 'SCAT', 'DECY'),
    series_start=ELEVEN,
    injection=TEN,
    injection_time=time(10, 0, 0),
    dose=DOSE_BQ,
    half_life_s=HALF_LIFE_S,
    weight=70.0,
    height=1.75,
    sex='M',
    frames=(SUVFrame(ELEVEN, 150.0, 300.0),),
)


def dose_after(seconds, *, dose_bq=DOSE_BQ, half_life_s=HALF_LIFE_S):
    """Dose that is left so long after the injection."""
    return dose_bq * 0.5 ** (seconds / half_life_s)


def mean_count_rate_by_summing(duration_s, half_life_s, n=200_000):
    """The instant at which the activity equals its mean over the frame, the slow way."""
    middles = (np.arange(n) + 0.5) * duration_s / n
    mean = np.mean(0.5 ** (middles / half_life_s))
    return -half_life_s * np.log2(mean)
