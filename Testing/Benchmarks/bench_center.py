"""
Error of every way to find a center, against the smallest possible one.

Run from the project root (about 20 minutes for 24 draws):
``PYTHONPATH=VOIIdentification:Testing/Python python Testing/Benchmarks/bench_center.py [draws]``

Six spheres on the ring of the IEC body phantom, wall 1 mm, at random places
below a voxel; the closed form of a ball in a Gaussian (`ball_truth`), averaged
over each voxel. The variance of the noise grows with the signal. It is white noise
blurred with a FWHM of 4 mm, and 1 % of it white, so that no frequency is free of
noise. A click is up to 3 voxels (2 at 4 mm) and one slice off. Columns, all in
mm, root mean square of the distance in space:

* original: 400 candidates of the seed script, its circles, the right spacing
* voxel: the whole voxel with the highest mean (partial voxels)
* search: the maximum of the polynomial through the means
* fit: the model fit
* bound: Cramer-Rao, for a known noise spectrum, from the closed form
* fit/bound: pooled over the spheres, each counted in units of its bound
* inside: part of the coordinates within one claimed standard uncertainty
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from ball_truth import FWHM_PER_SIGMA, blurred_ball, noise_transfer, voxel_points
from scipy.signal import fftconvolve
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.locate.refine import fit_together
from VOIIdentificationLib.locate.search import search_highest_mean
from VOIIdentificationLib.measure.voi import seeded
from VOIIdentificationLib.sphere_fit.fit import fit_spheres

DIAMETERS_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)
VOXELS_MM = ((1.65, 1.65, 2.0), (2.73, 2.73, 3.27), (4.0, 4.0, 4.0))
RING_MM = 57.2
MARGIN_MM = 16.0
NOISE_FWHM_MM = 4.0
WHITE_PART = 0.01
METHODS = ('original', 'voxel', 'search', 'fit')


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    spacing_mm: tuple[float, float, float]
    fwhm_mm: float
    cov: float
    contrast: float

    def geometry(self) -> VolumeGeometry:
        """Grid of the whole ring, with room for the searches."""
        reach_mm = np.array([RING_MM + 24.0, RING_MM + 24.0, 32.0])
        shape = np.add(np.ceil(2 * reach_mm / self.spacing_mm).astype(int), [18, 18, 6])
        matrix = np.diag([*self.spacing_mm, 1.0])
        matrix[:3, 3] = -np.array(self.spacing_mm) * (shape - 1) / 2
        return VolumeGeometry(tuple(int(n) for n in shape[::-1]), matrix)


def add_sphere(image, geometry, center, diameter_mm, setting):
    """Add what a sphere changes in a background of 1, on the box around it."""
    slices, box = local_box(geometry, center, diameter_mm)
    image[slices] += sphere_values(box, center, diameter_mm, setting.fwhm_mm, setting.contrast) - 1


def local_box(geometry, center, diameter_mm):
    """Slices and grid of the box around a sphere, cut to the image."""
    half = (diameter_mm / 2 + MARGIN_MM) / geometry.spacing_ijk_mm
    middle = geometry.index_ijk(center)
    low = np.maximum(np.ceil(middle - half).astype(int), 0)
    high = np.minimum(np.floor(middle + half).astype(int) + 1, geometry.size_ijk)
    matrix = geometry.ijk_to_ras.copy()
    matrix[:3, 3] = geometry.position_ras_mm(low)
    slices = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return slices, VolumeGeometry(tuple(int(n) for n in (high - low)[::-1]), matrix)


def sphere_values(box, center, diameter_mm, fwhm_mm, signal, background=1.0):
    """Sphere, wall and background on a box, each voxel averaged at 27 points."""
    radii = np.arange(0.0, 80.0, 0.02)
    sigma = fwhm_mm / FWHM_PER_SIGMA
    profile = signal * blurred_ball(radii, diameter_mm / 2, sigma)
    profile += background * (1 - blurred_ball(radii, diameter_mm / 2 + 1.0, sigma))
    k, j, i = np.indices(box.shape_kji)
    relative = box.position_ras_mm(np.stack([i, j, k], axis=-1)) - np.asarray(center)
    values = np.zeros(box.shape_kji)
    for offset, weight in zip(*voxel_points(box, 3), strict=True):
        distance = np.sqrt(np.sum((relative + offset) ** 2, axis=-1))
        values += weight * np.interp(distance, radii, profile)
    return values


def bound_mm(geometry, center, diameter_mm, setting):
    """Cramer-Rao bound of the distance in space, signal, background and blur unknown."""
    _, box = local_box(geometry, center, diameter_mm)

    def values(move=(0, 0, 0), fwhm=0.0, signal=0.0, background=0.0):
        return sphere_values(
            box,
            np.add(center, move),
            diameter_mm,
            setting.fwhm_mm + fwhm,
            setting.contrast + signal,
            1.0 + background,
        )

    step = 0.05
    pairs = [(values(move=step * e), values(move=-step * e)) for e in np.eye(3)]
    pairs += [(values(**{n: step}), values(**{n: -step})) for n in ('fwhm', 'signal', 'background')]
    model = values()
    sd = setting.cov * np.sqrt(np.maximum(model, 0.05))
    derivatives = np.array([(a - b) / (2 * step) / sd for a, b in pairs])
    power = noise_power(box, box.shape_kji, NOISE_FWHM_MM)
    spectra = np.fft.fftn(derivatives, axes=(1, 2, 3)).reshape(6, -1)
    information = (spectra / power.ravel() @ spectra.conj().T).real / model.size
    return np.sqrt(np.trace(np.linalg.inv(information)[:3, :3]))


def noise_power(geometry, shape_kji, fwhm_mm):
    """Full spectrum of the noise of unit variance."""
    half = noise_transfer(geometry, shape_kji, fwhm_mm)
    mirrored = [-np.arange(n) % n for n in shape_kji]
    full = np.empty(shape_kji)
    full[..., : half.shape[-1]] = half
    rest = np.arange(half.shape[-1], shape_kji[2])
    full[..., rest] = half[np.ix_(mirrored[0], mirrored[1], shape_kji[2] - rest)]
    return (1 - WHITE_PART) * full**2 + WHITE_PART


def noisy(clean, geometry, setting, rng):
    """Add the noise."""
    power = noise_power(geometry, geometry.shape_kji, NOISE_FWHM_MM)
    white = np.fft.fftn(rng.standard_normal(clean.shape))
    noise = np.fft.ifftn(white * np.sqrt(power)).real
    return clean + setting.cov * np.sqrt(np.maximum(clean, 0.05)) * noise


def original_center(image, click_ijk, diameter_mm):
    """The seed script's search with the right spacing: hard circles, -5..+4 and -2..+1."""
    dx, _, dz = image.geometry.spacing_ijk_mm
    count = round(diameter_mm / dz)
    reach = int(diameter_mm / 2 / dx) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    i, j, k = click_ijk
    best = (-np.inf, click_ijk)
    for z in range(k - 2, k + 2):
        first = int(z - count / 2)
        total, voxels = np.zeros((10, 10)), 0
        for index in range(int(z + count / 2) - first + 1):
            square = (diameter_mm / 2) ** 2 - ((count / 2 - index) * dz) ** 2
            circle = np.hypot(x, y) <= np.sqrt(max(square, 0.0)) / dx
            part = image.voxels[
                first + index, j - 5 - reach : j + 5 + reach, i - 5 - reach : i + 5 + reach
            ]
            total += fftconvolve(part, circle[::-1, ::-1].astype(float), mode='valid')
            voxels += circle.sum()
        row, column = np.unravel_index(total.argmax(), total.shape)
        best = max(best, (total.max() / voxels, (i - 5 + column, j - 5 + row, z)))
    return image.geometry.position_ras_mm(best[1])


