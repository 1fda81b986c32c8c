"""
What the panel shows, decided in one place from plain values.

`panel_state` knows neither Qt nor nodes: what the user chose, what the scene holds and what was
measured go in, texts, tool tips and what can be pressed come out. `apply` shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from ..activity.worksheet import TrueActivity, true_activity
from ..analysis import Known
from ..core.image import UNKNOWN_UNIT
from ..dicom.source import NO_FILES
from ..evaluate.plausibility import header_contradictions, worksheet_contradictions
from ..mrml.measured import Measured
from ..mrml.said import translated
from ..suv.scale import SUVType
from ..suv.scan_facts import ScanFacts
from .findings import as_html, findings, roi_doubts, verdict_text
from .limits import limits_text
from .ready import (
    loading_text,
    missing_for_apply,
    missing_for_search,
    what_apply_does,
    what_export_writes,
)
from .situation import Choices, Scene, VolumeFacts, is_stale

_BQ_PER_KBQ = 1000.0


@dataclass(frozen=True)
class Look:
    """
    How one widget is shown. None leaves a property as it is.

    Attributes
    ----------
    text, tool_tip : str or None
        What it says, and what it says under the mouse.

    html, plain : str or None
        What a browser of text says.

    enabled, visible : bool or None
        Whether it can be used, and seen.
    """

    text: str | None = None
    tool_tip: str | None = None
    enabled: bool | None = None
    visible: bool | None = None
    html: str | None = None
    plain: str | None = None


@dataclass(frozen=True)
class PanelState:
    """How every widget is shown that does not show a parameter; `WIDGETS` has their names."""

    input_summary: Look
    verification: Look
    verification_row: Look
    reload: Look
    phantom: Look
    seed_count: Look
    place_seeds: Look
    find_spheres: Look
    background_count: Look
    place_background: Look
    missing: Look
    apply: Look
    scan_start: Look
    activity: Look
    save_activity: Look
    make_suv: Look
    suv: Look
    standards: Look
    limits: Look
    save_limits: Look
    baseline: Look
    rois: Look
    place_rois_again: Look
    results: Look
    show_table: Look
    table: Look
    chart: Look
    export: Look
    open_folder: Look
    open_report: Look
    dicom: Look


WIDGETS = {
    'input_summary': 'inputSummaryLabel',
    'verification': 'verificationLabel',
    'verification_row': 'verificationWidget',
    'reload': 'reloadButton',
    'phantom': 'phantomComboBox',
    'seed_count': 'seedCountLabel',
    'place_seeds': 'placeSeedsButton',
    'find_spheres': 'findSpheresButton',
    'background_count': 'backgroundCountLabel',
    'place_background': 'placeBackgroundButton',
    'missing': 'missingBrowser',
    'apply': 'applyButton',
    'scan_start': 'scanStartLineEdit',
    'activity': 'activityLabel',
    'save_activity': 'saveActivityButton',
    'make_suv': 'makeSUVButton',
    'suv': 'suvLabel',
    'standards': 'standardsLabel',
    'limits': 'limitsLabel',
    'save_limits': 'saveLimitsButton',
    'baseline': 'baselineLabel',
    'rois': 'roisLabel',
    'place_rois_again': 'placeROIsAgainButton',
    'results': 'resultsBrowser',
    'show_table': 'showTableButton',
    'table': 'tableComboBox',
    'chart': 'chartComboBox',
    'export': 'exportButton',
    'open_folder': 'openFolderButton',
    'open_report': 'openReportButton',
    'dicom': 'dicomCheckBox',
}
"""Widget of the .ui file that shows each part of the state."""

PROPERTIES = {
    'text': 'text',
    'tool_tip': 'toolTip',
    'enabled': 'enabled',
    'visible': 'visible',
    'html': 'html',
    'plain': 'plainText',
}
"""Qt's name of each part of a `Look`."""


def panel_state(chosen: Choices, scene: Scene, measured: Measured | None) -> PanelState:
    """
    Decide everything that the panel shows.

    Parameters
    ----------
    chosen : Choices
        What the user chose.

    scene : Scene
        What there is to measure, and what shows the last measurement.

    measured : Measured or None
        The last measurement of the volume that is chosen.

    Returns
    -------
    state : PanelState
        The same for the same values.
    """
    return PanelState(
        **_input(scene),
        phantom=Look(
            tool_tip='\n'.join(
                filter(None, (chosen.request.phantom.name, chosen.request.phantom.source))
            )
        ),
        **_points(chosen, scene),
        find_spheres=_find_button(chosen, scene),
        **_apply_button(chosen, scene),
        **_activity(chosen.request.known, scene),
        **_suv(chosen.suv_type, scene.volume),
        **_background_rois(chosen, scene, measured),
        **_results(chosen, scene, measured),
    )


