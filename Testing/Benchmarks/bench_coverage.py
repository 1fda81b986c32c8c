"""
Do the claimed uncertainties hold? 500 noise draws of the same six spheres.

Run from the project root (about 3 minutes):
``PYTHONPATH=VOIIdentification:Testing/Python python Testing/Benchmarks/bench_coverage.py [draws]``

Of intervals of one standard uncertainty 68 % should hold the truth, of two
95 %. A mean's truth is that of the image without noise, at the true center.
"""

from __future__ import annotations

import sys

import numpy as np
from bench_center import DIAMETERS_MM, RING_MM, Setting, add_sphere, noisy
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask
from VOIIdentificationLib.sphere_fit.fit import fit_spheres

SETTINGS = (
    Setting((2.73, 2.73, 3.27), 6.0, 0.1, 4.0),
    Setting((2.73, 2.73, 3.27), 5.0, 0.2, 8.0),
    Setting((4.0, 4.0, 4.0), 7.0, 0.1, 4.0),
)


def scores(setting, draws, rng):
    """Errors over claimed uncertainties: of centers (draws, 6, 3), of means (draws, 6)."""
    geometry = setting.geometry()
    angles = 0.3 + np.pi / 3 * np.arange(6)
    centers = RING_MM * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) + 0.4
    clean = np.ones(geometry.shape_kji)
    for center, diameter in zip(centers, DIAMETERS_MM, strict=True):
        add_sphere(clean, geometry, center, diameter, setting)
    spheres = [
        Sphere(f'S{d:g}', tuple(c.tolist()), d) for c, d in zip(centers, DIAMETERS_MM, strict=True)
    ]
    masks = [voi_mask(sphere, geometry) for sphere in spheres]
    of_centers, of_means = [], []
    for _ in range(draws):
        image = PETImage(noisy(clean, geometry, setting, rng).astype(np.float32), geometry)
        for fit, mask, center in zip(fit_spheres(image, spheres), masks, centers, strict=True):
            if not fit.accepted:
                continue
            of_centers.append(np.subtract(fit.center_ras_mm, center) / fit.center_sd_ras_mm)
            noise = (image.voxels - clean)[mask.slices_kji]
            of_means.append(np.average(noise, weights=mask.weights) / fit.mean_sd)
    return np.array(of_centers), np.array(of_means)


def main():
    """Print a line for each setting."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for n, setting in enumerate(SETTINGS):
        pair = scores(setting, draws, np.random.default_rng(n))
        parts = [
            f'{name}: {100 * np.mean(np.abs(s) < 1):.1f} % within one, '
            f'{100 * np.mean(np.abs(s) < 2):.1f} % within two'
            for name, s in zip(('centers', 'means'), pair, strict=True)
        ]
        print(
            f'voxels {setting.spacing_mm[0]:g} mm, FWHM {setting.fwhm_mm:g} mm, '
            f'COV {100 * setting.cov:g} %, contrast {setting.contrast:g}, {draws} draws: '
            + '; '.join(parts),
            flush=True,
        )


if __name__ == '__main__':
    main()