def one_draw(setting, rng):
    """Truth and what each method finds; CPU milliseconds of the fit per sphere."""
    geometry = setting.geometry()
    turn, shift = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5, 3) * setting.spacing_mm
    angles = turn + np.pi / 3 * np.arange(6)
    centers = RING_MM * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) + shift
    clean = np.ones(geometry.shape_kji)
    for center, diameter in zip(centers, DIAMETERS_MM, strict=True):
        add_sphere(clean, geometry, center, diameter, setting)
    image = PETImage(noisy(clean, geometry, setting, rng).astype(np.float32), geometry)
    found = {name: [] for name in METHODS}
    searched = []
    off = 2 if setting.spacing_mm[0] >= 4 else 3
    for center, diameter in zip(centers, DIAMETERS_MM, strict=True):
        click = np.rint(geometry.index_ijk(center)).astype(int)
        click += [*rng.integers(-off, off + 1, 2), rng.integers(-1, 2)]
        found['original'].append(original_center(image, tuple(click.tolist()), diameter))
        insert = Insert(f'S{diameter:g}', diameter)
        seed = seeded(insert, tuple(geometry.position_ras_mm(click).tolist()))
        searched.append(search_highest_mean(image, seed, (), Settings()))
        table = searched[-1].search
        found['voxel'].append(geometry.position_ras_mm(table.index_ijk[np.nanargmax(table.mean)]))
        found['search'].append(searched[-1].center_ras_mm)
    start = time.process_time()
    fits = fit_spheres(image, [one.solid for one in searched])
    milliseconds = (time.process_time() - start) * 1e3 / 6
    found['fit'] = [fit.center_ras_mm for fit in fits]
    scores = [
        np.subtract(fit.center_ras_mm, center) / fit.center_sd_ras_mm
        for fit, center in zip(fits, centers, strict=True)
        if fit.accepted
    ]
    located, _ = fit_together(image, searched, load_phantom('NEMA IEC body'))
    found['located'] = [sphere.center_ras_mm for sphere in located]
    errors = {
        name: np.linalg.norm(np.subtract(points, centers), axis=1) for name, points in found.items()
    }
    return errors, np.concatenate(scores) if scores else np.zeros(0), milliseconds, centers


