"""What a fit left over: the image around a sphere, the fitted model, and their difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.image import PETImage
from ..measure.voi import VOIResult
from ..measure.voi_mask import Sphere
from .fit import WALL_MM
from .model import SphereParameters, fit_box


@dataclass(frozen=True, eq=False)
class FitResidual:
    """
    The voxels around one sphere and what the fit makes of them.

    Attributes
    ----------
    label : str
        Name of the sphere.

    first_ijk : (3,) `numpy.ndarray` of int
        Index of the first voxel of the box.

    image, model : (K, J, I) `numpy.ndarray` of float32
        Voxel values, in the unit of the image. `image` is NaN where the fit
        did not look: far away, beside another sphere, outside the image.

    contrast : float
        Fitted signal minus fitted background.
    """

    label: str
    first_ijk: npt.NDArray[np.int64]
    image: npt.NDArray[np.float32]
    model: npt.NDArray[np.float32]
    contrast: float

    @property
    def difference(self) -> npt.NDArray[np.float32]:
        """Image minus model."""
        return self.image - self.model

    @property
    def rms_percent(self) -> float:
        """Root mean square of the difference, in percent of the contrast."""
        mean_square = float(np.nanmean(np.square(self.difference, dtype=np.float64)))
        return 100.0 * math.sqrt(mean_square) / abs(self.contrast)


def fit_residual(
    image: PETImage, voi: VOIResult, others: Sequence[VOIResult], *, wall_mm: float = WALL_MM
) -> FitResidual | None:
    """
    Evaluate the model of one sphere again.

    Parameters
    ----------
    image : PETImage
        The scan.

    voi : VOIResult
        The sphere with its fit.

    others : sequence of VOIResult
        Objects whose voxels are left out; the sphere itself among them does not count.

    wall_mm : float, optional
        Thickness of the cold wall.

    Returns
    -------
    residual : FitResidual or None
        None without an accepted fit, or where its resolution ran to the end
        of its range and is not known.
    """
    parameters = _parameters(voi)
    if parameters is None:
        return None
    start = Sphere(voi.label, parameters.center_ras_mm, voi.insert.diameter_mm)
    neighbors = [
        Sphere(other.label, other.center_ras_mm, other.insert.diameter_mm)
        for other in others
        if other.label != voi.label
    ]
    box = fit_box(image, start, hot=voi.insert.hot, wall_mm=wall_mm, others=neighbors)
    return FitResidual(
        label=voi.label,
        first_ijk=box.model.first_ijk,
        image=np.where(box.use, box.values, np.float32(np.nan)),
        model=box.model.image(parameters),
        contrast=parameters.signal - parameters.background,
    )


def _parameters(voi: VOIResult) -> SphereParameters | None:
    fit = voi.fit
    if fit is None or not fit.accepted or fit.signal is None or fit.background is None:
        return None
    if fit.fwhm_in_plane_mm is None or fit.fwhm_axial_mm is None or fit.signal == fit.background:
        return None
    return SphereParameters(
        fit.center_ras_mm, fit.signal, fit.background, fit.fwhm_in_plane_mm, fit.fwhm_axial_mm
    )
