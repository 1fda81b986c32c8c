"""What the panel says of activity, SUV and background ROIs, in the application's language."""

from __future__ import annotations

from collections.abc import Sequence

from ..activity.worksheet import TrueActivity
from .text import _

_BQ_PER_KBQ = 1000.0


def fill_headers() -> list[str]:
    """Headers of the columns of the worksheet."""
    return [_('Hot spheres'), _('Background')]


def fill_rows() -> list[str]:
    """Headers of the rows of the worksheet."""
    return [
        _('Assay [MBq]'),
        _('Assay time'),
        _('Residual [MBq]'),
        _('Residual time'),
        _('Volume [mL]'),
    ]


def scan_start_tip(notes: Sequence[str]) -> str:
    """
    Tool tip of the scan start.

    Parameters
    ----------
    notes : sequence of str
        How it was found in the header.

    Returns
    -------
    text : str
        What is typed there, and where it comes from.
    """
    what = _(
        'When the scan started, e.g. 2026-03-01 10:15:00; for a decay-corrected image the instant '
        'that it is corrected to. Filled in from the DICOM header where that tells it.'
    )
    return '\n'.join([what, *notes])


def activity_unknown() -> str:
    """Answer of an empty worksheet."""
    return _('Activity unknown: recovery is relative, without a verdict.')


def activity_unknown_tip() -> str:
    """Tool tip of that answer."""
    return _('Fill in the worksheet to get true concentrations, contrast and verdicts.')


def worksheet_not_used(reason: object) -> str:
    """
    Answer of a worksheet that is not complete.

    Parameters
    ----------
    reason : object
        The error.

    Returns
    -------
    text : str
        One sentence.
    """
    return _('The worksheet is not used, the activity is unknown: {reason}').format(reason=reason)


def activity_text(activity: TrueActivity) -> str:
    """
    The true concentrations in a line.

    Parameters
    ----------
    activity : TrueActivity
        From the worksheet.

    Returns
    -------
    text : str
        With standard uncertainties, and the instant that they are for.
    """
    parts = [
        _concentration('a_H', activity.hot_bqml, activity.hot_sd_percent),
        _concentration('a_B', activity.background_bqml, activity.background_sd_percent),
    ]
    if activity.ratio is not None:
        ratio = _('ratio {ratio:.3f}').format(ratio=activity.ratio)
        parts.append(ratio + _uncertainty(activity.ratio_sd_percent))
    text = ', '.join(part for part in parts if part)
    if activity.reference_time is None:
        return text
    return _('{values} at {time}').format(
        values=text, time=activity.reference_time.isoformat(sep=' ', timespec='seconds')
    )


def load_activity_title() -> str:
    """Title of the dialog that reads a worksheet."""
    return _('Load fill worksheet')


def save_activity_title() -> str:
    """Title of the dialog that writes a worksheet."""
    return _('Save fill worksheet')


def activity_files() -> str:
    """Filter of the dialogs for worksheets, as Qt writes filters."""
    return _('Fill worksheet (*.json)')


def activity_failed() -> str:
    """Above the reason."""
    return _('The fill worksheet could not be used.')


def unknown_worksheet(reason: object) -> str:
    """
    Why the worksheet of a scene is not used.

    Parameters
    ----------
    reason : object
        The error.

    Returns
    -------
    text : str
        Two sentences.
    """
    return _('The fill worksheet of the scene cannot be used and is left out. {reason}').format(
        reason=reason
    )


def make_suv_tip() -> str:
    """What the button does."""
    return _(
        'Make a volume of SUV from the DICOM files, every slice with its own factor, in the place '
        'of this one. This one stays as it is.'
    )


def suv_made(name: str) -> str:
    """
    After it was made.

    Parameters
    ----------
    name : str
        Of the new volume.

    Returns
    -------
    text : str
        One sentence.
    """
    return _('{name} was made; its decisions are in this tool tip.').format(name=name)


def suv_failed() -> str:
    """Above the reason."""
    return _('The SUV volume could not be made.')


def rois_text(placed: int, moved: int, doubts: Sequence[str]) -> str:
    """
    Where the background is measured.

    Parameters
    ----------
    placed, moved : int
        ROIs in the list, and those that the user moved or added.

    doubts : sequence of str
        Rules that could not be kept.

    Returns
    -------
    text : str
        A line, and one for each doubt.
    """
    if not placed:
        return _('placed by Apply')
    text = _('{placed}, placed by the rule').format(placed=placed)
    if moved:
        text = _('{placed}, of which {moved} yours').format(placed=placed, moved=moved)
    return '\n'.join([text, *doubts])


def rois_failed() -> str:
    """Above the reason."""
    return _('The background ROIs could not be placed.')


def _concentration(symbol: str, value_bqml: float | None, sd_percent: float | None) -> str:
    if value_bqml is None:
        return _('no {symbol}').format(symbol=symbol)
    value = _('{symbol} {value:.2f} kBq/mL').format(symbol=symbol, value=value_bqml / _BQ_PER_KBQ)
    return value + _uncertainty(sd_percent)


def _uncertainty(sd_percent: float | None) -> str:
    return '' if sd_percent is None else f' ± {sd_percent:.1f} %'
