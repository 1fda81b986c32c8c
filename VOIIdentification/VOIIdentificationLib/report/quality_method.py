"""How the figures of NEMA, recovery, activity and SUV were made, in words."""

from __future__ import annotations

from ..activity.worksheet import Fill, FillWorksheet, TrueActivity
from ..evaluate.limits import QUANTITY_NAMES
from ..evaluate.nema import NEMAResult
from ..evaluate.recovery import RecoveryResult
from ..locate.ring import RingPose
from ..results import AnalysisResult
from ..suv.scale import SUVScale
from .subjects.recovery import RELATIVE_NAMES, limit_notes
from .table import Cell, unit_text

Pair = tuple[str, Cell]
"""A name and what there is to say of it."""

ACTIVITY_UNKNOWN = 'unknown: no percent contrast of hot spheres, no recovery, no verdict'

_NEMA_DEFINITIONS: tuple[Pair, ...] = (
    ('Contrast Q_H', 'hot sphere: 100 (C_H / C_B - 1) / (a_H / a_B - 1), NEMA NU 2'),
    ('Contrast Q_C', 'cold sphere: 100 (1 - C_C / C_B), NEMA NU 2-2012 and earlier'),
    (
        '2-D and 3-D',
        (
            'C_H, C_C: circle of the inner diameter on one slice common to all spheres (2-D, '
            'NEMA). 3-D figures use the mean of the whole sphere: they are not those of the '
            'standard'
        ),
    ),
    (
        'Background ROIs',
        (
            'twelve circles of 37 mm on the common slice, 15 mm or more from the edge of the '
            'phantom and from every sphere, clear of the lung insert and of each other; smaller '
            'ones concentric; repeated on the slices nearest to 10 and 20 mm on either side. '
            'Pixels count by the part inside. A rule that a ROI does not keep is a flag of the '
            'ROI'
        ),
    ),
    (
        'Background variability N',
        '100 S / C_B with S the standard deviation (K - 1) of the K = 60 ROI means of one diameter',
    ),
    (
        'Image roughness',
        'mean over the background ROIs of 100 SD / mean of their voxels; it is not N',
    ),
    (
        'Lung residual',
        (
            '100 C_lung / C_B for each slice, C_lung in a circle of 30 mm on the lung insert, C_B'
            ' of all 37 mm ROIs; beside it by those of the same slice alone. Both conventions are'
            ' in use'
        ),
    ),
)

_RECOVERY_DEFINITIONS: tuple[Pair, ...] = (
    ('RCmax', 'highest voxel of the sphere / a_H'),
    (
        'RCmean (A50)',
        (
            'mean of the voxels connected to the maximum that are >= B + 0.5 (max - B), holes '
            'filled, / a_H'
        ),
    ),
    ('RCpeak', 'mean in a sphere of 1 cm3 / a_H'),
    ('Recovery', 'no background is subtracted; EANM / EARL'),
)

_FIT_DEFINITIONS: tuple[Pair, ...] = (
    (
        'Model fit',
        (
            'a ball of the inner diameter with a cold wall, blurred by a Gaussian and by the '
            'voxels, on an even background; free are center, signal, background and the two '
            'widths'
        ),
    ),
    (
        'Uncertainty',
        (
            'standard uncertainties (68 %), from what the fit left over with its correlation '
            'between neighboring voxels'
        ),
    ),
)


def quality_definitions(result: AnalysisResult) -> list[Pair]:
    """
    Definitions of what was evaluated.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    pairs : list of tuple
        Name and definition; none for what was not evaluated.
    """
    pairs: list[Pair] = []
    if any(voi.fit is not None for voi in result.spheres):
        pairs += _FIT_DEFINITIONS
    if result.nema is not None:
        pairs += _NEMA_DEFINITIONS
    if result.recovery is not None:
        pairs += _RECOVERY_DEFINITIONS
    return pairs


def quality_sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    """
    Body, NEMA, recovery, limits, activity and SUV of one analysis.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    sections : dict of str to list
        Names and values by section, in the order in which people read them.
    """
    evaluated = result.nema is not None or result.recovery is not None
    sections = {
        'Body': _pose_pairs(result.pose) if result.pose else [],
        'NEMA': _nema_pairs(result.nema, result.image.unit) if result.nema else [],
        'Recovery': _recovery_pairs(result.recovery, result.image.unit) if result.recovery else [],
        'Limits': _limit_pairs(result.recovery) if result.recovery else [],
        'Worksheet': _worksheet_pairs(result.worksheet) if result.worksheet else [],
        'Activity': _activity_pairs(result.activity) if result.activity else [],
        'SUV': _suv_pairs(result.suv) if result.suv else [],
    }
    if evaluated and result.activity is None:
        sections['Activity'] = [('True activity', ACTIVITY_UNKNOWN)]
    return {name: pairs for name, pairs in sections.items() if pairs}


def quality_flag_notes(result: AnalysisResult) -> list[str]:
    """
    The flags of ROIs, contrasts and coefficients in words.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    notes : list of str
        ``'BG01: …'``.
    """
    flagged: list[object] = []
    if result.nema is not None:
        flagged += [*result.nema.placement.rois, *result.nema.spheres]
    if result.recovery is not None:
        flagged += result.recovery.spheres
    return [
        f'{getattr(one, "name", None) or getattr(one, "label", "")}: {flag.text}'
        for one in flagged
        for flag in getattr(one, 'flags', ())
    ]


def _numbered(name: str, sentences: tuple[str, ...]) -> list[Pair]:
    return [(f'{name} {n}', text) for n, text in enumerate(sentences, start=1)]


