"""The uniform cylinder: how its calibration, uniformity and size are shown."""

from __future__ import annotations

from typing import Any

from ...core.sentence import sentences
from ...evaluate.cylinder_bias import BIAS_FORMULA, EARL_BIAS_PERCENT, LIMIT_SOURCE, STANDARD
from ...evaluate.limits import Level
from ...evaluate.uniform_cylinder import CylinderResult
from ...evaluate.uniformity import CELL_MM, CORRELATED_WITHIN_MM, Extremes, UniformSlice
from ...measure.voi import VOIResult
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Table, unit_text
from .subject import Fact, Pair, Subject, fact_table

_ = sentences(__name__)

HEADLINE = (
    *('Bias', 'SD of bias', 'Mean', 'True concentration', 'SUV mean', 'COV'),
    *('Axial, lowest', 'Axial, highest', 'Through the length, lowest'),
    *('Through the length, highest', 'Diameter', 'Length', 'Volume'),
)
"""What one reads first."""

SHOWN_LATER = (_('Bias'), _('SD of bias'), _('Mean'), _('COV'), _('SUV mean'))
"""What is shown of a cylinder that was measured in an earlier session."""

CELLS = f'{CELL_MM:g} x {CELL_MM:g} mm'
"""Of the grid in plane, for texts."""


def _definitions(result: AnalysisResult) -> tuple[Pair, ...]:
    found = result.cylinder
    if found is None:
        return ()
    wanted = found.wanted
    return (
        (
            'VOI of the cylinder',
            (
                f'a cylinder on the fitted axis, {wanted.wall_margin_mm:g} mm inside the wall and '
                f'{wanted.end_margin_mm:g} mm inside both ends, partial voxels by volume; where '
                'an end lies outside the image it goes on to the edge of the image. Own rule: no '
                'guideline that fixes it could be read'
            ),
        ),
        (
            'Bias',
            (
                f'{BIAS_FORMULA} with the true concentration a; its uncertainty is that of the '
                'fill and of the noise of the mean'
            ),
        ),
        (
            'Noise of the mean',
            (
                'neighboring voxels share noise, so it is the sum of the covariances of all pairs '
                f'of voxels nearer than {CORRELATED_WITHIN_MM:g} mm (less in a small VOI), not '
                'SD / root n; slow non-uniformity counts as noise'
            ),
        ),
        (
            'Uniformity',
            (
                'lowest and highest part over the mean, minus 1. Axial: the means of the slices. '
                f'In plane: the means of cells of {CELLS} wholly in the VOI, each over the mean '
                'of its slice (NEMA NU 2-1994 style, own definition), which is mostly noise; '
                'through the length: cells that reach through all slices, over their mean'
            ),
        ),
    )


def _tables(result: AnalysisResult) -> list[Table]:
    found = result.cylinder
    if found is None:
        return []
    unit = result.image.unit
    return [
        fact_table('cylinder', _('Cylinder'), facts(found, unit_text(VALUE_UNIT, unit))),
    ]


def facts(found: CylinderResult, unit: str) -> list[Fact]:
    """
    Everything that is said of the whole cylinder.

    Parameters
    ----------
    found : CylinderResult
        A cylinder.

    unit : str
        Of the image, in full.

    Returns
    -------
    facts : list of Fact
        None where a value is not known.
    """
    bias = found.bias
    return [
        Fact(_('Bias'), bias.percent, '%', f'{BIAS_FORMULA}.'),
        Fact(
            _('SD of bias'),
            bias.sd_percent,
            '%',
            _('Standard uncertainty (68 %), in percent points.'),
        ),
        Fact(_('SD of bias by noise'), bias.noise_sd_percent, '%', _('The part of the noise.')),
        Fact(
            _('True concentration'),
            bias.true_bqml,
            'Bq/mL',
            _('a: what was filled in, at the reference time of the image.'),
            bias.fill_sd_percent,
        ),
        *_values(found, unit),
        *_uniformity(found),
        *_size(found),
    ]


