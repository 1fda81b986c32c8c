"""Calibration of the background: how it is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...core.sentence import sentences
from ...evaluate.calibration import CALIBRATION_FORMULA, Calibration
from ...evaluate.roi_placement import ROI_DIAMETER_MM
from ...results import AnalysisResult
from ..table import Table
from .subject import Fact, Pair, Subject, fact_table

_ = sentences(__name__)

_ROIS = f'{ROI_DIAMETER_MM:g} mm'

_DEFINITIONS: tuple[Pair, ...] = (
    (
        'Calibration error',
        (
            f'{CALIBRATION_FORMULA} with C_B of the {_ROIS} background ROIs; its uncertainty is '
            'that of the fill and S / root n of the ROI means, n the positions of the ROIs: the '
            'same position on neighboring slices is not counted as independent'
        ),
    ),
)


def _tables(result: AnalysisResult) -> list[Table]:
    found = result.calibration
    if found is None:
        return []
    return [fact_table('calibration', _('Calibration'), _facts(found))]


def _facts(found: Calibration) -> list[Fact]:
    sd = _('Standard uncertainty (68 %) of it, in percent points; empty without that of the fill.')
    count = _('By whose root the SD of the ROI means was divided.')
    return [
        Fact(
            _('Calibration error'),
            found.error_percent,
            '%',
            f'{CALIBRATION_FORMULA}.',
        ),
        Fact(_('SD of calibration error'), found.sd_percent, '%', sd),
        Fact(
            _('Background C_B'),
            found.background_mean,
            'Bq/mL',
            _('Mean of the {rois} ROIs.').format(rois=_ROIS),
        ),
        Fact(_('a_B'), found.true_bqml, 'Bq/mL', _('True concentration of the background.')),
        Fact(_('Independent ROIs'), found.independent_rois, '', count),
    ]


def _json(result: AnalysisResult) -> dict[str, Any]:
    return {'calibration': None if result.calibration is None else asdict(result.calibration)}


CALIBRATION = Subject(
    'calibration',
    tables=_tables,
    definitions=lambda result: _DEFINITIONS if result.calibration is not None else (),
    json=_json,
    headline=(('calibration', 'Calibration error'), ('calibration', 'SD of calibration error')),
)
