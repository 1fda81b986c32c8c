"""Where a loaded volume came from: its DICOM header, and whether its voxels can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import CanceledError, SeriesError, SUVError
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.progress import Progress, no_progress, part_of
from ..suv.header import SUVHeader
from .folder import list_series
from .read import read_pet_files
from .series import choose_pet_series
from .stack import ordered_slices
from .suv import suv_header_of_slices
from .verify import Verification, verify_voxels

_PART_FOR_VOXELS = 0.7
"""Part of the time that reading the voxels takes; the rest goes into the headers for the SUV."""


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
        How the volume compares with the files; None if there was nothing to
        compare.

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
        With a problem instead of an error if the files cannot be read, or the
        user canceled.
    """
    if not paths:
        return NO_FILES
    try:
        stored = read_pet_files(paths, progress=part_of(progress, 0.0, _PART_FOR_VOXELS))
        header, suv_problem = _suv_header(paths, part_of(progress, _PART_FOR_VOXELS, 1.0))
    except (SeriesError, CanceledError) as error:
        return VolumeSource(problem=f'Not compared with the DICOM files: {error}')
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


def _suv_header(paths: Sequence[Path], progress: Progress) -> tuple[SUVHeader | None, str]:
    """What the SUV needs, or why the files have no SUV."""
    slices, _ = ordered_slices(choose_pet_series(list_series(paths, progress)))
    try:
        return suv_header_of_slices(slices), ''
    except SUVError as error:
        return None, str(error)
