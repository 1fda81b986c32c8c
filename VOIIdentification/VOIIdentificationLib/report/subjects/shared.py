"""Centers that were found on another image: how it is shown."""

from __future__ import annotations

from typing import Any

from ...core.sentence import sentences
from ...locate.shared import CHI_SQUARE_LIMIT, MIN_OFFSET_MM, CenterDeviation, SharedGeometry
from ...results import AnalysisResult
from ..table import Measure, Table, tabulate
from .subject import LABEL, Pair, Subject

_ = sentences(__name__)

_DECIMALS = 3
"""Of offsets in millimeter, whose uncertainties are hundredths."""

_DEFINITION = (
    'own fit of this image minus the given center. It is flagged if the sum of the squares of '
    f'offset over uncertainty along R, A and S is above {CHI_SQUARE_LIMIT:g} (by chance in 0.27 %) '
    f'and the offset above {MIN_OFFSET_MM:g} mm. The VOIs stay at the given centers'
)


def _along(axis: int, name: str) -> list[Measure[CenterDeviation]]:
    return [
        Measure(
            f'offset_{name.lower()}_mm',
            _('Offset {name}').format(name=name),
            'mm',
            _('Own fit minus given center along {name}; empty if the fit was not accepted.').format(
                name=name
            ),
            lambda one: one.offset_ras_mm and one.offset_ras_mm[axis],
            decimals=_DECIMALS,
        ),
        Measure(
            f'offset_sd_{name.lower()}_mm',
            _('SD of offset {name}').format(name=name),
            'mm',
            _('Standard uncertainty (68 %) of it, by both fits.'),
            lambda one: one.sd_ras_mm and one.sd_ras_mm[axis],
            decimals=_DECIMALS,
        ),
    ]


_MEASURES: list[Measure[CenterDeviation]] = [
    LABEL,
    *(measure for axis, name in enumerate('RAS') for measure in _along(axis, name)),
    Measure(
        'offset_mm',
        _('Offset'),
        'mm',
        _('Its length.'),
        lambda one: one.distance_mm,
        decimals=_DECIMALS,
    ),
    Measure(
        'agrees',
        _('Agrees'),
        '',
        _('Whether the uncertainties explain the offset; empty if they are not known.'),
        lambda one: None if one.sd_ras_mm is None else _('no') if one.beyond else _('yes'),
    ),
]


def _tables(result: AnalysisResult) -> list[Table]:
    if result.shared is None:
        return []
    found = result.shared.deviations
    return [tabulate('shared_geometry', _('Given centers'), _MEASURES, found, book='centers')]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    shared = result.shared
    if shared is None:
        return {}
    return {
        'Given centers': [
            ('Source', shared.source),
            ('Series instance UID', shared.series_uid),
            ('Frame of reference UID', shared.frame_of_reference_uid),
            *((f'Offset {one.label} [mm]', one.distance_mm) for one in shared.deviations),
        ]
    }


def _json(result: AnalysisResult) -> dict[str, Any]:
    return {'shared_geometry': None if result.shared is None else _shared_json(result.shared)}


def _shared_json(shared: SharedGeometry) -> dict[str, Any]:
    return {
        'source': shared.source,
        'series_instance_uid': shared.series_uid,
        'frame_of_reference_uid': shared.frame_of_reference_uid,
        'deviations': [one._asdict() for one in shared.deviations],
    }


SHARED = Subject(
    'shared',
    tables=_tables,
    definitions=lambda result: (('Offset', _DEFINITION),) if result.shared is not None else (),
    sections=_sections,
    json=_json,
)