def apply(state: PanelState, ui: Any, before: PanelState | None = None) -> None:
    """
    Show a state; what it leaves open stays as it is.

    Parameters
    ----------
    state : PanelState
        From `panel_state`.

    ui : object
        The widgets by their names.

    before : PanelState, optional
        What is shown already. A text that is set anew is scrolled to its beginning.
    """
    for part, widget in WIDGETS.items():
        look, shown = getattr(state, part), getattr(before, part, None)
        for name, value in vars(look).items():
            if value is not None and value != getattr(shown, name, None):
                setattr(getattr(ui, widget), PROPERTIES[name], value)


def _input(scene: Scene) -> dict[str, Look]:
    source = scene.volume.source if scene.volume else NO_FILES
    return {
        'input_summary': Look(_volume_text(scene.volume)),
        'verification': Look(translated(source.text)),
        'verification_row': Look(visible=bool(source.text)),
        'reload': Look(visible=not source.same),
    }


def _volume_text(volume: VolumeFacts | None) -> str:
    """Series, unit, voxels; what is missing in a last line."""
    if volume is None:
        return _('no volume selected')
    if volume.loading:
        return loading_text(volume)
    if volume.geometry is None:
        return volume.problem
    series = [
        volume.acquisition.series_description,
        volume.acquisition.series_datetime.replace('T', ' '),
    ]
    size = ' x '.join(str(n) for n in volume.geometry.size_ijk)
    spacing = ' x '.join(f'{step:.3f}' for step in volume.geometry.spacing_ijk_mm)
    lines = [', '.join(part for part in series if part)]
    lines.append(_('{size} voxels of {spacing} mm').format(size=size, spacing=spacing))
    if volume.unit != UNKNOWN_UNIT:
        lines.append(_('Values in {unit}').format(unit=volume.unit))
    missing = _missing_facts(volume)
    if missing:
        lines.append(_('Missing: {facts}').format(facts=', '.join(missing)))
    return '\n'.join(line for line in lines if line)


def _missing_facts(volume: VolumeFacts) -> list[str]:
    missing = []
    if volume.unit == UNKNOWN_UNIT:
        missing.append(_('the unit of the values'))
    if not volume.acquisition.series_instance_uid:
        missing.append(_('the DICOM header'))
    elif not volume.acquisition.acquisition_datetime:
        missing.append(_('the time of the scan'))
    return missing


def _points(chosen: Choices, scene: Scene) -> dict[str, Look]:
    """How far the placing of the seeds is, e.g. ``'4 of 6; next S13'``."""
    placed = scene.placed_seeds
    wanted = len(chosen.request.phantom.used_inserts)
    count = _('{placed} of {wanted}').format(placed=placed, wanted=wanted)
    if scene.next_seed is not None and placed < wanted:
        count = _('{placed} of {wanted}; next {label}').format(
            placed=placed, wanted=wanted, label=scene.next_seed
        )
    if chosen.request.phantom.cylinder is not None:
        count = _('none needed')
    background = _('{count} placed').format(count=scene.background_points)
    return {
        'seed_count': Look(count),
        'place_seeds': Look(enabled=scene.volume is not None and placed < wanted),
        'background_count': Look(background),
        'place_background': Look(enabled=scene.volume is not None),
    }


def _apply_button(chosen: Choices, scene: Scene) -> dict[str, Look]:
    missing = missing_for_apply(chosen, scene)
    tip = what_apply_does(chosen)
    return {
        'missing': Look(plain=missing, visible=bool(missing)),
        'apply': Look(tool_tip=missing or tip, enabled=not missing and not scene.measuring),
    }


def _find_button(chosen: Choices, scene: Scene) -> Look:
    missing = missing_for_search(chosen, scene)
    tip = _(
        'Look for the spheres in the image and put a seed on each, to be corrected before Apply. '
        'Seeds that are placed already are replaced.'
    )
    return Look(tool_tip=missing or tip, enabled=not missing and not scene.measuring)


