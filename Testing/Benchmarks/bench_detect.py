"""
Detection without seeds: random phantoms, and scans without one.

Run from the project root (about 25 minutes for 500 scans):
``PYTHONPATH=VOIIdentification python Testing/Benchmarks/bench_detect.py [scans] [first seed]``
The real scan, changed in many ways, is in Testing/Python/locate/test_detect.py.

Every scan has a random pose (turned by any angle, tilted up to 30 degrees,
mirrored, feet first), place in the field, voxel size, resolution, contrast
(2.5 to 10 or no background), noise (COV 5 to 30 %), hot noise at the axial
ends, lung insert or not, and half of them a syringe or a line source beside
the phantom. A wrong assignment is any sphere more than 10 mm from its place.
After these come a tenth as many bodies without spheres, with up to 20 balls of
8 to 37 mm strewn in them: whatever is found there is wrong.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from VOIIdentificationLib.core.errors import PhantomError
from VOIIdentificationLib.core.phantom import Phantom, load_phantom
from VOIIdentificationLib.locate.detect import detect
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Ball,
    Noise,
    Pose,
    Rod,
    SyntheticPhantom,
    grid,
    synthesize,
)

WRONG_MM = 10.0
VOXELS_MM = ((1.65, 1.65, 2.0), (2.73, 2.73, 3.27), (4.0, 4.0, 4.0), (2.08, 2.08, 2.78))


@dataclass(frozen=True)
class Scan:
    """One random scan, in words."""

    scene: SyntheticPhantom
    contrast: float
    cov: float
    distractor: str


def random_scan(seed: int) -> Scan:
    """Everything is decided by the seed."""
    rng = np.random.default_rng(seed)
    spacing = VOXELS_MM[rng.integers(len(VOXELS_MM))]
    contrast = float(rng.choice([2.5, 3.0, 4.0, 6.0, 8.0, 10.0, np.inf], p=[0.1, 0.1, *[0.16] * 5]))
    cov = float(rng.choice([0.05, 0.1, 0.15, 0.2, 0.3], p=[0.2, 0.25, 0.2, 0.25, 0.1]))
    shift = rng.uniform(-1, 1, 3) * (40.0, 40.0, 25.0)
    tilt = rng.uniform(0, 30) + (180.0 if rng.random() < 0.3 else 0.0)
    pose = Pose(
        rotation_deg=float(rng.uniform(0, 360)),
        tilt_deg=float(tilt),
        tilt_axis_deg=float(rng.uniform(0, 360)),
        mirrored=bool(rng.random() < 0.4),
        offset_ras_mm=tuple(shift.tolist()),
    )
    field_mm = np.array([480.0, 480.0, 300.0])
    shape = np.maximum(np.rint(field_mm / spacing), 8).astype(int)
    kind, distractors = _distractor(rng, pose)
    scene = SyntheticPhantom(
        geometry=grid(
            tuple(shape.tolist()),
            spacing,
            oblique_deg=tuple((rng.uniform(-10, 10, 3) * (rng.random() < 0.3)).tolist()),
            mirrored=bool(rng.random() < 0.3),
        ),
        pose=pose,
        activities=Activities(
            hot=20000.0, background=0.0 if np.isinf(contrast) else 20000.0 / contrast
        ),
        psf=PSF(float(rng.uniform(4.5, 7.5))),
        noise=Noise(
            voxel_cov=cov,
            fwhm_mm=float(rng.uniform(3, 6)),
            grows_with_signal=True,
            axial_edge_factor=float(rng.choice([1.0, 3.0, 6.0])),
        ),
        lung_diameter_mm=50.0 if rng.random() < 0.6 else 0.0,
        distractors=distractors,
        random_seed=seed,
    )
    return Scan(scene, contrast, cov, kind)


def _distractor(rng: np.random.Generator, pose: Pose) -> tuple[str, tuple[Ball | Rod, ...]]:
    angle = rng.uniform(0, 2 * np.pi)
    beside = (190 * np.cos(angle), 190 * np.sin(angle), rng.uniform(-60, 60))
    place = np.add(pose.offset_ras_mm, beside)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    kind = str(rng.choice(['none', 'syringe', 'line', 'vials'], p=[0.5, 0.2, 0.15, 0.15]))
    hot = float(20000.0 * rng.choice([1.0, 10.0, 100.0]))
    if kind == 'syringe':
        return kind, (Rod(tuple(place.tolist()), tuple(axis.tolist()), 15.0, 60.0, hot),)
    if kind == 'line':
        return kind, (Rod(tuple(place.tolist()), (0.0, 0.0, 1.0), 3.0, 250.0, hot),)
    if kind == 'vials':
        spots = place + rng.uniform(-35, 35, (4, 3))
        return kind, tuple(
            Ball(tuple(spot.tolist()), float(rng.uniform(8, 30)), 20000.0) for spot in spots
        )
    return kind, ()


def judge(scan: Scan) -> tuple[str, float, float, str]:
    """Outcome, worst distance in mm, CPU seconds of the detection, what was said."""
    image, truth = synthesize(scan.scene)
    start = time.process_time()
    try:
        ring = detect(image, load_phantom('NEMA IEC body'))
    except PhantomError as error:
        return 'refused', np.nan, time.process_time() - start, str(error)
    seconds = time.process_time() - start
    found, confidence = ring.centers_ras_mm, ring.confidence
    if ring.notes:
        return 'WRONG', np.nan, seconds, ' '.join(ring.notes)
    errors = [
        float(np.linalg.norm(np.subtract(found[t.insert.label], t.center_ras_mm)))
        for t in truth.inserts
    ]
    outcome = 'found' if max(errors) < WRONG_MM else 'WRONG'
    text = f'confidence {confidence:.2f} {np.round(errors, 2)}'
    return outcome, max(errors), seconds, text


def decoy(seed: int) -> tuple[str, str]:
    """A body with strewn balls instead of the ring; outcome and what was said."""
    rng = np.random.default_rng(seed)
    balls = tuple(
        Ball(tuple(rng.uniform(-80, 80, 3).tolist()), float(rng.uniform(8, 37)), 20000.0)
        for _ in range(rng.integers(0, 21))
    )
    image, _ = synthesize(
        SyntheticPhantom(
            geometry=grid((176, 176, 92), VOXELS_MM[1]),
            phantom=Phantom('no ring', (), ring_diameter_mm=114.4),
            noise=Noise(float(rng.choice([0.1, 0.3])), 5.0, True, 3.0),
            distractors=balls,
            random_seed=seed,
        )
    )
    try:
        ring = detect(image, load_phantom('NEMA IEC body'))
    except PhantomError as error:
        return 'refused', str(error)
    return 'WRONG', f'confidence {ring.confidence:.2f}'


def main() -> None:
    """Print a line for each scan that was not found, then the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rows = []
    for seed in range(first, first + count):
        scan = random_scan(seed)
        outcome, worst, seconds, text = judge(scan)
        rows.append((outcome, worst, seconds, scan))
        if outcome != 'found' or '-v' in sys.argv:
            print(
                f'seed {seed}: {outcome}; contrast {scan.contrast:g}, COV {scan.cov:g}, '
                f'{scan.distractor}, voxels {scan.scene.geometry.spacing_ijk_mm.round(2)}, '
                f'tilt {scan.scene.pose.tilt_deg:.0f}: {text}',
                flush=True,
            )
    _table(rows)
    decoys = [decoy(seed) for seed in range(first, first + count // 10)]
    wrong = [text for outcome, text in decoys if outcome == 'WRONG']
    print(f'bodies without the ring: {len(decoys)}, of them taken for one: {len(wrong)} {wrong}')


def _table(rows: list[tuple[str, float, float, Scan]]) -> None:
    print(f'\n{"contrast":>9} {"COV":>5} {"scans":>6} {"found":>6} {"refused":>8} {"WRONG":>6}')
    for contrast in (2.5, 3.0, 4.0, 6.0, 8.0, 10.0, np.inf):
        for quiet in (True, False):
            some = [r for r in rows if r[3].contrast == contrast and (r[3].cov <= 0.2) == quiet]
            counts = [sum(r[0] == word for r in some) for word in ('found', 'refused', 'WRONG')]
            noise = '<=20%' if quiet else '30%'
            numbers = f'{counts[0]:6d} {counts[1]:8d} {counts[2]:6d}'
            print(f'{contrast:9g} {noise:>5} {len(some):6d} {numbers}')
    wanted = [r for r in rows if r[3].contrast >= 4 and r[3].cov <= 0.2]
    found = 100 * np.mean([r[0] == 'found' for r in wanted])
    print(f'found at contrast >= 4, COV <= 20 %: {found:.1f} % of {len(wanted)}')
    print(f'wrong: {sum(r[0] == "WRONG" for r in rows)} of {len(rows)}')
    seconds = [r[2] for r in rows]
    print(f'CPU seconds: median {np.median(seconds):.2f}, most {max(seconds):.2f}')


if __name__ == '__main__':
    main()
