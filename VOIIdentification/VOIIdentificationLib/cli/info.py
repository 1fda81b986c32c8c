"""The command ``voi-identification info``: what a series or volume is, and what it lacks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import SUVError, no_progress
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..dicom.facts import acquisition_facts, series_unit
from ..dicom.grid import grid_of_slices
from ..dicom.header import tag_text
from ..dicom.read import find_stack
from ..dicom.slices import PETSlice
from ..dicom.suv import suv_header_of_slices
from ..suv.header import missing_for_suv
from ..suv.scale import suv_scale
from .arguments import add_input, read_input


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    add_input(parser)


def run(args: argparse.Namespace) -> int:
    """
    Print a few lines about INPUT.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..files.volume import is_volume_file

    if is_volume_file(args.input):
        lines = _volume_lines(args)
    else:
        lines = list(describe_series(args.input, series_uid=args.series))
    sys.stdout.write('\n'.join([*lines, '']))
    return 0


def _volume_lines(args: argparse.Namespace) -> list[str]:
    image = read_input(args, no_progress)
    i, j, k = image.geometry.size_ijk
    x, y, z = image.geometry.spacing_ijk_mm
    return [
        f'Volume {args.input}',
        f'Unit: {image.unit}',
        f'{i} x {j} x {k} voxels of {x:.4g} x {y:.4g} x {z:.4g} mm',
        'No DICOM header: no SUV.',
    ]


def describe_series(folder: Path, series_uid: str | None = None) -> tuple[str, ...]:
    """
    Describe one PET series: identity, unit, grid, and what is missing for the SUV.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    Returns
    -------
    lines : tuple of str
        Each a statement of its own.

    Raises
    ------
    SeriesError
        As from `read_pet_series`, except for what only the pixels show.
    """
    stack = find_stack(folder, series_uid)
    facts = acquisition_facts(stack.slices, stack.notes)
    return (
        *_identity_lines(stack.series.line, facts),
        *_grid_lines(grid_of_slices(stack.slices)),
        *_value_lines(stack.slices, facts),
        *_suv_lines(stack.slices),
        *(f'Note: {note}' for note in facts.notes),
    )


def _identity_lines(series: str, facts: Acquisition) -> list[str]:
    scanner = ' '.join(filter(None, (facts.manufacturer, facts.model)))
    return [
        f'Series: {series}',
        f'Scanner: {scanner or "not named"}',
        f'Acquired: {facts.acquisition_datetime or facts.series_datetime or "time not named"}',
        f'Patient position: {facts.patient_position or "not named"}',
    ]


def _grid_lines(geometry: VolumeGeometry) -> list[str]:
    i, j, k = geometry.size_ijk
    x, y, z = geometry.spacing_ijk_mm
    first, last = (geometry.position_ras_mm(index) for index in ((0, 0, 0), (i - 1, j - 1, k - 1)))
    return [
        f'Grid: {i} x {j} x {k} voxels of {x:.4g} x {y:.4g} x {z:.4g} mm',
        f'First voxel: RAS ({first[0]:.2f}, {first[1]:.2f}, {first[2]:.2f}) mm',
        f'Last voxel: RAS ({last[0]:.2f}, {last[1]:.2f}, {last[2]:.2f}) mm',
    ]


def _value_lines(slices: Sequence[PETSlice], facts: Acquisition) -> list[str]:
    unit = series_unit(slices)
    slopes = [plane.slope for plane in slices]
    low, high = min(slopes), max(slopes)
    shown = f'{low:.6g} to {high:.6g}' if low < high else f'{low:.6g}'
    lines = [
        f'Unit: {unit}' + (f': no {tag_text("Units")}' if unit == UNKNOWN_UNIT else ''),
        f'Slope: {shown}',
        f'Decay correction: {facts.decay_correction or "not named"}',
        f'Corrections: {", ".join(facts.corrected_image) or "not named"}',
    ]
    if slices[0].file.text('PhotometricInterpretation') == 'MONOCHROME1':
        lines.append('MONOCHROME1: low values are shown bright; the values are read as they stand')
    return lines


def _suv_lines(slices: Sequence[PETSlice]) -> list[str]:
    """How the values become SUV, or everything that is missing for it."""
    missing: tuple[str, ...] = ()
    try:
        header = suv_header_of_slices(slices)
        missing = missing_for_suv(header)
        scale = suv_scale(header)
    except SUVError as error:
        return [f'Missing for SUV: {", ".join(missing)}' if missing else f'No SUV: {error}']
    return [
        'SUV: all that it needs is there',
        *(f'SUV: {decision}' for decision in scale.decisions),
        *(f'SUV: {flag.text}' for flag in scale.flags),
    ]