def _activity(known: Known, scene: Scene) -> dict[str, Look]:
    """What follows from the fill worksheet, or what is missing."""
    start = _(
        'When the scan started, e.g. 2026-03-01 10:15:00; for a decay-corrected image the instant '
        'that it is corrected to. Filled in from the DICOM header where that tells it.'
    )
    notes = map(translated, scene.volume.scan.notes) if scene.volume else ()
    text = _('Activity unknown: recovery is relative, without a verdict.')
    tip = _('Fill in the worksheet to get true concentrations, contrast and verdicts.')
    if known.worksheet is not None:
        activity = true_activity(known.worksheet)
        facts = scene.volume.scan if scene.volume else ScanFacts()
        wrong = worksheet_contradictions(known.worksheet)
        wrong += header_contradictions(known.worksheet, facts)
        doubts = (one[:1].upper() + one[1:] for one in map(translated, wrong))
        text = '\n'.join([_activity_text(activity), *doubts])
        tip = '\n'.join(map(translated, activity.decisions))
    elif known.notes:
        text = '\n'.join(map(translated, known.notes))
    return {
        'scan_start': Look(tool_tip='\n'.join([start, *notes])),
        'activity': Look(text, tip),
        'save_activity': Look(enabled=known.worksheet is not None),
    }


def _activity_text(activity: TrueActivity) -> str:
    """With standard uncertainties, and the instant that they are for."""
    parts = [
        _concentration('a_H', activity.hot_bqml, activity.hot_sd_percent),
        _concentration('a_B', activity.background_bqml, activity.background_sd_percent),
    ]
    if activity.ratio is not None:
        ratio = _('ratio {ratio:.3f}').format(ratio=activity.ratio)
        parts.append(ratio + _uncertainty(activity.ratio_sd_percent))
    text = ', '.join(parts)
    if activity.reference_time is None:
        return text
    return _('{values} at {time}').format(
        values=text, time=activity.reference_time.isoformat(sep=' ', timespec='seconds')
    )


def _concentration(symbol: str, value_bqml: float | None, sd_percent: float | None) -> str:
    if value_bqml is None:
        return _('no {symbol}').format(symbol=symbol)
    value = _('{symbol} {value:.2f} kBq/mL').format(symbol=symbol, value=value_bqml / _BQ_PER_KBQ)
    return value + _uncertainty(sd_percent)


def _uncertainty(sd_percent: float | None) -> str:
    return '' if sd_percent is None else f' ± {sd_percent:.1f} %'


def _suv(suv_type: SUVType, volume: VolumeFacts | None) -> dict[str, Look]:
    """Why no SUV volume can be made; what was decided if one was."""
    tip = _(
        'Make a volume of SUV from the DICOM files, every slice with its own factor, in the place '
        'of this one. This one stays as it is.'
    )
    none = _('Select a PET volume.')
    refusal = translated(volume.suv_refusals.get(suv_type, '')) if volume else none
    text, decisions = refusal, refusal or tip
    if volume is not None and volume.suv_made and volume.suv_made[0] == suv_type:
        _kind, name, decisions = volume.suv_made
        text = _('{name} was made; its decisions are in this tool tip.').format(name=name)
    return {
        'make_suv': Look(tool_tip=refusal or tip, enabled=not refusal),
        'suv': Look(text, decisions, visible=bool(text)),
    }


def _background_rois(chosen: Choices, scene: Scene, measured: Measured | None) -> dict[str, Look]:
    """Where the background is measured: a line, and one for each doubt."""
    text = _('placed by Apply')
    if scene.rois and scene.moved_rois:
        text = _('{placed}, of which {moved} yours').format(
            placed=scene.rois, moved=scene.moved_rois
        )
    elif scene.rois:
        text = _('{placed}, placed by the rule').format(placed=scene.rois)
    doubts: Sequence[str] = ()
    if measured and scene.rois and measured.request.rois == chosen.request.rois:
        doubts = roi_doubts(measured.result)
    again = scene.moved_rois > 0 or (scene.has_rois and not scene.rois)
    return {
        'rois': Look('\n'.join([text, *doubts])),
        'place_rois_again': Look(enabled=again),
    }


def _results(chosen: Choices, scene: Scene, measured: Measured | None) -> dict[str, Look]:
    result = measured.result if measured else None
    changed = measured is not None and is_stale(chosen, scene.volume, measured)
    return {
        'standards': Look(verdict_text(result)),
        'limits': Look(limits_text(scene.limits)),
        'save_limits': Look(enabled=result is not None),
        'baseline': Look(chosen.request.baseline or _('none')),
        'results': Look(html=as_html(findings(result, changed=changed, shown=scene.shown))),
        'show_table': Look(enabled=scene.has_outputs),
        'table': Look(enabled=scene.has_outputs),
        'chart': Look(enabled=scene.has_outputs),
        'export': Look(
            tool_tip=what_export_writes(measured=result is not None, changed=changed),
            enabled=result is not None,
        ),
        'dicom': Look(enabled=result is not None),
        'open_folder': Look(enabled=scene.has_folder),
        'open_report': Look(visible=scene.has_report),
    }
