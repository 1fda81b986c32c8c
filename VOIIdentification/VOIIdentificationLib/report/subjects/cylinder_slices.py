"""The slices of a uniform cylinder, and what its bias is held against: how they are shown."""

from __future__ import annotations

from collections.abc import Callable

from ...core.sentence import sentences
from ...evaluate.cylinder_bias import BIAS_FORMULA, EARL_BIAS_PERCENT, LIMIT_SOURCE, STANDARD
from ...evaluate.uniform_cylinder import CylinderResult
from ...evaluate.uniformity import UniformSlice
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Cell, Measure, Table, tabulate
from .limits import VERDICT_KEY, limit_title
from .subject import MM_DECIMALS, PERCENT_DECIMALS, Plot, Subject
from .uniform_cylinder import CELLS, bias_verdict

_ = sentences(__name__)

_LIMIT_KEY = 'earl_'
"""Begins the keys of the columns that the plot shows as limits."""


_LIMIT_COLUMNS: list[Measure[CylinderResult]] = [
    Measure('label', _('VOI'), '', _('What is judged.'), lambda found: found.voi.label),
    Measure('quantity', _('Quantity'), '', _('What is compared.'), lambda _found: _('Bias [%]')),
    Measure(
        'value',
        _('Value'),
        '%',
        f'{BIAS_FORMULA}.',
        lambda found: found.bias.percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'value_sd',
        _('SD'),
        '%',
        _('Standard uncertainty (68 %) of noise and fill, in percent points.'),
        lambda found: found.bias.sd_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure('standard', _('Standard'), '', _('Name of the limits.'), lambda _found: STANDARD),
    Measure(
        'low',
        _('Low'),
        '%',
        _('Low limit; itself allowed.'),
        lambda _found: -EARL_BIAS_PERCENT,
        decimals=1,
    ),
    Measure(
        'high',
        _('High'),
        '%',
        _('High limit; itself allowed.'),
        lambda _found: EARL_BIAS_PERCENT,
        decimals=1,
    ),
    Measure(
        VERDICT_KEY,
        _('Verdict'),
        '',
        _(
            'pass within the limits or on one, fail outside; not '
            'judged, and why, where the true concentration is unknown or in doubt.'
        ),
        bias_verdict,
    ),
    Measure('note', _('Note'), '', _('What must be said of the limits; empty.'), lambda _found: ''),
    Measure(
        'source', _('Source'), '', _('Where the limits come from.'), lambda _found: LIMIT_SOURCE
    ),
]


def _of(name: str) -> Callable[[UniformSlice], Cell]:
    return lambda one: getattr(one, name)


def _cell(end: int) -> Callable[[UniformSlice], Cell]:
    return lambda one: one.cells[end]


_SLICE_COLUMNS: list[Measure[UniformSlice]] = [
    Measure(
        'slice_k',
        _('Slice NR'),
        '',
        _('Index k of the slice, counted from 0 as in numpy and in the IJK of Slicer.'),
        _of('slice_k'),
    ),
    Measure(
        'mean',
        _('Mean'),
        VALUE_UNIT,
        _('Of the VOI in this slice, weighted by the part of each voxel inside.'),
        _of('mean'),
    ),
    Measure('sd', _('SD'), VALUE_UNIT, _('Of the same voxels, over the whole weight.'), _of('sd')),
    Measure(
        'cov_percent',
        _('COV'),
        '%',
        _('SD over mean of the slice.'),
        _of('cov_percent'),
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'deviation_percent',
        _('Deviation'),
        '%',
        _('Mean of the slice over that of the VOI, minus 1.'),
        _of('deviation_percent'),
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'cell_low_percent',
        _('Lowest cell'),
        '%',
        _('Lowest mean of a cell of {cells} over that of the slice, minus 1.').format(cells=CELLS),
        _cell(0),
        decimals=PERCENT_DECIMALS,
        optional=True,
    ),
    Measure(
        'cell_high_percent',
        _('Highest cell'),
        '%',
        _('Highest mean of a cell of {cells} over that of the slice, minus 1.').format(cells=CELLS),
        _cell(1),
        decimals=PERCENT_DECIMALS,
        optional=True,
    ),
    Measure(
        'area_mm2',
        _('Area'),
        'mm²',
        _('Of the slice that lies in the VOI.'),
        _of('area_mm2'),
        decimals=MM_DECIMALS,
    ),
    Measure(
        'counted',
        _('Counted'),
        '',
        _(
            'yes if the slice counts for the uniformity: at least half '
            'as much of it is in the VOI as of the fullest.'
        ),
        lambda one: _yes(one.whole),
    ),
]


def _limit_columns(found: CylinderResult) -> list[Measure[UniformSlice]]:
    """What EARL accepts for the whole cylinder, beside each slice, for the plot."""
    true = found.bias.true_bqml
    ends = {'low': 1.0 - EARL_BIAS_PERCENT / 100.0, 'high': 1.0 + EARL_BIAS_PERCENT / 100.0}
    return [
        Measure(
            f'{_LIMIT_KEY}{end}',
            limit_title(STANDARD, end),
            VALUE_UNIT,
            _(
                '{part:g} times the true concentration: what EARL accepts for the whole cylinder.'
            ).format(part=part),
            _constant(None if true is None else part * true),
            optional=True,
        )
        for end, part in ends.items()
    ]


def _constant(value: float | None) -> Callable[[UniformSlice], float | None]:
    return lambda _one: value


def _yes(truth: bool) -> Cell:
    return _('yes') if truth else _('no')


def _tables(result: AnalysisResult) -> list[Table]:
    found, unit = result.cylinder, result.image.unit
    if found is None:
        return []
    columns = [*_SLICE_COLUMNS, *_limit_columns(found)]
    return [
        tabulate('cylinder_limits', _('Cylinder limits'), _LIMIT_COLUMNS, [found]),
        tabulate(
            'cylinder_slices', _('Cylinder slices'), columns, found.uniformity.slices, unit=unit
        ),
    ]


CYLINDER_SLICES = Subject(
    'cylinder_slices',
    tables=_tables,
    plots=(
        Plot(
            'cylinder', _('Mean against slice'), 'cylinder_slices', 'slice_k', ('mean',), _LIMIT_KEY
        ),
    ),
)
