"""Where a loaded volume came from: its DICOM header, and whether its voxels can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .dicom_read import read_pet_files
from .errors import CanceledError, SeriesError
from .image import UNKNOWN_UNIT, Acquisition, PETImage
from .progress import Progress, no_progress
from .verify import Verification, verify_voxels


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
    """

    unit: str = UNKNOWN_UNIT
    acquisition: Acquisition = field(default_factory=Acquisition)
    verification: Verification | None = None
    problem: str = ''

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
        stored = read_pet_files(paths, progress=progress)
    except (SeriesError, CanceledError) as error:
        return VolumeSource(problem=f'Not compared with the DICOM files: {error}')
    return VolumeSource(stored.unit, stored.acquisition, verify_voxels(loaded, stored))


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
