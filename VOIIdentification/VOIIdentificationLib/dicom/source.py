"""Where a loaded volume came from: whether its voxels can be trusted, and its SUV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..core.errors import CanceledError, Progress, SeriesError, SUVError, no_progress, part_of
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.units import UNIT_OF_DICOM
from ..suv.header import SUVHeader
from ..suv.scale import SUVScale, SUVType, compared_with_dose, suv_scale, suv_statements
from .attributes import tag_text
from .facts import acquisition_facts, series_unit
from .grid import grid_of_slices
from .read import (
    PART_FOR_HEADERS,
    PETStack,
    find_stack,
    image_of_stack,
    read_pet_files,
    stack_of_files,
)
from .slices import PETSlice
from .suv import scaled_to_suv, suv_header_of_slices, totals_of
from .verify import Verification, on_grid_of, verify_voxels

_INDEX_TOLERANCE = 0.01
"""Slices that lie this part of a slice apart are the same."""

_COUNTS = UNIT_OF_DICOM['CNTS']

_NO_FILES = 'SUV needs the DICOM files of the volume: load the series by the DICOM module'


@dataclass(frozen=True)
class VolumeSource:
    """
    What the files of a volume say.

    Attributes
    ----------
    unit : str
        Unit of the stored values; ``'unknown'`` if nothing says it.

    acquisition : Acquisition
        Facts from the header.

    verification : Verification or None
        How the volume compares with the files; None if nothing was compared.

    problem : str
        Why nothing was compared; empty if it was, or if there are no files.

    geometry : VolumeGeometry or None
        Grid of the files, which `suv_header` has a frame for each slice of.

    suv_header : SUVHeader or None
        What the SUV needs; None if there are no files, or they have no SUV.

    suv_problem : str
        Why they have none.
    """

    unit: str = UNKNOWN_UNIT
    acquisition: Acquisition = field(default_factory=Acquisition)
    verification: Verification | None = None
    problem: str = ''
    geometry: VolumeGeometry | None = None
    suv_header: SUVHeader | None = None
    suv_problem: str = ''

    @property
    def text(self) -> str:
        """The finding in a sentence; empty if the volume did not come from DICOM."""
        return self.verification.text if self.verification else self.problem

    @property
    def same(self) -> bool:
        """Whether there is nothing that reading the files again would mend."""
        return not self.problem and self.trusted

    @property
    def trusted(self) -> bool:
        """False if the voxels are known to be wrong."""
        return self.verification is None or self.verification.trusted


NO_FILES = VolumeSource()
"""Of a volume that did not come from DICOM."""


def trace_volume(
    loaded: PETImage, paths: Sequence[Path], progress: Progress = no_progress
) -> VolumeSource:
    """
    Read the files of a volume and compare.

    Parameters
    ----------
    loaded : PETImage
        The volume without the transforms above it.

    paths : sequence of `pathlib.Path`
        Its DICOM files; none if it did not come from DICOM.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    Returns
    -------
    source : VolumeSource
        With a problem instead of an error if reading failed or was canceled.
    """
    if not paths:
        return NO_FILES
    try:
        stack = stack_of_files(paths, part_of(progress, 0.0, PART_FOR_HEADERS))
        stored = image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0))
    except (SeriesError, CanceledError) as error:
        return VolumeSource(problem=f'Not compared with the DICOM files: {error}')
    header, suv_problem = _suv_header(stack)
    return VolumeSource(
        unit=stored.unit,
        acquisition=stored.acquisition,
        verification=verify_voxels(loaded, stored),
        geometry=stored.geometry,
        suv_header=header,
        suv_problem=suv_problem,
    )


def stored_image(paths: Sequence[Path], progress: Progress = no_progress) -> PETImage:
    """
    What the files of a volume say.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Its DICOM files.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        As the scanner stored it.

    Raises
    ------
    SeriesError
        If there are no files, or they cannot be read.
    """
    if not paths:
        msg = 'the DICOM files of the volume are not known. Import the series again.'
        raise SeriesError(msg)
    return read_pet_files(paths, progress=progress)


def suv_of_volume(
    geometry: VolumeGeometry, unit: str, source: VolumeSource, suv_type: SUVType = 'bw'
) -> SUVScale:
    """
    Find the factors from the values of a loaded volume to SUV.

    Parameters
    ----------
    geometry : VolumeGeometry
        Of the volume, without the transforms above it.

    unit : str
        Of the volume.

    source : VolumeSource
        What its files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    Returns
    -------
    scale : SUVScale
        A factor for each slice of the volume, in the volume's order.

    Raises
    ------
    SUVError
        If the files are not known or allow no SUV, or unit or slices are not theirs.
    """
    if unit == _COUNTS and source.suv_header is not None and source.suv_header.units == 'CNTS':
        # The volume holds the counts of its files, of which the reader makes Bq/mL.
        frames = tuple(replace(frame, bqml_per_count=1.0) for frame in source.suv_header.frames)
        source = replace(source, unit=unit, suv_header=replace(source.suv_header, frames=frames))
    scale = header_scale(source, suv_type)
    if unit not in {UNKNOWN_UNIT, source.unit}:
        msg = f'the volume is in {unit}, its DICOM files are in {source.unit}'
        raise SUVError(msg)
    return replace(scale, factors=scale.factors[_stored_slices(geometry, source)])


def header_scale(source: VolumeSource, suv_type: SUVType = 'bw') -> SUVScale:
    """
    Find the factors from the values in the files to SUV.

    Parameters
    ----------
    source : VolumeSource
        What the files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    Returns
    -------
    scale : SUVScale
        A factor for each slice of the files, in the order of the reader.

    Raises
    ------
    SUVError
        If the files are not known or do not allow an SUV.
    """
    if source.suv_header is None:
        raise SUVError(source.suv_problem or source.problem or _NO_FILES)
    return suv_scale(source.suv_header, suv_type)


def suv_voxels(
    geometry: VolumeGeometry,
    source: VolumeSource,
    paths: Sequence[Path],
    suv_type: SUVType = 'bw',
    progress: Progress = no_progress,
) -> tuple[PETImage, SUVScale]:
    """
    Read the files of a volume as SUV.

    Parameters
    ----------
    geometry : VolumeGeometry
        Of the volume, without the transforms above it.

    source : VolumeSource
        What its files say.

    paths : sequence of `pathlib.Path`
        The files.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        From the stored values, every slice with its own factor, on the
        volume's grid; on that of the files if the volume was resampled or moved.

    scale : SUVScale
        The factors and the decisions that led to them.

    Raises
    ------
    SUVError
        If the files are not known or do not allow an SUV.

    SeriesError
        If they are gone or cannot be read.
    """
    scale = header_scale(source, suv_type)
    stored = stored_image(paths, progress)
    scale = compared_with_dose(source.suv_header or SUVHeader(), scale, totals_of(stored))
    image = scaled_to_suv(stored, scale)
    same = on_grid_of(image, geometry)
    if same is None:
        note = 'the volume was resampled, cropped or moved: the SUV volume is where the files are'
        return image, replace(scale, decisions=(*scale.decisions, note))
    return replace(image, voxels=same.astype(np.float32), geometry=geometry), scale


def _suv_header(stack: PETStack) -> tuple[SUVHeader | None, str]:
    """What the SUV needs, or why the files have no SUV."""
    try:
        return suv_header_of_slices(stack.slices), ''
    except SUVError as error:
        return None, str(error)


def _stored_slices(geometry: VolumeGeometry, source: VolumeSource) -> list[int]:
    """For each slice of the volume its place in the files."""
    assert source.geometry is not None
    to_stored = np.linalg.inv(source.geometry.ijk_to_ras) @ geometry.ijk_to_ras
    tilt = float(np.abs(to_stored[2, :2]) @ (geometry.size_ijk[:2] - 1))
    k = to_stored[2, 2] * np.arange(geometry.size_ijk[2]) + to_stored[2, 3]
    nearest = np.rint(k).astype(int)
    inside = nearest.min() >= 0 and nearest.max() < source.geometry.size_ijk[2]
    if tilt > _INDEX_TOLERANCE or np.abs(k - nearest).max() > _INDEX_TOLERANCE or not inside:
        msg = 'the slices of the volume are not those of its DICOM files, which the factors are for'
        raise SUVError(msg)
    return [int(n) for n in nearest]


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
        *_suv_lines(stack.slices),
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


def _suv_lines(slices: Sequence[PETSlice]) -> tuple[str, ...]:
    try:
        return suv_statements(suv_header_of_slices(slices))
    except SUVError as error:
        return (f'No SUV: {error}',)
