"""What true concentrations rest on, in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..core.sentence import joined, sentences

if TYPE_CHECKING:
    from .worksheet import FillWorksheet

_ = sentences(__name__)


def decisions_of(
    worksheet: FillWorksheet, reference: datetime, half_life_s: float, source: str
) -> tuple[str, ...]:
    """
    What the concentrations rest on.

    Parameters
    ----------
    worksheet : FillWorksheet
        What was filled in.

    reference : datetime
        The instant that they are for.

    half_life_s : float
        In seconds.

    source : str
        Where it comes from.

    Returns
    -------
    decisions : tuple of str
        With all values.
    """
    half_life = _('half-life {half_life:g} s ({source})')
    decisions = [half_life.format(half_life=half_life_s, source=source)]
    if worksheet.decay_corrected:
        decisions.append(
            _('concentrations at the start of the scan, {reference:%Y-%m-%d %H:%M:%S}').format(
                reference=reference
            )
        )
    else:
        decisions.append(
            _(
                'the image is not decay-corrected: concentrations at the mean count-rate time of '
                'its {duration:g} s, {reference:%Y-%m-%d %H:%M:%S}'
            ).format(duration=worksheet.scan_duration_s, reference=reference)
        )
    for name, fill in ((_('hot'), worksheet.hot), (_('background'), worksheet.background)):
        if fill is None:
            decisions.append(_('no {name} fill').format(name=name))
        else:
            decisions.append(
                _(
                    '{name}: {assay:g} MBq at {assay_time:%H:%M:%S} less {residual:g} MBq in '
                    '{volume:g} mL'
                ).format(
                    name=name,
                    assay=fill.assay_mbq,
                    assay_time=fill.assay_time,
                    residual=fill.residual_mbq,
                    volume=fill.volume_ml,
                )
            )
    return tuple(decisions)


def given_decisions(hot_bqml: float | None, background_bqml: float | None) -> tuple[str, ...]:
    """
    What concentrations that were found elsewhere rest on.

    Parameters
    ----------
    hot_bqml, background_bqml : float or None
        At the reference time of the image, in Bq/mL.

    Returns
    -------
    decisions : tuple of str
        One, with both.
    """
    given = [
        _('{name} {value:g} Bq/mL').format(name=name, value=value)
        for name, value in ((_('hot'), hot_bqml), (_('background'), background_bqml))
        if value is not None
    ]
    text = _('given at the reference time of the image: {given}')
    return (text.format(given=joined(given, ', ')),)