def run(setting, draws, seed):
    """All draws of one setting."""
    rng = np.random.default_rng(seed)
    results = [one_draw(setting, rng) for _ in range(draws)]
    errors = {name: np.array([r[0][name] for r in results]) for name in (*METHODS, 'located')}
    geometry = setting.geometry()
    bounds = np.array(
        [
            bound_mm(geometry, center, diameter, setting)
            for center, diameter in zip(results[0][3], DIAMETERS_MM, strict=True)
        ]
    )
    scores = np.concatenate([r[1] for r in results])
    return errors, bounds, scores, float(np.median([r[2] for r in results]))


def print_setting(setting, errors, bounds, scores, milliseconds):
    """One block of the table."""
    x, y, z = setting.spacing_mm
    print(
        f'\nvoxels {x:g} x {y:g} x {z:g} mm, FWHM {setting.fwhm_mm:g} mm, '
        f'COV {100 * setting.cov:g} %, contrast {setting.contrast:g}; '
        f'fit {milliseconds:.1f} ms per sphere'
    )
    print(f'{"mm":>4} ' + ''.join(f'{name:>9}' for name in (*METHODS, 'bound')))
    for n, diameter in enumerate(DIAMETERS_MM):
        row = [np.sqrt(np.mean(errors[name][:, n] ** 2)) for name in METHODS] + [bounds[n]]
        print(f'{diameter:4g} ' + ''.join(f'{value:9.2f}' for value in row))
    row = [np.sqrt(np.mean(errors[name] ** 2)) for name in METHODS] + [np.sqrt(np.mean(bounds**2))]
    print(' all ' + ''.join(f'{value:9.2f}' for value in row), end='')
    inside = np.mean(np.abs(scores) < 1) if len(scores) else np.nan
    print(f'   fit/bound {ratio(errors, bounds):.2f}   inside {100 * inside:.0f} %', flush=True)


def ratio(errors, bounds):
    """Root mean square error in units of the bound, pooled."""
    return float(np.sqrt(np.mean((errors['fit'] / bounds) ** 2)))


def main():
    """Print all settings, then what is asked of them."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    blocks = []
    for spacing in VOXELS_MM:
        for fwhm in (5.0, 6.0, 7.0):
            for cov in (0.1, 0.2):
                for contrast in (2.0, 4.0, 8.0):
                    setting = Setting(spacing, fwhm, cov, contrast)
                    block = run(setting, draws, len(blocks))
                    print_setting(setting, *block)
                    blocks.append((setting, *block))
    print()
    for cov in (0.1, 0.2):
        some = [b for b in blocks if b[0].contrast >= 4 and b[0].cov == cov]
        pooled = np.sqrt(np.mean([ratio(b[1], b[2]) ** 2 for b in some]))
        print(f'fit/bound pooled, contrast >= 4, COV {100 * cov:g} %: {pooled:.3f}')
    scores = np.concatenate([b[3] for b in blocks if b[0].contrast >= 4])
    inside = 100 * np.mean(np.abs(scores) < 1)
    print(f'coordinates within one claimed SD, contrast >= 4: {inside:.1f} %')
    print(f'fit, CPU per sphere: {max(b[4] for b in blocks):.1f} ms in the slowest setting')
    weak = [b for b in blocks if b[0].contrast == 2.0 and b[0].cov == 0.2]
    for name in ('search', 'fit', 'located'):
        far = np.percentile(np.concatenate([b[1][name][:, 5] for b in weak]), 95)
        print(f'10 mm at 2:1 and COV 20 %, 95th percentile of {name}: {far:.1f} mm')


if __name__ == '__main__':
    main()
