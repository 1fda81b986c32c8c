"""How the numbers of an analysis came about, in lines of names and values."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from .. import __version__
from ..core.image import PETImage
from ..core.phantom import Insert, Phantom
from ..results import AnalysisResult
from .formats import SOFTWARE_NAME
from .subjects import SUBJECTS
from .subjects.subject import Pair
from .table import VALUE_UNIT, Cell, Table, unit_text

GRID_BLUR_NOTE = (
    'The voxel grid itself blurs: against the continuous ball a 10 mm sphere reads 3 % low at '
    '1.65 x 1.65 x 2 mm and 14 % low at 4 mm under any exact weights, and 7 ± 3 % low at 4 mm '
    'under whole-voxel counting, which jumps as the center moves within a voxel.'
)
"""Measured on noise-free spheres blurred by 6 mm FWHM; see docs/outputs.md."""

SEVERAL_SHEETS = 'several sheets'
"""Stands in the method where columns of the same meaning are in more than one."""

_COUNTING_TEXTS = {
    'partial': 'every voxel is weighted by the part of its volume inside the VOI',
    'hard': 'a voxel counts as a whole if its center is inside, as in the original script',
}

_SHARED_TEXT = 'that of another image of the same frame of reference, named as "Given centers"'

_REFINEMENT_TEXTS = {
    'fit': 'that of a blurred sphere fitted where the mean inside the sphere is highest',
    'search': 'the position round the seed that maximizes the mean inside the sphere',
    'none': 'the seed itself',
}


class MethodRow(NamedTuple):
    """One line of the method; None where nothing is known."""

    section: str
    name: str
    value: Cell


def method_rows(result: AnalysisResult) -> tuple[MethodRow, ...]:
    """
    Software, image, phantom, settings, notes and doubts of one analysis.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    rows : tuple of MethodRow
        In the order in which people read them.
    """
    settings, phantom = result.settings, result.phantom
    definitions = chain.from_iterable(subject.definitions(result) for subject in SUBJECTS)
    pairs: dict[str, list[Pair]] = {
        'Software': [
            ('Name', SOFTWARE_NAME),
            ('Version', __version__),
            ('Analyzed at', result.analyzed_at),
        ],
        'Image': _image_pairs(result.image),
        'Phantom': _phantom_pairs(phantom),
        'Settings': [*settings.to_json().items()],
        **_sections(result),
        'Contradiction': [(str(n), text) for n, text in enumerate(result.contradictions, start=1)],
        'Flag': [(flag.value, flag.text) for flag in result.flags],
        'Note': [(str(n), note) for n, note in enumerate(_notes(result), start=1)],
        'Definition': [*_definition_pairs(result), *definitions],
    }
    return tuple(
        MethodRow(section, name, value)
        for section, section_pairs in pairs.items()
        for name, value in section_pairs
    )


def column_rows(tables: Iterable[tuple[str, Table]]) -> tuple[MethodRow, ...]:
    """
    The definitions of the columns of some tables.

    Parameters
    ----------
    tables : iterable of tuple of (str, Table)
        The tables that a file holds, with the names of their sheets.

    Returns
    -------
    rows : tuple of MethodRow
        Each definition once, under the name of its sheet, or `SEVERAL_SHEETS`.
    """
    sheets: dict[tuple[str, str], str] = {}
    for title, table in tables:
        for column in table.columns:
            pair = column.header, column.description
            sheets[pair] = title if sheets.get(pair, title) == title else SEVERAL_SHEETS
    return tuple(MethodRow(f'Column, {sheet}', *pair) for pair, sheet in sheets.items())


def _image_pairs(image: PETImage) -> list[Pair]:
    geometry, scan = image.geometry, image.acquisition
    return [
        ('Unit', unit_text(VALUE_UNIT, image.unit)),
        *zip(('Columns (i)', 'Rows (j)', 'Slices (k)'), geometry.size_ijk.tolist(), strict=True),
        *zip(
            ('Spacing i [mm]', 'Spacing j [mm]', 'Spacing k [mm]'),
            geometry.spacing_ijk_mm.tolist(),
            strict=True,
        ),
        ('Distance of slices [mm]', geometry.slice_spacing_mm),
        ('Series', scan.series_description),
        ('Series instance UID', scan.series_instance_uid),
        ('Study instance UID', scan.study_instance_uid),
        ('Series time', scan.series_datetime),
        ('Acquisition time', scan.acquisition_datetime),
        ('Scanner', scan.scanner_text),
        ('Reconstruction', scan.reconstruction_text),
        ('Injection', scan.injection_text),
        ('Patient position', scan.patient_position),
        ('Corrections', ', '.join(scan.corrected_image)),
        ('Decay correction', scan.decay_correction),
        ('SHA-256 of the voxels', image.sha256()),
    ]


def _phantom_pairs(phantom: Phantom) -> list[Pair]:
    pairs: list[Pair] = [('Name', phantom.name), ('Source', phantom.source)]
    if phantom.cylinder is not None:
        size = phantom.cylinder
        pairs += [
            ('Diameter [mm]', size.diameter_mm),
            ('Length [mm]', size.length_mm),
            ('Margin to the wall [mm]', size.wall_margin_mm),
            ('Margin to the ends [mm]', size.end_margin_mm),
        ]
        return pairs
    return [
        *pairs,
        ('Ring diameter [mm]', phantom.ring_diameter_mm),
        *((f'Insert {insert.label}', _insert_text(insert)) for insert in phantom.used_inserts),
        (f'Background {phantom.background.label}', _insert_text(phantom.background)),
    ]


def _insert_text(insert: Insert) -> str:
    return f'{insert.shape}, inner diameter {insert.diameter_mm:g} mm'


def _definition_pairs(result: AnalysisResult) -> list[Pair]:
    settings = result.settings
    counting = ('Counting', _COUNTING_TEXTS[settings.counting])
    own = _REFINEMENT_TEXTS[settings.refinement]
    of_spheres: list[Pair] = [
        ('Center', own if result.shared is None else _SHARED_TEXT),
        counting,
        ('Blur of the grid', GRID_BLUR_NOTE),
    ]
    return [
        *(of_spheres if result.cylinder is None else [counting]),
        ('Index', 'IJK counts columns, rows and slices from 0; whole numbers are voxel centers'),
        ('Position', 'RAS in millimeter: + is right, anterior (front), superior (head)'),
    ]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    """What each subject says of this analysis."""
    sections: dict[str, list[Pair]] = {}
    for subject in SUBJECTS:
        for name, pairs in subject.sections(result).items():
            sections.setdefault(name, []).extend(pairs)
    return sections


def doubts(result: AnalysisResult) -> tuple[str, ...]:
    """
    List flags and notes of an analysis.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    sentences : tuple of str
        Each once; ``'BG04, BG06: …'`` where several things carry one flag.
    """
    return (*(flag.text for flag in result.flags), *_notes(result))


def _notes(result: AnalysisResult) -> list[str]:
    flagged = chain.from_iterable(subject.flag_notes(result) for subject in SUBJECTS)
    grouped: dict[str, list[str]] = {}
    for text in dict.fromkeys([*flagged, *result.notes, *result.image.acquisition.notes]):
        name, colon, rest = text.partition(': ')
        single = bool(colon) and ' ' not in name
        grouped.setdefault(rest if single else text, []).extend([name] if single else [])
    return [f'{", ".join(names)}: {text}' if names else text for text, names in grouped.items()]
