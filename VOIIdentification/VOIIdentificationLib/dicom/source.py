"""Where a loaded volume came from: whether its voxels can be trusted, and its SUV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..core.errors import CanceledError, Progress, SeriesError, SUVError, no_progress, part_of
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.sentence import sentence_of, sentences
from ..core.units import UNIT_OF_DICOM
from ..suv.header import SUVHeader
from ..suv.scale import SUVScale, SUVType, compared_with_dose, suv_scale
from .read import (
    PART_FOR_HEADERS,
    PETStack,
    image_of_stack,
    read_pet_files,
    stack_of_files,
)
from .suv import scaled_to_suv, suv_header_of_stack, totals_of
from .verify import Verification, on_grid_of, verify_voxels

_ = sentences(__name__)

_INDEX_TOLERANCE = 0.01
"""Slices that lie this part of a slice apart are the same."""

_COUNTS = UNIT_OF_DICOM['CNTS']

_NO_FILES = _('SUV needs the DICOM files of the volume: load the series by the DICOM module')


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
        return VolumeSource(
            problem=_('Not compared with the DICOM files: {reason}').format(
                reason=sentence_of(error)
            )
        )
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
        msg = _('the DICOM files of the volume are not known. Import the series again.')
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
        msg = _('the volume is in {unit}, its DICOM files are in {wanted}').format(
            unit=unit, wanted=source.unit
        )
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
        note = _(
            'the volume was resampled, cropped or moved: the SUV volume is where the files are'
        )
        return image, replace(scale, decisions=(*scale.decisions, note))
    return replace(image, voxels=same.astype(np.float32), geometry=geometry), scale


def _suv_header(stack: PETStack) -> tuple[SUVHeader | None, str]:
    """What the SUV needs, or why the files have no SUV."""
    try:
        return suv_header_of_stack(stack), ''
    except SUVError as error:
        return None, sentence_of(error)


def _stored_slices(geometry: VolumeGeometry, source: VolumeSource) -> list[int]:
    """For each slice of the volume its place in the files."""
    assert source.geometry is not None
    to_stored = np.linalg.inv(source.geometry.ijk_to_ras) @ geometry.ijk_to_ras
    tilt = float(np.abs(to_stored[2, :2]) @ (geometry.size_ijk[:2] - 1))
    k = to_stored[2, 2] * np.arange(geometry.size_ijk[2]) + to_stored[2, 3]
    nearest = np.rint(k).astype(int)
    inside = nearest.min() >= 0 and nearest.max() < source.geometry.size_ijk[2]
    if tilt > _INDEX_TOLERANCE or np.abs(k - nearest).max() > _INDEX_TOLERANCE or not inside:
        msg = _(
            'the slices of the volume are not those of its DICOM files, which the factors are for'
        )
        raise SUVError(msg)
    return [int(n) for n in nearest]
