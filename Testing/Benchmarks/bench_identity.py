"""
Spheres in any order, and unfilled ones, found without seeds.

Run from the project root (all of it takes more than an hour; 60 for a sample):
``PYTHONPATH=VOIIdentification python Testing/Benchmarks/bench_identity.py [every nth] [first]``

Every order of the six spheres round the ring, and every subset of one to five
that are cold or hold the background, each at
COV 5, 15 and 30 %, contrast 4, in a random pose. Outcomes:

right
    every sphere under its own label, as the phantom says
noted
    under its own label and with its filling, and a note says what is other than in the phantom
flagged
    some are not, and each of these carries a flag
refused
    in one sentence
SILENT
    a wrong label or filling without a flag: must be 0
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.errors import PhantomError
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.locate.ring_template import symmetries
from VOIIdentificationLib.results import AnalysisResult
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import Activities, Noise, Pose, SyntheticPhantom, grid
from VOIIdentificationLib.synthetic.truth import TrueInsert

PRESET = load_phantom('NEMA IEC body')
PRESET_ORDERS = set(map(tuple, symmetries(np.radians(60.0 * np.arange(6))).tolist()))
COVS = (0.05, 0.15, 0.3)
WRONG_MM = 8.0
BACKGROUND = 5000.0
Case = tuple[tuple[int, ...], tuple[int, ...], float]
"""Which sphere stands on each place; which are unfilled; what these hold."""


def cases() -> tuple[list[Case], list[Case]]:
    """All orders, and all subsets in the preset's order."""
    preset = tuple(range(6))
    some = [chosen for n in range(1, 6) for chosen in combinations(preset, n)]
    unfilled = [(preset, chosen, inside) for inside in (0.0, BACKGROUND) for chosen in some]
    return [(order, (), 0.0) for order in permutations(preset)], unfilled


def judge(case: Case, cov: float, seed: int) -> tuple[str, str]:
    """Outcome, and what was said."""
    order, unfilled, inside = case
    rng = np.random.default_rng(seed)
    inserts = tuple(
        replace(PRESET.inserts[size], ring_angle_deg=60.0 * place, hot=size not in unfilled)
        for place, size in enumerate(order)
    )
    fwhm = rng.uniform(4.5, 7.5)
    scene = SyntheticPhantom(
        geometry=grid((116, 108, 52), (2.73, 2.73, 3.27)),
        phantom=replace(PRESET, inserts=inserts),
        pose=Pose(
            rotation_deg=rng.uniform(0, 360),
            tilt_deg=rng.uniform(0, 10),
            tilt_axis_deg=rng.uniform(0, 360),
            mirrored=bool(rng.random() < 0.5),
        ),
        activities=Activities(hot=4 * BACKGROUND, cold=inside, background=BACKGROUND),
        psf=PSF(fwhm, fwhm),
        noise=Noise(cov, 4.0, grows_with_signal=True),
        random_seed=seed,
    )
    image, truth = synthesize(scene)
    try:
        result = analyze(image, [], PRESET)
    except PhantomError as error:
        return 'refused', str(error)
    return judged(result, {t.insert.label: t for t in truth.inserts}, case)


def judged(result: AnalysisResult, true: dict[str, TrueInsert], case: Case) -> tuple[str, str]:
    """Compare what was measured with the truth."""
    order, unfilled, inside = case
    wrong, silent = [], []
    for one in result.spheres:
        own = true[one.label]
        off = np.linalg.norm(np.subtract(one.center_ras_mm, own.center_ras_mm))
        filled = own.insert.hot == one.insert.hot and (own.insert.hot or not inside)
        if off > WRONG_MM or not filled:
            said = f'{one.label} {off:.0f} mm, filling {filled}, {[f.value for f in one.flags]}'
            (wrong if one.flags else silent).append(said)
    found = {one.label for one in result.spheres}
    wrong += [f'{n} missing' for n, t in true.items() if t.insert.hot and n not in found]
    if silent:
        return 'SILENT', f'{silent} {wrong} {result.notes}'
    if wrong:
        return 'flagged', f'{wrong}'
    doubted = [one.label for one in result.spheres if one.flags]
    said = f'doubts {doubted}' if doubted else ''
    if order in PRESET_ORDERS and not unfilled:
        return 'right', said
    return ('noted' if len(result.notes) > 1 else 'SILENT'), said


def main() -> None:
    """Print a line for what is neither right nor noted, then the counts."""
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for name, some in zip(('orders', 'unfilled'), cases(), strict=True):
        for cov in COVS:
            counts: Counter[str] = Counter()
            doubted = 0
            start = time.process_time()
            each = step if name == 'orders' else max(step // 6, 1)
            for n, case in list(enumerate(some))[first::each]:
                outcome, said = judge(case, cov, n)
                counts[outcome] += 1
                doubted += said.startswith('doubts')
                if outcome in {'SILENT', 'flagged'} or '-v' in sys.argv:
                    print(name, case, f'COV {cov:g}', outcome, said, flush=True)
            print(
                f'{name}, COV {100 * cov:g} %: {dict(counts)}; right, but some doubted: {doubted}; '
                f'{time.process_time() - start:.0f} s',
                flush=True,
            )


if __name__ == '__main__':
    main()
