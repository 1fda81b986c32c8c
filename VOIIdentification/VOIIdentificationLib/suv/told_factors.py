"""Factors to SUVbw that headers tell themselves, held against that of dose, weight and times."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.sentence import sentences
from .header import Decisions, SUVHeader, all_positive

_ = sentences(__name__)

MAX_FACTOR_DIFFERENCE = 0.05
"""
Philips' factor to SUVbw and the SUV by its factor to Bq/mL agree within this part: both are
rounded, and the decay between two clocks a minute apart is 0.6 % for F-18.
"""


def philips_factors(values: list[float | None]) -> FloatArray | None:
    """
    Factors of all slices.

    Parameters
    ----------
    values : list of float or None
        One a slice.

    Returns
    -------
    factors : (K,) `numpy.ndarray` or None
        None unless every slice has one above 0.
    """
    return np.array(values, dtype=float) if all_positive(values) else None


def compare_two_ways(to_suv: FloatArray, second: FloatArray, log: Decisions) -> None:
    """
    Flag Philips' two factors of counts where they lead to different SUVs.

    Parameters
    ----------
    to_suv : (K,) `numpy.ndarray`
        Counts to SUVbw, by (7053,1000).

    second : (K,) `numpy.ndarray`
        The same by (7053,1009), weight, dose and times.

    log : Decisions
        Told what contradicts.
    """
    worst = _worst(to_suv / second)
    if not _is_one(worst):
        log.note(
            _(
                'the factor to SUVbw (7053,1000), which is used, is {worst:.3g} times the SUVbw '
                'that the factor to Bq/mL (7053,1009), weight, dose and times give'
            ).format(worst=worst),
            Flag.HEADER_CONTRADICTS,
        )


def flag_spread(
    header: SUVHeader, factors: Mapping[str, FloatArray | None], log: Decisions
) -> None:
    """
    Flag factors of one scan that differ from slice to slice.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header; slices that are not decay-corrected may differ.

    factors : mapping of str to (K,) `numpy.ndarray` or None
        By the number of their element.

    log : Decisions
        Told what differs.
    """
    for tag, values in factors.items():
        if values is None or header.decay_correction == 'NONE':
            continue
        most = float(values.max() / np.median(values))
        least = float(values.min() / np.median(values))
        if not (_is_one(most) and _is_one(least)):
            log.note(
                _(
                    'the factor ({tag}) of one slice is {least:.3g} and that of another {most:.3g} '
                    'times that of most: each slice has its own'
                ).format(tag=tag, least=least, most=most),
                Flag.HEADER_CONTRADICTS,
            )


def compare_beside(header: SUVHeader, to_suv: FloatArray, log: Decisions) -> None:
    """
    Flag factors to SUVbw that stand beside values in Bq/mL and contradict the header.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    to_suv : (K,) `numpy.ndarray`
        Bq/mL to SUVbw, by weight, dose and times, which is used.

    log : Decisions
        Told what contradicts.

    Notes
    -----
    Philips' (7053,1000) may be for the values, or for the counts that (7053,1009) makes
    Bq/mL of; a real-world value mapping is for the stored numbers.
    """
    told = philips_factors([frame.philips_suv_factor for frame in header.frames])
    per_count = philips_factors([frame.philips_activity_factor for frame in header.frames])
    if told is not None:
        ways = [told / to_suv, *([] if per_count is None else [told / per_count / to_suv])]
        _flag_contradiction('7053,1000', ways, log)
    mapped = philips_factors([frame.mapped_suv_factor for frame in header.frames])
    if mapped is not None:
        _flag_contradiction('0040,9096', [mapped / to_suv], log)


def _flag_contradiction(tag: str, ways: list[FloatArray], log: Decisions) -> None:
    worst = [_worst(ratio) for ratio in ways]
    if not any(_is_one(one) for one in worst):
        log.note(
            _(
                'the factor to SUVbw ({tag}) is {worst:.3g} times that of weight, dose and times, '
                'which is used'
            ).format(tag=tag, worst=worst[-1]),
            Flag.HEADER_CONTRADICTS,
        )


def _worst(ratio: FloatArray) -> float:
    return float(ratio[np.argmax(np.abs(np.log(ratio)))])


def _is_one(ratio: float) -> bool:
    return bool(abs(np.log(ratio)) <= np.log1p(MAX_FACTOR_DIFFERENCE))