def _values(found: CylinderResult, unit: str) -> list[Fact]:
    of = found.voi.statistics
    relative = None
    if found.mean_sd is not None and of.mean:
        relative = 100.0 * found.mean_sd / of.mean
    cov = None if of.voxel_cov is None else 100.0 * of.voxel_cov
    return [
        Fact(
            _('Mean'),
            of.mean,
            unit,
            _('Weighted by the part of each voxel inside; its SD is that of the noise.'),
            relative,
        ),
        Fact(
            _('SD of the voxels'),
            of.sd,
            unit,
            _('Weighted by the part of each voxel inside, over the whole weight.'),
        ),
        Fact(_('COV'), cov, '%', _('SD over mean of the voxels. Never called N.')),
        Fact(_('SUV mean'), found.suv_mean, 'g/mL', _('1.00 where weight is volume times 1 g/mL.')),
        Fact(_('Lowest voxel'), of.min, unit, _('Of the voxels at least half inside.')),
        Fact(_('Highest voxel'), of.max, unit, _('Of the voxels at least half inside.')),
        Fact(
            _('Volume of the VOI'),
            of.volume_ml,
            'mL',
            _('Sum of the weights times that of a voxel.'),
        ),
    ]


def _uniformity(found: CylinderResult) -> list[Fact]:
    parts = found.uniformity
    named: list[tuple[str, Extremes, str]] = [
        (_('Axial'), parts.axial, _('Slice mean over the mean, minus 1.')),
        (
            _('In plane'),
            parts.in_plane,
            _('Cell of {cells} over the mean of its slice, minus 1.').format(cells=CELLS),
        ),
        (
            _('Through the length'),
            parts.through,
            _('The same of cells through all slices.'),
        ),
    ]
    return [
        Fact(_('{name}, {end}').format(name=name, end=end), value, '%', meaning)
        for name, ends, meaning in named
        for end, value in zip((_('lowest'), _('highest')), ends, strict=True)
    ]


def _size(found: CylinderResult) -> list[Fact]:
    shape, wanted = found.shape, found.wanted
    radius_sd = shape.radius_sd_mm
    length_sd = None if found.length_mm is None else shape.length_sd_mm
    return [
        Fact(
            _('Diameter'),
            2 * shape.radius_mm,
            'mm',
            _('At half of its value, in the image.'),
            None if radius_sd is None else 100.0 * radius_sd / shape.radius_mm,
        ),
        Fact(
            _('Length'),
            found.length_mm,
            'mm',
            _('At half of its value, in the image; empty where an end is not seen.'),
            None if length_sd is None else 100.0 * length_sd / shape.length_mm,
        ),
        Fact(_('Volume'), found.volume_ml, 'mL', _('Of that diameter and length.')),
        Fact(_('Diameter of the phantom'), wanted.diameter_mm, 'mm', _('As the phantom has it.')),
        Fact(_('Length of the phantom'), wanted.length_mm, 'mm', _('As the phantom has it.')),
        Fact(_('Tilt'), found.tilt_deg, _('degree'), _('Of its axis against the slice normal.')),
        Fact(
            _('Volume without activity'), found.found.bubble_ml, 'mL', _('Bubbles and holes in it.')
        ),
        Fact(
            _('Difference from a cylinder'),
            100.0 * found.found.mismatch,
            '%',
            _('Of the volume: what the image has beside it, or lacks of it.'),
        ),
    ]


