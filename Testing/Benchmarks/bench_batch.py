"""
A batch of many small series: throughput of one and two workers, memory, kills, resuming.

``--series`` 1000 takes an hour and more; the default is small. Printed are
wall times: on a machine that does other work at the same time they say little.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from VOIIdentificationLib.cli.make_phantom import make_phantom_study
from VOIIdentificationLib.synthetic.scene import Noise, Pose, SyntheticPhantom, grid

MB = 2**20
NODES, CORES_A_NODE, MANY_SERIES = 50, 32, 1_000_000
"""The cluster that is asked about."""


def make_all(root, count):
    """Small series, each of its own pose and noise."""
    for n in range(count):
        scene = SyntheticPhantom(
            grid((70, 66, 34), (4.1, 4.3, 3.9)),
            pose=Pose(rotation_deg=float(n % 360)),
            noise=Noise(0.1),
            random_seed=n,
        )
        make_phantom_study(root / f'{n:04}', scene)


def start(root, output, workers):
    """The program as a person starts it."""
    command = [sys.executable, '-m', 'VOIIdentificationLib', 'batch', str(root)]
    options = ['--output', str(output), '--workers', str(workers), '--true-hot', '20000']
    return subprocess.Popen(
        [*command, *options, '--true-background', '5000'],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def workers_of(program):
    """Processes of its workers."""
    try:
        below = psutil.Process(program.pid).children(recursive=True)
        return [one for one in below if 'spawn_main' in ' '.join(one.cmdline())]
    except psutil.Error:
        return []


def rss_mb(process):
    """Memory of a process; 0 if it has just ended."""
    try:
        return process.memory_info().rss / MB
    except psutil.Error:
        return 0.0


def watch(program, output, seen):
    """Note how many series are done and the memory of the largest worker, while it runs."""
    while program.poll() is None:
        done = sum(1 for _ in output.glob('series/*/results.json'))
        sizes = [rss_mb(one) for one in workers_of(program)]
        if sizes:
            seen.append((time.monotonic(), done, max(sizes)))
        time.sleep(0.2)


def results_of(output):
    """Every results.json without its date, by series."""
    found = {}
    for path in output.glob('series/*/results.json'):
        results = json.loads(path.read_text(encoding='utf-8'))
        found[path.parent.name] = {k: v for k, v in results.items() if k != 'analyzed_at'}
    return found


def timed(root, output, workers):
    """Seconds from the first to the last series, and what the workers took of memory."""
    seen = []
    program = start(root, output, workers)
    watcher = threading.Thread(target=watch, args=(program, output, seen))
    watcher.start()
    said, _ = program.communicate()
    watcher.join()
    print(said.splitlines()[0])
    working = [one for one in seen if one[1] > 0]
    return working[-1][0] - working[0][0], seen


def peak_between(seen, low, high):
    """Largest worker while between so many series were done."""
    return max((size for _, done, size in seen if low <= done <= high), default=float('nan'))


def print_throughput(root, scratch, count):
    """One worker, then two."""
    seconds = {}
    for workers in (1, 2):
        seconds[workers], seen = timed(root, scratch / f'{workers}', workers)
        early = peak_between(seen, count * 0.05, count * 0.15)
        late = peak_between(seen, count * 0.85, count)
        rate, grown = (count - 1) / seconds[workers], 100 * (late / early - 1)
        print(
            f'{workers} workers: {rate:.2f} series a second; largest worker {early:.0f} MB at a '
            f'tenth, {late:.0f} MB at nine tenths ({grown:+.1f} %)'
        )
    same = results_of(scratch / '1') == results_of(scratch / '2')
    print(f'two workers over one: {seconds[1] / seconds[2]:.2f}; results the same: {same}')
    one_core = (count - 1) / seconds[1]
    hours = MANY_SERIES / (one_core * NODES * CORES_A_NODE) / 3600
    print(
        f'{MANY_SERIES} series on {NODES} nodes of {CORES_A_NODE} cores, if the files keep up: '
        f'{hours:.1f} h'
    )


def print_kills(root, scratch, kills):
    """Workers killed at random moments, then the whole program killed and begun again."""
    output, rng, done = scratch / 'killed', random.Random(1), 0
    program = start(root, output, 2)
    while program.poll() is None and done < kills:
        time.sleep(1.0 + 3.0 * rng.random())
        for one in workers_of(program)[:1]:
            one.kill()
            done += 1
    said, _ = program.communicate()
    whole = results_of(output) == results_of(scratch / '2')
    print(f'{done} workers killed: {said.splitlines()[0]}; results the same: {whole}')
    output = scratch / 'stopped'
    program = start(root, output, 2)
    while program.poll() is None and not list(output.glob('series/*/results.json')):
        time.sleep(0.1)
    for one in psutil.Process(program.pid).children(recursive=True):
        one.kill()
    program.kill()
    program.communicate()
    said, _ = start(root, output, 2).communicate()
    whole = results_of(output) == results_of(scratch / '2')
    print(f'killed as a whole and begun again: {said.splitlines()[0]}; results the same: {whole}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--series', type=int, default=20)
    parser.add_argument('--kills', type=int, default=4)
    asked = parser.parse_args()
    os.environ['PYTHONPATH'] = os.pathsep.join(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        make_all(Path(folder) / 'root', asked.series)
        print_throughput(Path(folder) / 'root', Path(folder), asked.series)
        print_kills(Path(folder) / 'root', Path(folder), asked.kills)