def _pose_pairs(pose: RingPose) -> list[Pair]:
    return [
        ('Ring radius [mm]', pose.radius_mm),
        *_point_pairs('Ring center', pose.center_ras_mm),
        ('Rotation [deg]', pose.rotation_deg),
        ('Tilt [deg]', pose.tilt_deg),
        ('Sense', 'mirrored' if pose.mirrored else 'not mirrored'),
        *((f'Deviation {label} [mm]', value) for label, value in pose.deviations_mm),
    ]


def _point_pairs(name: str, point: tuple[float, float, float]) -> list[Pair]:
    return [(f'{name} {axis} [mm]', value) for axis, value in zip('RAS', point, strict=True)]


def _nema_pairs(found: NEMAResult, unit: str) -> list[Pair]:
    placement, lung = found.placement, found.placement.lung
    pairs: list[Pair] = [
        ('Common slice', placement.central_slice_k),
        ('Background slices', ', '.join(map(str, placement.slices_k))),
        ('Background ROIs', len(placement.rois)),
        (f'Level that found the edge [{unit_text("{unit}", unit)}]', placement.body_level),
    ]
    if lung is not None:
        pairs += [
            ('Lung insert', 'found in the image' if lung.found else 'assumed on the axis'),
            *_point_pairs('Lung insert', lung.center_ras_mm),
            ('Lung insert diameter [mm]', lung.diameter_mm),
        ]
    if found.lung is not None and found.lung.slices_k:
        first, last = min(found.lung.slices_k), max(found.lung.slices_k)
        pairs.append(('Lung slices', f'{first} to {last}'))
    flags = dict.fromkeys((*placement.flags, *found.flags))
    pairs += [(f'Flag {flag.value}', flag.text) for flag in flags]
    return pairs + _numbered('Note', tuple(dict.fromkeys((*placement.notes, *found.notes))))


def _recovery_pairs(found: RecoveryResult, unit: str) -> list[Pair]:
    shown = unit_text('{unit}', unit)
    kind = 'relative, compared with no limits' if found.relative else 'recovery coefficients'
    names = RELATIVE_NAMES if found.relative else QUANTITY_NAMES
    falling = ', '.join(names[name] for name in found.not_monotonic)
    return [
        ('Kind', kind),
        ('Divided by', found.reference_rule),
        (f'Divided by [{shown}]', found.reference),
        ('Background B of A50', found.background_rule),
        (f'Background B of A50 [{shown}]', found.background),
        ('Peak', found.peak_rule),
        ('Compared with', ', '.join(found.standards) or 'nothing'),
        *([('Not monotonic', falling)] if falling else []),
        *((f'Flag {flag.value}', flag.text) for flag in found.flags),
        *_numbered('Note', found.notes),
    ]


def _limit_pairs(found: RecoveryResult) -> list[Pair]:
    """Source and version of every limit that was used, and what must be said beside it."""
    verdicts = [one for sphere in found.spheres for one in sphere.verdicts]
    sources: dict[tuple[str, str], None] = dict.fromkeys(
        (
            f'{one.standard} {QUANTITY_NAMES[one.quantity]}',
            f'{one.source}; version {one.version}' + (f'; {one.note}' if one.note else ''),
        )
        for one in verdicts
    )
    return [*sources, *_numbered('Must be said', limit_notes(verdicts))]


def _worksheet_pairs(sheet: FillWorksheet) -> list[Pair]:
    return [
        ('Isotope', sheet.isotope),
        ('Half-life given [s]', sheet.half_life_s),
        ('Half-life SD given [s]', sheet.half_life_sd_s),
        ('Scan start', sheet.scan_start.isoformat(sep=' ')),
        ('Scan duration [s]', sheet.scan_duration_s),
        ('Image decay-corrected', 'yes' if sheet.decay_corrected else 'no'),
        ('Calibrator SD [%]', sheet.calibrator_sd_percent),
        ('Clock SD [s]', sheet.clock_sd_s),
        ('Noted time SD [s]', sheet.reading_time_sd_s),
        *_fill_pairs('Hot', sheet.hot),
        *_fill_pairs('Background', sheet.background),
    ]


def _fill_pairs(name: str, fill: Fill | None) -> list[Pair]:
    if fill is None:
        return [(name, 'no activity')]
    residual = '' if fill.residual_time is None else fill.residual_time.isoformat(sep=' ')
    return [
        (f'{name}: assay [MBq]', fill.assay_mbq),
        (f'{name}: assay time', fill.assay_time.isoformat(sep=' ')),
        (f'{name}: residual [MBq]', fill.residual_mbq),
        (f'{name}: residual time', residual),
        (f'{name}: volume [mL]', fill.volume_ml),
        (f'{name}: volume SD [%]', fill.volume_sd_percent),
        (f'{name}: reading SD [%]', fill.reading_sd_percent),
    ]


def _activity_pairs(truth: TrueActivity) -> list[Pair]:
    reference = truth.reference_time
    return [
        ('a_H [Bq/mL]', truth.hot_bqml),
        ('a_H SD [%]', truth.hot_sd_percent),
        ('a_B [Bq/mL]', truth.background_bqml),
        ('a_B SD [%]', truth.background_sd_percent),
        ('a_H / a_B', truth.ratio),
        ('a_H / a_B SD [%]', truth.ratio_sd_percent),
        ('Reference time', None if reference is None else reference.isoformat(sep=' ')),
        ('Half-life [s]', truth.half_life_s),
        *_numbered('Decision', truth.decisions),
    ]


def _suv_pairs(scale: SUVScale) -> list[Pair]:
    return [
        ('Unit', scale.unit),
        ('Lowest factor', float(scale.factors.min())),
        ('Highest factor', float(scale.factors.max())),
        *_numbered('Decision', scale.decisions),
        *((f'Flag {flag.value}', flag.text) for flag in scale.flags),
    ]
