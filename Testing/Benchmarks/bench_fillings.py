"""
Both fillings of NEMA NU 2, a wrong voxel size, and EARL's Lu-177 set-up, found without seeds.

Run from the project root (about 20 minutes of one processor):
``PYTHONPATH=VOIIdentification python Testing/Benchmarks/bench_fillings.py [poses] [first]``

Poses are dealt to all spheres hot and to 28 and 37 mm cold, each at contrast 4,
8 and 10 and COV 5 to 15 %; the phantom is always that with all spheres hot. A
pose is wrong if a sphere is more than 8 mm from its place, or measured as hot
where it is cold, or the other way round. Each is analyzed again with a voxel
size 2.5 % too large in its header, which must be flagged, and the first never.
Every fourth is analyzed without noise: Q is compared with that by 25 x 25
points in every pixel at the true places, and the background that was filled in.
A quarter as many poses are of EARL's Lu-177 set-up: FWHM 14 mm, COV up to 20 %.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.errors import PhantomError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, load_phantom
from VOIIdentificationLib.results import AnalysisResult
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import Activities, Noise, Pose, SyntheticPhantom, grid
from VOIIdentificationLib.synthetic.truth import Truth

PRESET = load_phantom('NEMA IEC body')
LUTETIUM = load_phantom('EARL Lu-177 SPECT')
COLD = ('S28', 'S37')
CONTRASTS = (4.0, 8.0, 10.0)
BACKGROUND = 5000.0
WRONG_MM = 8.0
WRONG_SCALE = 1.025
SPACING_MM = (2.73, 2.65, 3.27)


def filled_scene(seed: int, contrast: float, cold: tuple[str, ...]) -> SyntheticPhantom:
    """A random pose across the slices, its middle near that of a slice."""
    rng = np.random.default_rng(seed)
    geometry = grid((120, 112, 56), SPACING_MM)
    middle = geometry.position_ras_mm((0, 0, 36))[2] + rng.uniform(-0.35, 0.35) * SPACING_MM[2]
    turned = 180.0 if rng.random() < 0.3 else 0.0
    inserts = tuple(replace(one, hot=one.label not in cold) for one in PRESET.inserts)
    return SyntheticPhantom(
        geometry=geometry,
        phantom=replace(PRESET, inserts=inserts),
        pose=Pose(
            rotation_deg=rng.uniform(0, 360),
            tilt_deg=turned,
            mirrored=bool(rng.random() < 0.5),
            offset_ras_mm=(rng.uniform(-15, 15), rng.uniform(-15, 15), float(middle)),
        ),
        activities=Activities(hot=contrast * BACKGROUND, background=BACKGROUND),
        psf=PSF(rng.uniform(4.5, 7.0)),
        noise=Noise(rng.uniform(0.05, 0.15), 4.5, grows_with_signal=True),
        random_seed=seed,
    )


def lutetium_scene(seed: int) -> SyntheticPhantom:
    """Hot spheres in nothing; the noise grows with the signal, as of a reconstruction."""
    rng = np.random.default_rng(seed)
    spacing = ((4.42, 4.5, 4.3), (2.46, 2.4, 2.5), (4.8, 4.7, 4.2))[seed % 3]
    i, j, k = np.rint(np.array([420.0, 400.0, 300.0]) / spacing).astype(int).tolist()
    return SyntheticPhantom(
        geometry=grid((i, j, k), spacing, mirrored=bool(rng.random() < 0.3)),
        phantom=LUTETIUM,
        pose=Pose(
            rotation_deg=rng.uniform(0, 360),
            tilt_deg=rng.uniform(0, 10) + (180.0 if rng.random() < 0.3 else 0.0),
            tilt_axis_deg=rng.uniform(0, 360),
            mirrored=bool(rng.random() < 0.5),
            offset_ras_mm=tuple((rng.uniform(-1, 1, 3) * (30.0, 30.0, 20.0)).tolist()),
        ),
        activities=Activities(hot=20_000.0, background=0.0),
        psf=PSF(14.0),
        noise=Noise(float(rng.choice([0.05, 0.1, 0.2, 0.2])), rng.uniform(5, 10), True),
        lung_diameter_mm=0.0,
        random_seed=seed,
    )


def judged(result: AnalysisResult, truth: Truth) -> str:
    """Whether every sphere is where it is, hot or cold as it is."""
    found = {one.label: one for one in result.spheres}
    for true in truth.inserts:
        one = found.get(true.insert.label)
        if one is None or one.insert.hot != true.insert.hot:
            return 'WRONG'
        if np.linalg.norm(np.subtract(one.center_ras_mm, true.center_ras_mm)) > WRONG_MM:
            return 'WRONG'
    return 'found'


def is_flagged(image: PETImage) -> bool:
    """Whether the ring is said to contradict the voxel size."""
    return Flag.RING_SCALE in analyze(image, (), PRESET).flags


def scaled(image: PETImage) -> PETImage:
    """The same voxels, 2.5 % too large in the header."""
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, :3] *= WRONG_SCALE
    return replace(image, geometry=VolumeGeometry(image.geometry.shape_kji, matrix))


def true_contrast_percent(truth: Truth, insert: Insert, center_ras_mm: tuple[float, ...]) -> float:
    """Q of a sphere in the slice nearest to its center, every pixel strewn with points."""
    scene = truth.scene
    geometry = scene.geometry
    i, j, k = geometry.index_ijk(np.array(center_ras_mm))
    reach = insert.diameter_mm / 2 / min(SPACING_MM[:2]) + 1
    columns = np.arange(int(i - reach), int(i + reach) + 2)
    rows = np.arange(int(j - reach), int(j + reach) + 2)
    fine = (np.arange(25) + 0.5) / 25 - 0.5
    x = (columns[:, None] + fine - i) * SPACING_MM[0]
    y = (rows[:, None] + fine - j) * SPACING_MM[1]
    inside = np.hypot(x[None, :, None, :], y[:, None, :, None]) <= insert.diameter_mm / 2
    weights = inside.mean(axis=(2, 3))
    values = truth.noise_free[round(k)][np.ix_(rows, columns)]
    ratio = float(np.sum(weights * values) / weights.sum()) / BACKGROUND
    if not insert.hot:
        return 100 * (1 - ratio)
    return 100 * (ratio - 1) / (scene.activities.hot / BACKGROUND - 1)


def contrast_errors(truth: Truth) -> Iterator[tuple[str, float]]:
    """Measured Q minus the true one, in percent, for each sphere, without noise."""
    image = PETImage(truth.noise_free, truth.scene.geometry, 'Bq/mL')
    activity = given_activity(truth.scene.activities.hot, BACKGROUND)
    result = analyze(image, (), PRESET, known=Known(activity=activity))
    assert result.nema is not None
    found = {one.label: one.contrast_percent for one in result.nema.spheres}
    for true in truth.inserts:
        measured = found[true.insert.label]
        if measured is not None:
            expected = true_contrast_percent(truth, true.insert, true.center_ras_mm)
            yield ('hot' if true.insert.hot else 'cold'), measured - expected


def fillings(count: int, first: int) -> None:
    """Print a row for each filling and contrast."""
    groups = [(cold, contrast) for cold in ((), COLD) for contrast in CONTRASTS]
    print(f'{"cold":>9} {"contrast":>9} {"poses":>6} {"found":>6} {"refused":>8} {"WRONG":>6} '
          f'{"flagged":>8} {"scaled flagged":>15} {"|dQ_H|":>8} {"|dQ_C|":>8}')  # fmt: skip
    for n, (cold, contrast) in enumerate(groups):
        counts: Counter[str] = Counter()
        worst = {'hot': 0.0, 'cold': 0.0}
        seeds = list(range(first + n, first + count, len(groups)))
        for number, seed in enumerate(seeds):
            image, truth = synthesize(filled_scene(seed, contrast, cold))
            try:
                result = analyze(image, (), PRESET)
                outcome = judged(result, truth)
                counts['flagged'] += Flag.RING_SCALE in result.flags
                counts['scaled'] += is_flagged(scaled(image))
            except PhantomError as error:
                outcome = 'refused'
                print(seed, error)
            counts[outcome] += 1
            if outcome == 'WRONG':
                print(f'seed {seed}: {result.notes}')
            for kind, error_percent in contrast_errors(truth) if number % 4 == 0 else ():
                worst[kind] = max(worst[kind], abs(error_percent))
        print(
            f'{len(cold) and "28, 37":>9} {contrast:9g} {len(seeds):6d} {counts["found"]:6d} '
            f'{counts["refused"]:8d} {counts["WRONG"]:6d} {counts["flagged"]:8d} '
            f'{counts["scaled"]:15d} {worst["hot"]:8.3f} {worst["cold"]:8.3f}',
            flush=True,
        )


def lutetium(count: int, first: int) -> None:
    """Print how many are found, and whether RCmax and RCpeak are given."""
    counts: Counter[str] = Counter()
    for seed in range(first, first + count):
        scene = lutetium_scene(seed)
        image, truth = synthesize(scene)
        known = Known(activity=given_activity(scene.activities.hot, 0.0))
        try:
            result = analyze(image, (), LUTETIUM, known=known)
        except PhantomError as error:
            print(seed, scene.noise, error)
            counts['refused'] += 1
            continue
        counts[judged(result, truth)] += 1
        spheres = result.recovery.spheres if result.recovery else ()
        given = [one.rc_max is not None and one.rc_peak is not None for one in spheres]
        counts['given'] += len(given) == len(LUTETIUM.inserts) and all(given)
    print(
        f'Lu-177 set-up, {count} poses: found {counts["found"]}, refused {counts["refused"]}, '
        f'WRONG {counts["WRONG"]}; RCmax and RCpeak of all spheres given in {counts["given"]}'
    )


def main() -> None:
    """Print both tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    start = time.process_time()
    lutetium(count // 4, first)
    fillings(count, first)
    print(f'CPU seconds: {time.process_time() - start:.0f}')


if __name__ == '__main__':
    main()
