"""
A batch of many small series: throughput, memory, the same bytes, kills, resuming.

``--series`` 1000 takes an hour and more; the default is small. Throughput of
one worker and of two, kills and resuming are tried on ``--subset`` of them.
Printed are wall times: on a machine that does other work at the same time
they say little, but for the ratio of what ran one after the other.
"""

import argparse
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path

import psutil
import pydicom
from VOIIdentificationLib.cli.make_phantom import make_phantom_study
from VOIIdentificationLib.synthetic.scene import Noise, Pose, SyntheticPhantom, grid

MB = 2**20
NODES, CORES_A_NODE, MANY_SERIES = 50, 32, 1_000_000
"""The cluster that is asked about."""

DRAWN = 250
"""Series that are drawn; more of them have the same counts and another slope."""

PROGRAM = [sys.executable, '-m', 'VOIIdentificationLib']
FILL = ['--true-hot', '20000', '--true-background', '5000']
OF_BATCH_ALONE = 'batch.json'
SECOND = len('2026-01-01T00:00:00')


def say(text):
    """At once, so that a long run can be followed."""
    print(text, flush=True)


def make_all(root, count):
    """Small series; the first `DRAWN` of their own pose and noise. What is there stays."""
    for n in range(count):
        folder = root / f'{n:04}'
        if (folder / 'dicom').exists():
            continue
        if n < DRAWN:
            make_phantom_study(folder, scene_of(n))
        else:
            copy_study(root / f'{n % DRAWN:04}', folder, 1 + 1e-4 * (n // DRAWN))


def scene_of(n):
    """A phantom of its own pose and noise."""
    return SyntheticPhantom(
        grid((70, 66, 34), (4.1, 4.3, 3.9)),
        pose=Pose(rotation_deg=float(n % 360)),
        noise=Noise(0.1),
        random_seed=n,
    )


def copy_study(source, folder, factor):
    """Another series: the same counts with other identities and another slope."""
    (folder / 'dicom').mkdir(parents=True)
    series, study = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    for path in sorted((source / 'dicom').iterdir()):
        ds = pydicom.dcmread(path)
        ds.SeriesInstanceUID, ds.StudyInstanceUID = series, study
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        ds.RescaleSlope = f'{float(ds.RescaleSlope) * factor:.10g}'
        ds.save_as(folder / 'dicom' / path.name)


def subset_of(root, folder, count):
    """A folder with the first series alone, by hard links."""
    for n in range(count):
        shutil.copytree(root / f'{n:04}', folder / f'{n:04}', copy_function=os.link)
    return folder


def start(root, output, workers):
    """The program as a person starts it."""
    command = [*PROGRAM, 'batch', str(root), '--output', str(output), '--workers', str(workers)]
    return subprocess.Popen(
        [*command, *FILL], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
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


def done_in(output):
    """How many series have results."""
    return sum(1 for _ in output.glob('series/*/results.json'))


def watch(program, output, seen):
    """Note how many series are done and the memory of the largest worker, while it runs."""
    while program.poll() is None:
        done = done_in(output)
        sizes = [rss_mb(one) for one in workers_of(program)]
        if sizes:
            seen.append((time.monotonic(), done, max(sizes)))
        time.sleep(0.5)


def timed(root, output, workers):
    """Seconds from the first to the last series, and what the workers took of memory."""
    seen = []
    program = start(root, output, workers)
    watcher = threading.Thread(target=watch, args=(program, output, seen))
    watcher.start()
    said, _ = program.communicate()
    watcher.join()
    say(said.splitlines()[0])
    working = [one for one in seen if one[1] > 0]
    count = working[-1][1] - working[0][1]
    return (working[-1][0] - working[0][0]) / count, seen


def cpu_seconds(output):
    """Processor time of each series, as the workers noted it, in the order of their ends."""
    states = sorted(output.glob('series/*/batch.json'), key=lambda path: path.stat().st_mtime)
    seconds = (json.loads(path.read_text(encoding='utf-8'))['cpu_s'] for path in states)
    return [one for one in seconds if one is not None]


def median(values):
    """The middle one."""
    return sorted(values)[len(values) // 2]


def print_throughput(root, scratch):
    """One worker, two, and one again: what else runs on the machine changes."""
    rates = {}
    for turn, workers in enumerate((1, 2, 1)):
        output = scratch / f'turn {turn}'
        seconds, _ = timed(root, output, workers)
        rates.setdefault(workers, []).append(1 / seconds)
        cpu = median(cpu_seconds(output))
        say(f'{workers} workers: {1 / seconds:.2f} series a second; {cpu:.2f} s of processor time')
    one = sum(rates[1]) / len(rates[1])
    say(f'two workers over one: {rates[2][0] / one:.2f}')
    same = [plain_results(scratch / f'turn {turn}') for turn in range(3)]
    say(f'results of one worker and of two the same: {same[0] == same[1] == same[2]}')


def print_all(root, scratch, count):
    """Every series on two workers: throughput and memory."""
    seconds, seen = timed(root, scratch / 'all', 2)
    cpu = cpu_seconds(scratch / 'all')
    early = peak_between(seen, count * 0.08, count * 0.12)
    late = peak_between(seen, count * 0.88, count * 0.92)
    say(
        f'{count} series on 2 workers: {1 / seconds:.2f} a second, {median(cpu):.2f} s of '
        f'processor time each; largest worker {early:.0f} MB at a tenth, {late:.0f} MB at nine '
        f'tenths ({100 * (late / early - 1):+.1f} %)'
    )
    hours = MANY_SERIES * median(cpu) / (NODES * CORES_A_NODE) / 3600
    nodes = f'{NODES} nodes of {CORES_A_NODE} cores'
    say(f'{MANY_SERIES} on {nodes}, if the files keep up: {hours:.2f} h')


def peak_between(seen, low, high):
    """Largest worker while between so many series were done."""
    return max((size for _, done, size in seen if low <= done <= high), default=float('nan'))


def plain_results(output):
    """Every results.json without its date, by series."""
    found = {}
    for path in output.glob('series/*/results.json'):
        results = json.loads(path.read_text(encoding='utf-8'))
        found[path.parent.name] = {k: v for k, v in results.items() if k != 'analyzed_at'}
    return found


def undated(folder):
    """The bytes of every file of an analysis, without the date, by name."""
    date = json.loads((folder / 'results.json').read_text(encoding='utf-8'))['analyzed_at']
    parts = {}
    for path in sorted(one for one in folder.rglob('*') if one.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == '.xlsx':
            with zipfile.ZipFile(path) as book:
                members = {one: book.read(one) for one in book.namelist()}
            members.pop('docProps/core.xml')  # its dates
            parts |= {f'{name}/{one}': data for one, data in members.items()}
        elif name != OF_BATCH_ALONE:
            parts[name] = path.read_bytes()
    second = re.compile(date[:SECOND].replace('T', '[T ]').encode())
    return {name: second.sub(b'', data) for name, data in parts.items()}


def print_same_bytes(scratch, sample):
    """Some series by ``analyze``, each in a process of its own, against the batch."""
    by_source = {}
    for path in (scratch / 'all').glob('series/*/batch.json'):
        by_source[json.loads(path.read_text(encoding='utf-8'))['source']] = path.parent
    chosen = random.Random(3).sample(sorted(by_source), min(sample, len(by_source)))
    differ, files = [], 0
    for n, source in enumerate(chosen):
        output = scratch / f'single {n}'
        command = [*PROGRAM, 'analyze', source, '--output', str(output), *FILL]
        subprocess.run(command, capture_output=True, check=True)
        single, batch = undated(output), undated(by_source[source])
        files += len(single)
        names = single.keys() | batch.keys()
        differ += [f'{source} {name}' for name in names if single.get(name) != batch.get(name)]
    say(f'{len(chosen)} series by analyze: {files} files and parts of them, {len(differ)} differ')
    for name in differ[:10]:
        say(f'  {name}')


def print_kills(root, scratch, kills):
    """Workers killed at random moments."""
    output, rng, done = scratch / 'killed', random.Random(1), 0
    program = start(root, output, 2)
    while program.poll() is None and done < kills:
        time.sleep(1.0 + 6.0 * rng.random())
        there = workers_of(program)
        if there:
            rng.choice(there).kill()
            done += 1
    said, _ = program.communicate()
    whole = plain_results(output) == plain_results(scratch / 'turn 1')
    say(
        f'{done} workers killed: {said.splitlines()[0]}; {twice(output)}; results the same: {whole}'
    )


def print_interrupted(root, scratch, count):
    """Ctrl-C at a third, then the same command again; and a kill of the whole program."""
    for how in ('interrupted', 'killed as a whole'):
        output = scratch / how
        program = start(root, output, 2)
        while (
            program.poll() is None and len(list(output.glob('series/*/results.json'))) < count / 3
        ):
            time.sleep(0.1)
        if how == 'interrupted':
            program.send_signal(signal.SIGINT)
        else:
            for one in psutil.Process(program.pid).children(recursive=True):
                one.kill()
            program.kill()
        program.communicate()
        before = {path: path.stat().st_mtime_ns for path in output.glob('series/*/results.json')}
        said, _ = start(root, output, 2).communicate()
        again = sum(path.stat().st_mtime_ns != time_ns for path, time_ns in before.items())
        whole = plain_results(output) == plain_results(scratch / 'turn 1')
        say(
            f'{how} (exit status {program.returncode}) with {len(before)} done, and begun again: '
            f'{said.splitlines()[0]}; {again} measured again; {twice(output)}; '
            f'results the same: {whole}'
        )


def twice(output):
    """How many series the table has, and how many of them twice."""
    with (output / 'batch.csv').open(encoding='utf-8', newline='') as stream:
        rows = Counter((row['series_uid'], row['label']) for row in csv.DictReader(stream))
    series = {uid for uid, _ in rows}
    return f'{len(series)} series in the table, {sum(n > 1 for n in rows.values())} rows twice'


def run(asked, scratch):
    """Everything; the long part is the first, and is watched best alone."""
    root = Path(asked.root) if asked.root else scratch / 'root'
    make_all(root, asked.series)
    if 'all' in asked.parts:
        print_all(root, scratch, asked.series)
        print_same_bytes(scratch, asked.sample)
    if 'workers' in asked.parts:
        part = subset_of(root, scratch / 'part', min(asked.subset, asked.series))
        print_throughput(part, scratch)
        print_kills(part, scratch, asked.kills)
        print_interrupted(part, scratch, min(asked.subset, asked.series))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--series', type=int, default=20)
    parser.add_argument('--subset', type=int, default=12)
    parser.add_argument('--kills', type=int, default=4)
    parser.add_argument('--sample', type=int, default=3)
    parser.add_argument('--parts', nargs='+', default=['all', 'workers'])
    parser.add_argument('--root', help='where the series are, or are made and left')
    options = parser.parse_args()
    os.environ['PYTHONPATH'] = os.pathsep.join(sys.path)
    # What a shell starts with & ignores Ctrl-C, and so would the batches that are to be stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(dir=options.root and Path(options.root).parent) as folder:
        run(options, Path(folder))
