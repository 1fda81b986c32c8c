"""One series in words, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..core.errors import SUVError
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..suv.scale import suv_statements
from .attributes import tag_text
from .facts import acquisition_facts, series_unit
from .grid import grid_of_slices
from .read import PETStack, find_stack
from .slices import PETSlice
from .suv import suv_header_of_stack


def describe_series(
    folder: Path, series_uid: str | None = None, frame: int | None = None
) -> tuple[str, ...]:
    """
    Describe one PET series: identity, unit, grid, and what is missing for the SUV.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    frame : int, optional
        As for `read_stack`.

    Returns
    -------
    lines : tuple of str
        Each a statement of its own.

    Raises
    ------
    SeriesError
        As from `read_pet_series`, except for what only the pixels show.
    """
    stack = find_stack(folder, series_uid, frame=frame)
    facts = acquisition_facts(stack.slices, stack.notes)
    return (
        *_identity_lines(stack.series.line, facts),
        *_grid_lines(grid_of_slices(stack.slices)),
        *_value_lines(stack.slices, facts),
        *_suv_lines(stack),
        *(f'Note: {note}' for note in facts.notes),
    )


def _identity_lines(series: str, facts: Acquisition) -> list[str]:
    return [
        f'Series: {series}',
        f'Scanner: {facts.scanner_text or "not named"}',
        f'Reconstruction: {facts.reconstruction_text or "not named"}',
        f'Injection: {facts.injection_text or "not named"}',
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
    lacking = tag_text('RescaleSlope' if slices[0].units else 'Units')
    lines = [
        f'Unit: {unit}' + (f': no {lacking}' if unit == UNKNOWN_UNIT else ''),
        f'Slope: {shown}',
        f'Decay correction: {facts.decay_correction or "not named"}',
        f'Corrections: {", ".join(facts.corrected_image) or "not named"}',
    ]
    if slices[0].file.text('PhotometricInterpretation') == 'MONOCHROME1':
        lines.append('MONOCHROME1: low values are shown bright; the values are read as they stand')
    return lines


def _suv_lines(stack: PETStack) -> tuple[str, ...]:
    try:
        return suv_statements(suv_header_of_stack(stack))
    except SUVError as error:
        return (f'No SUV: {error}',)
