"""Peak: the mean in one cubic centimeter inside a VOI."""

from __future__ import annotations

import numpy as np

from ..core.image import PETImage
from .moving_voi import centered_mean
from .statistics import HALF_INSIDE
from .voi_mask import Sphere, VOIMask, kernel_mask

PEAK_VOLUME_MM3 = 1000.0
"""Volume of the peak sphere, 1 cm3 (PERCIST)."""

PEAK_DIAMETER_MM = 2 * (3 * PEAK_VOLUME_MM3 / (4 * np.pi)) ** (1 / 3)
"""Its diameter, 12.407 mm."""


def voi_peak(image: PETImage, mask: VOIMask) -> tuple[float | None, float | None]:
    """
    Peak of one VOI, in both variants.

    Parameters
    ----------
    image : PETImage
        The image; values in its unit.

    mask : VOIMask
        The VOI over which the 1 cm3 sphere is moved.

    Returns
    -------
    highest : float or None
        Highest mean in 1 cm3, centered on any voxel at least half inside the
        VOI, partial voxels counted by volume; None where it does not fit into the image.

    at_max : float or None
        Mean in 1 cm3 centered on the highest of these voxels.

    Notes
    -----
    The sphere may reach beyond the VOI (it is wider than the 10 mm sphere),
    but not beyond the image.
    """
    core = mask.weights >= HALF_INSIDE
    sphere = Sphere('peak', (0.0, 0.0, 0.0), PEAK_DIAMETER_MM)
    kernel = kernel_mask(sphere, image.geometry).weights
    means = centered_mean(image.voxels, kernel, mask.slices_kji)
    values = image.voxels[mask.slices_kji]
    usable = core & np.isfinite(means) & np.isfinite(values)
    if not usable.any():
        return None, None
    at_max = np.unravel_index(int(np.argmax(np.where(usable, values, -np.inf))), values.shape)
    return float(means[usable].max()), float(means[at_max])
