"""
The search for the highest mean against the original script's loops.

Six spheres on a 400 x 400 x 150 volume of 1.65 x 1.65 x 2 mm. The original's
method, rewritten: for each of 400 candidates, for each slice of the stack, a
circular mask over the whole slice, a masked copy of it, and the pixels
collected in a list for mean and maximum. Ours: the same 400 candidates and the
same voxels, the means as one correlation on the box; then the maxima, which
the search itself does not need. Process time of one run; the ratios count.
"""

import itertools
import time

import numpy as np
from VOIIdentificationLib.measure.moving_voi import windowed_maximum, windowed_mean

SHAPE_KJI = (150, 400, 400)
PIXEL_MM, SLICE_MM = 1.65, 2.0
DIAMETERS_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)
# The original's candidates: half-open ranges, so that +5 and +2 are never tried.
OFFSETS_K, OFFSETS_J, OFFSETS_I = range(-2, 2), range(-5, 5), range(-5, 5)
REPEATS = 50


def circle_radii_px(diameter_mm):
    """Radius of each circle of the original's stack; 0 still takes one voxel."""
    n = round(diameter_mm / SLICE_MM)
    heights = (n / 2 - np.arange(int(n / 2) + int(np.ceil(n / 2)) + 1)) * SLICE_MM
    return np.sqrt(np.maximum((diameter_mm / 2) ** 2 - heights**2, 0)) / PIXEL_MM


def first_slice(center_k, diameter_mm):
    """Where the stack begins; its middle lies half a slice off for odd numbers."""
    return int(center_k - round(diameter_mm / SLICE_MM) / 2)


def loop_search(volume, center_kji, diameter_mm):
    """Mean and maximum at each candidate, by masks over whole slices."""
    found = []
    rows, columns = np.ogrid[: volume.shape[1], : volume.shape[2]]
    radii = circle_radii_px(diameter_mm)
    for dk, dj, di in itertools.product(OFFSETS_K, OFFSETS_J, OFFSETS_I):
        k, j, i = center_kji[0] + dk, center_kji[1] + dj, center_kji[2] + di
        pixels = []
        for n, radius in enumerate(radii, first_slice(k, diameter_mm)):
            mask = np.sqrt((rows - j) ** 2 + (columns - i) ** 2) <= radius
            np.where(mask, volume[n], np.nan)  # the original keeps it for a table
            pixels.extend(volume[n][mask])
        found.append((np.mean(pixels), np.max(pixels)))
    shape = (len(OFFSETS_K), len(OFFSETS_J), len(OFFSETS_I))
    return [np.reshape(values, shape) for values in zip(*found, strict=True)]


def stack_and_box(volume, center_kji, diameter_mm):
    """The original's voxels as weights, and the box that all candidates need."""
    radii = circle_radii_px(diameter_mm)
    half = int(radii.max())
    rows, columns = np.ogrid[-half : half + 1, -half : half + 1]
    weights = (np.hypot(rows, columns) <= radii[:, None, None]).astype(float)
    k = first_slice(center_kji[0] + OFFSETS_K[0], diameter_mm)
    j, i = center_kji[1] + OFFSETS_J[0] - half, center_kji[2] + OFFSETS_I[0] - half
    size_k, size_j, size_i = np.add(weights.shape, (3, 9, 9))
    return weights, volume[k : k + size_k, j : j + size_j, i : i + size_i]


def fast_means(volume, center_kji, diameter_mm):
    """Mean at each candidate by one correlation."""
    weights, box = stack_and_box(volume, center_kji, diameter_mm)
    return windowed_mean(box, weights)


def fast_maxima(volume, center_kji, diameter_mm):
    """Maximum at each candidate by running maxima."""
    weights, box = stack_and_box(volume, center_kji, diameter_mm)
    return windowed_maximum(box, weights > 0)


def cpu_seconds(function, *args, repeats=1):
    """Result and process time of one call."""
    start = time.process_time()
    for _ in range(repeats):
        value = function(*args)
    return value, (time.process_time() - start) / repeats


def sphere_places():
    """Six voxels on a ring, all different."""
    for n, diameter_mm in enumerate(DIAMETERS_MM):
        angle = np.radians(60 * n)
        yield (
            (70 + n, round(200 + 35 * np.sin(angle)), round(200 + 35 * np.cos(angle))),
            diameter_mm,
        )


def main():
    """Print one line a sphere and one for all."""
    volume = np.random.default_rng(1).gamma(10.0, 500.0, SHAPE_KJI)
    line = '{:>6} {:>9} {:>9} {:>11} {:>9} {:>11} {:>10} {:>12}'
    print(
        line.format(
            'mm',
            'loops s',
            'means ms',
            'maxima ms',
            'ratio',
            'with maxima',
            'same best',
            'differ by',
        )
    )
    total = np.zeros(3)
    for center, diameter_mm in sphere_places():
        case = (volume, center, diameter_mm)
        (means, maxima), loops_s = cpu_seconds(loop_search, *case)
        fast_means(*case)  # the first call plans the transforms
        fast, means_s = cpu_seconds(fast_means, *case, repeats=REPEATS)
        highest, maxima_s = cpu_seconds(fast_maxima, *case, repeats=REPEATS)
        assert np.array_equal(highest, maxima)
        same = 'yes' if np.argmax(means) == np.argmax(fast) else 'NO'
        difference = f'{np.abs(fast / means - 1).max():.0e}'
        total += (loops_s, means_s, maxima_s)
        print(
            line.format(f'{diameter_mm:g}', *columns(loops_s, means_s, maxima_s), same, difference)
        )
    print(line.format('all', *columns(*total), '', ''))


def columns(loops_s, means_s, maxima_s):
    """Times and ratios as text."""
    return (
        f'{loops_s:.3f}',
        f'{means_s * 1e3:.3f}',
        f'{maxima_s * 1e3:.3f}',
        f'{loops_s / means_s:.0f}',
        f'{loops_s / (means_s + maxima_s):.0f}',
    )


if __name__ == '__main__':
    main()
