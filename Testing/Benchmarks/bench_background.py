"""
Background ROIs on random poses, and background variability against 10,000 ROI sets.

Run from the project root, with ``VOIIdentification`` and ``Testing/Python`` on
``PYTHONPATH`` (about two minutes): ``python Testing/Benchmarks/bench_background.py [poses]``

Placement: the phantom drawn from formulas, ring and body turned by any angle,
tilted up to 2 degrees, mirrored, moved; voxel COV 35 %. Every distance is
measured again on the formulas. "off" is the largest difference of a reported
distance; "least" the smallest true distance to anything.

Variability: white noise and noise of 6 mm FWHM. The variance of a ROI mean
follows from the ROI's weights and the noise's covariance; 10,000 sets of 60
means are drawn from it. N of the code, over 100 noise images, must lie within
3 standard errors of the mean of these sets.
"""

import sys
import time

import numpy as np
from drawn_body import distances_again, draw, random_pose
from scipy import ndimage
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.evaluate.background import background_level
from VOIIdentificationLib.evaluate.roi_placement import (
    ROI_COUNT,
    BackgroundPlacement,
    BackgroundROI,
    place_background,
)
from VOIIdentificationLib.measure.statistics import slice_roi

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
SETS = 10_000
IMAGES = 100
VOXEL_COV = 0.10


def placement_table(poses):
    """One line: how the rules fared over all poses."""
    counts, least, off, flagged, wrong, cpu_s = [], [], [], [], 0, 0.0
    for seed in range(poses):
        pose = random_pose(np.random.default_rng(seed))
        image, spheres = draw(pose, noise=0.35, seed=seed)
        start = time.process_time()
        placement = place_background(image, spheres)
        cpu_s += time.process_time() - start
        edge, sphere, lung, neighbor = distances_again(pose, placement)
        reported = np.array(
            [(r.edge_distance_mm, r.sphere_distance_mm, r.lung_distance_mm) for r in placement.rois]
        ).T
        counts.append(len(placement.rois))
        least.append([d.min() for d in (edge, sphere, lung, neighbor)])
        off.append(np.abs(reported - [edge, sphere, lung]).max(axis=1))
        flagged.append(sum(bool(roi.flags) for roi in placement.rois))
        wrong += sum(not rules_told(roi) for roi in placement.rois)
    least, off = np.min(least, axis=0), np.max(off, axis=0)
    print(f'{poses} poses, {cpu_s / poses:.2f} s CPU each')
    print(f'  poses with {ROI_COUNT} ROIs: {np.sum(np.array(counts) == ROI_COUNT)}')
    names = ('edge', 'sphere', 'lung', 'neighbor')
    print('  least:', ', '.join(f'{n} {d:.1f} mm' for n, d in zip(names, least, strict=True)))
    print('  off:  ', ', '.join(f'{n} {d:.1f} mm' for n, d in zip(names[:3], off, strict=True)))
    print(f'  ROIs flagged: {np.mean(flagged):.1f} of {ROI_COUNT} on average')
    print(f'  rules neither kept nor flagged: {wrong}')


def rules_told(roi):
    """Whether each broken rule that can be kept is a flag, and no other."""
    expected = {
        Flag.ROI_NEAR_LUNG: roi.lung_distance_mm < 0,
        Flag.ROI_OVERLAPS: roi.neighbor_distance_mm < 0,
    }
    return set(roi.flags) == {flag for flag, broken in expected.items() if broken}


def twelve_rois():
    """A grid with twelve ROIs far from each other; 2.2 x 1.8 x 4 mm."""
    matrix = np.diag([2.2, 1.8, 4.0, 1.0])
    geometry = VolumeGeometry((16, 96, 104), matrix)
    places = [(i, j) for j in (18, 46, 74) for i in (16, 36, 56, 80)]
    rois = tuple(
        BackgroundROI(f'BG{n:02d}', (2.2 * i, 1.8 * j, 32.0), 20.0, 20.0, 20.0, 5.0)
        for n, (i, j) in enumerate(places, start=1)
    )
    return geometry, BackgroundPlacement(rois, 37.0, 8, (2, 5, 8, 11, 14), None, 5000.0)


def variability_table():
    """N of the code against drawn ROI sets and against the pooled voxel SD."""
    geometry, placement = twelve_rois()
    print(f'N, {IMAGES} images against {SETS} drawn sets of 60 ROI means, voxel COV 10 %')
    print('  noise    mm   N code %   N sets %   difference / standard error   pooled / N')
    for fwhm_mm in (0.0, 6.0):
        sigma_ji = np.array([fwhm_mm / 1.8, fwhm_mm / 2.2]) / FWHM_PER_SIGMA
        images = [noise_image(geometry, sigma_ji, seed) for seed in range(IMAGES)]
        for diameter_mm in (10.0, 13.0, 17.0, 22.0, 28.0, 37.0):
            found = [
                background_level(image, placement, diameter_mm).variability_percent
                for image in images
            ]
            drawn = drawn_sets(geometry, placement, diameter_mm, sigma_ji)
            error = np.hypot(np.std(found) / np.sqrt(IMAGES), drawn.std() / np.sqrt(SETS))
            distance = (np.mean(found) - drawn.mean()) / error
            kind = f'{fwhm_mm:g} mm' if fwhm_mm else 'white'
            print(
                f'  {kind:6} {diameter_mm:4g} {np.mean(found):10.3f} {drawn.mean():10.3f} '
                f'{distance:29.1f} {100 * VOXEL_COV / np.mean(found):12.1f}'
            )


def noise_image(geometry, sigma_ji, seed):
    """Background 5000 with in-plane correlated noise."""
    noise = np.random.default_rng(seed).standard_normal(geometry.shape_kji)
    noise = ndimage.gaussian_filter(noise, (0, *sigma_ji), mode='wrap') / gain(sigma_ji)
    return PETImage((5000 * (1 + VOXEL_COV * noise)).astype(np.float32), geometry)


def kernel(sigma_ji):
    """Response of the noise filter to one pixel."""
    impulse = np.zeros((61, 61))
    impulse[30, 30] = 1.0
    return ndimage.gaussian_filter(impulse, sigma_ji) if max(sigma_ji) else impulse


def gain(sigma_ji):
    """SD of filtered unit noise."""
    return np.sqrt(np.sum(kernel(sigma_ji) ** 2))


def drawn_sets(geometry, placement, diameter_mm, sigma_ji):
    """N of sets of 60 means drawn from their normal distribution; ROIs are independent."""
    response = kernel(sigma_ji) / gain(sigma_ji)
    correlation = ndimage.correlate(response, response, mode='constant')
    sds = []
    for roi in placement.rois:
        weights = slice_roi(geometry, roi.center_ras_mm, diameter_mm, 8).weights[0]
        spread = ndimage.convolve(np.pad(weights, 30), correlation, mode='constant')
        variance = np.sum(np.pad(weights, 30) * spread) / weights.sum() ** 2
        sds.append(VOXEL_COV * np.sqrt(variance))
    draws = np.random.default_rng(1).standard_normal((SETS, 5, len(sds))) * sds
    means = 1 + draws.reshape(SETS, -1)
    return 100 * means.std(axis=1, ddof=1) / means.mean(axis=1)


if __name__ == '__main__':
    placement_table(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    variability_table()
