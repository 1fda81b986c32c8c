"""
Torture the program: ``python Testing/Torture/run.py [--time SECONDS] [--seed N]``.

Runs the catalogue of bad input, damages headers and files at random, lets the disk fail, and
prints counts. Exit status 1 if anything came out wrong, was lost, ended in a traceback or took
too long. A fault is printed with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from headers import damaged_headers, odd_elements
from readers import damaged_files, fuzzed_files
from tally import FAULTS, HEAD, ROOT, SHOWN, Clock, Tally
from writes import failing_writes

PARTS: dict[Callable, float] = {
    damaged_headers: 0.25,
    odd_elements: 0.25,
    damaged_files: 0.15,
    fuzzed_files: 0.2,
    failing_writes: 0.15,
}
"""Tests that run at random, with their parts of the time that the catalogue leaves."""

SECONDS_A_SIGNAL = 2.0
"""A run that is stopped on a slow disk, and the run after it."""

PART_FOR_SIGNALS = 0.2
PART_FOR_INVARIANCES = 0.15
PART_FOR_PANEL = 0.35

OF_SIGNALS = {'over time': 'late', 'traceback': 'traceback'}
"""Faults of a run that was stopped; all others lose something."""

INVARIANCES = 9
"""Properties that are tried with examples."""

SECONDS_AN_EXAMPLE = 0.8 * INVARIANCES
"""One of each."""


def catalogue(_clock: Clock, _rng: random.Random) -> Tally:
    """Every case once; those that are known to fail are counted as what they are."""
    from bad_input.case import run_case
    from bad_input.catalogue import CASES

    tally = Tally('catalogue')
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found = run_case(case, case.make(Path(folder)))
        otherwise = 'right' if case.right.good else 'flagged'
        if case.right.flagged is None and not case.right.good:
            otherwise = 'refused with a sentence'
        tally.add_faults(found, otherwise, f'{case.kind}: {case.name}')
    return tally


def signals(clock: Clock, _rng: random.Random) -> Tally | None:
    """Old results or new ones, whatever signal comes when; where that test is there."""
    if not (ROOT / 'Testing' / 'torture_signals.py').is_file():
        return None
    sys.path.insert(0, str(ROOT / 'Testing'))
    count = max(int(clock.left_s / SECONDS_A_SIGNAL), 1)
    tally = Tally('signals')
    tried = importlib.import_module('torture_signals')
    counts = tried.main(count)
    for kind in tried.FAULTS:
        for _ in range(counts[kind]):
            tally.add(OF_SIGNALS.get(kind, 'lost'), kind)
    tally.counts['right'] = counts['signals'] - len(tally.faults)
    return tally


def invariances(clock: Clock, _rng: random.Random) -> Tally:
    """Moved, turned, cropped scans: hypothesis with as many examples as there is time for."""
    tally = Tally('invariances')
    examples = max(int(clock.left_s / SECONDS_AN_EXAMPLE), 1)
    path = ROOT / 'Testing' / 'Python' / 'test_invariances.py'
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(path)],
        env={**os.environ, 'INVARIANCE_EXAMPLES': str(examples)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    tally.counts['right'] = INVARIANCES * examples
    if done.returncode:
        tally.add('wrong', done.stdout[-2000:])
    return tally


SEQUENCES, ACTIONS, MEASURED = 5, 200, 10
"""Of one process, which never gives back what a scene leaves behind; of one sequence, at most."""


def panel(clock: Clock, rng: random.Random) -> Tally | None:
    """The panel under random sequences of what users and the application do; with slicer-core."""
    if importlib.util.find_spec('slicer') is None:
        return None
    tally = Tally('panel')
    runs = True
    while runs:
        start = time.monotonic()
        _sequences(tally, rng.randrange(2**32))
        runs = clock.left_s > time.monotonic() - start  # another one of that length
    return tally


def _sequences(tally: Tally, seed: int) -> None:
    path = ROOT / 'Testing' / 'Python' / 'panel' / 'test_any_order.py'
    asked = {'SEED': seed, 'SEQUENCES': SEQUENCES, 'ACTIONS': ACTIONS, 'MEASURED': MEASURED}
    names = {f'VOI_{name}': str(value) for name, value in asked.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'counts.json'
        done = subprocess.run(
            [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(path)],
            env={**os.environ, **names, 'VOI_COUNTS': str(file)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        counts = json.loads(file.read_text()) if file.is_file() else {}
    refused = counts.get('refused', 0)
    tally.counts['refused with a sentence'] += refused
    tally.counts['right'] += counts.get('actions', 0) - refused
    if done.returncode:
        how = ' '.join(f'{name}={value}' for name, value in names.items())
        kind = 'wrong' if 'AssertionError' in done.stdout else 'traceback'
        tally.add(kind, f'{how} pytest {path.name}\n{done.stdout[-4000:]}')


def main() -> int:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--time', type=float, default=600.0, help='seconds (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=None, help='of all that is random')
    parser.add_argument('--only', help='one test by the beginning of its name')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    seed = random.SystemRandom().randrange(2**32) if args.seed is None else args.seed
    print(f'seed {seed}', flush=True)
    tallies = list(_tallies(args, random.Random(seed)))
    print(f'\n{HEAD}')
    for tally in tallies:
        print(tally.line)
    return _print_faults(tallies)


def _tallies(args: argparse.Namespace, rng: random.Random):
    start = time.monotonic()
    tests = {
        catalogue: 0.0,
        signals: PART_FOR_SIGNALS,
        invariances: PART_FOR_INVARIANCES,
        panel: PART_FOR_PANEL,
        **PARTS,
    }
    left = args.time
    for test, part in tests.items():
        if args.only and not test.__name__.startswith(args.only):
            continue
        seconds = left if args.only else part * left
        tally = test(Clock(seconds), rng)
        if test not in PARTS:
            left = max(args.time - (time.monotonic() - start), 1.0)
        if tally is None:
            print(f'{test.__name__}: not here')
        else:
            print(tally.line, flush=True)
            yield tally


def _print_faults(tallies: list[Tally]) -> int:
    for tally in tallies:
        for kind in FAULTS:
            of_kind = [fault for fault in tally.faults if fault.startswith(kind)]
            for fault in of_kind[:SHOWN]:
                print(f'\n{tally.name}, {fault}')
            if len(of_kind) > SHOWN:
                print(f'\n{tally.name}: {len(of_kind) - SHOWN} more of {kind!r}')
    total = sum(tally.counts[kind] for tally in tallies for kind in FAULTS)
    print(f'\n{total} faults')
    return int(total > 0)


if __name__ == '__main__':
    sys.exit(main())