def bias_verdict(found: CylinderResult) -> str:
    """
    EARL's verdict on a cylinder.

    Parameters
    ----------
    found : CylinderResult
        A cylinder.

    Returns
    -------
    verdict : str
        ``'pass'``, ``'fail'``, or ``'not judged: '`` and why.
    """
    if found.bias.passed is None:
        return _('not judged: {reason}').format(reason=found.bias.not_judged)
    return Level.PASS.text if found.bias.passed else Level.FAIL.text


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    found = result.cylinder
    if found is None:
        return {}
    unit = unit_text(VALUE_UNIT, result.image.unit)
    shape, voi = found.shape, found.voi
    said = [
        (f'{fact.name} [{fact.unit}]' if fact.unit else fact.name, fact.value)
        for fact in facts(found, unit)
    ]
    places = zip('RAS', voi.center_ras_mm, shape.axis_ras, strict=True)
    return {
        'Cylinder': [
            *said,
            ('Verdict', bias_verdict(found)),
            ('Limits', f'{STANDARD}: ± {EARL_BIAS_PERCENT:g} %; {LIMIT_SOURCE}'),
            ('VOI diameter [mm]', voi.insert.diameter_mm),
            ('VOI length [mm]', voi.insert.height_mm),
            *(
                pair
                for axis, center, along in places
                for pair in ((f'VOI center {axis} [mm]', center), (f'Axis {axis}', along))
            ),
        ]
    }


def _json(result: AnalysisResult) -> dict[str, Any]:
    found = result.cylinder
    if found is None:
        return {'cylinder': None}
    voi, bias, parts = found.voi, found.bias, found.uniformity
    return {
        'cylinder': {
            'label': voi.label,
            'bias_percent': bias.percent,
            'bias_sd_percent': bias.sd_percent,
            'bias_noise_sd_percent': bias.noise_sd_percent,
            'true_bqml': bias.true_bqml,
            'fill_sd_percent': bias.fill_sd_percent,
            'standard': STANDARD,
            'limit_percent': EARL_BIAS_PERCENT,
            'verdict': bias_verdict(found),
            'mean': voi.statistics.mean,
            'mean_sd': found.mean_sd,
            'sd': voi.statistics.sd,
            'cov_percent': _percent(voi.statistics.voxel_cov),
            'min': voi.statistics.min,
            'max': voi.statistics.max,
            'suv_mean': found.suv_mean,
            'axial_percent': list(parts.axial),
            'in_plane_percent': list(parts.in_plane),
            'through_percent': list(parts.through),
            **_size_json(found),
            'voi': _voi_json(voi),
            'slices': [_slice_json(one) for one in parts.slices],
            'flags': found.flags,
        }
    }


def _size_json(found: CylinderResult) -> dict[str, Any]:
    shape = found.shape
    return {
        'diameter_mm': 2 * shape.radius_mm,
        'diameter_sd_mm': None if shape.radius_sd_mm is None else 2 * shape.radius_sd_mm,
        'length_mm': found.length_mm,
        'length_sd_mm': shape.length_sd_mm,
        'volume_ml': found.volume_ml,
        'ends_seen': list(found.found.ends),
        'axis_ras': shape.axis_ras,
        'tilt_deg': found.tilt_deg,
        'mismatch_percent': 100.0 * found.found.mismatch,
        'bubble_ml': found.found.bubble_ml,
    }


def _voi_json(voi: VOIResult) -> dict[str, Any]:
    return {
        'center_ras_mm': voi.center_ras_mm,
        'diameter_mm': voi.insert.diameter_mm,
        'length_mm': voi.insert.height_mm,
        'volume_ml': voi.statistics.volume_ml,
        'voxel_count': voi.statistics.voxel_count,
        'flags': voi.flags,
    }


def _percent(part: float | None) -> float | None:
    return None if part is None else 100.0 * part


def _slice_json(one: UniformSlice) -> dict[str, Any]:
    return {
        'slice_k': one.slice_k,
        'mean': one.mean,
        'sd': one.sd,
        'cov_percent': one.cov_percent,
        'deviation_percent': one.deviation_percent,
        'cell_percent': list(one.cells),
        'area_mm2': one.area_mm2,
        'counted': one.whole,
    }


UNIFORM_CYLINDER = Subject(
    'uniform_cylinder',
    tables=_tables,
    definitions=_definitions,
    sections=_sections,
    json=_json,
    headline=tuple(('cylinder', name) for name in HEADLINE),
)
