"""
The whole analysis: peak memory against the volume, and processor time.

Memory: `analyze` on a float32 volume of 512 x 512 x 400 in a process of its
own, against the same process without the analysis. Time: from a DICOM study
to all files, step by step without imports, and the whole command with them;
the command also on a total-body study of 440 x 440 x 644.
"""

import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.cli.make_phantom import make_phantom_study
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.files.markups import read_seeds
from VOIIdentificationLib.report.export import export_results
from VOIIdentificationLib.synthetic.scene import Noise, SyntheticPhantom, grid

SHAPE_KJI = (400, 512, 512)
TOTAL_BODY = grid((440, 440, 644), (1.65, 1.65, 1.65))
MB = 2**20


def big_case():
    """A large volume and six seeds; the content does not matter for memory."""
    rng = np.random.default_rng(0)
    voxels = rng.standard_normal(SHAPE_KJI, dtype=np.float32)
    image = PETImage(voxels, VolumeGeometry(SHAPE_KJI, np.diag([1.0, 1.0, 1.0, 1.0])), 'Bq/mL')
    angles = np.radians(60 * np.arange(6))
    labels = [insert.label for insert in load_phantom('NEMA IEC body').inserts]
    points = [(256 + 57 * np.cos(a), 256 + 57 * np.sin(a), 200.0) for a in angles]
    return image, [Seed(label, point) for label, point in zip(labels, points, strict=True)]


def peak_mb(*arguments):
    """Peak memory of this file run with the arguments, in MB."""
    run = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def measure_memory(with_analysis):
    """Make the case, analyze it or not, print this process's peak."""
    image, seeds = big_case()
    if with_analysis:
        analyze(image, seeds, load_phantom('NEMA IEC body'))
        image.sha256()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB)


def print_memory():
    """Peak with and without the analysis, over the size of the volume."""
    volume = np.prod(SHAPE_KJI) * 4 / MB
    before, peak = peak_mb('--memory', 'without'), peak_mb('--memory', 'with')
    print(f'volume {volume:.0f} MB; peak {before:.0f} MB before, {peak:.0f} MB with the analysis')
    print(f'peak over volume {peak / volume:.2f}; added by the analysis {peak - before:.0f} MB')


def print_times(folder):
    """Processor time of each step on a synthetic study like the real scan's."""
    scene = SyntheticPhantom(grid((192, 192, 89), (2.08, 2.08, 2.78)), noise=Noise(0.35))
    make_phantom_study(folder / 'study', scene)
    seeds = read_seeds(folder / 'study/seeds.mrk.json')
    start = time.process_time()
    image = read_pet_series(folder / 'study/dicom')
    read = time.process_time()
    result = analyze(image, seeds, load_phantom('NEMA IEC body'))
    analyzed = time.process_time()
    export_results(result, folder / 'first')  # imports what the files need
    warm = time.process_time()
    export_results(result, folder / 'second')
    written = time.process_time()
    steps = {'read': read - start, 'analyze': analyzed - read, 'write all files': written - warm}
    rows = {**steps, 'all': sum(steps.values()), 'command': command_seconds(folder)}
    for name, seconds in rows.items():
        print(f'{name:>16} {seconds:6.2f} s')


def command_seconds(folder, runs=5):
    """Median processor time of ``analyze`` in a process of its own, imports included."""
    return statistics.median(command_cost(folder, number)[0] for number in range(runs))


def command_cost(folder, number):
    """Processor time in s and peak memory in MB of ``analyze`` on a study."""
    command = [sys.executable, '-m', 'VOIIdentificationLib', 'analyze', folder / 'study/dicom']
    output = ['--output', folder / f'command {number}', '--quiet']
    program = subprocess.Popen([*command, *output])
    _, status, usage = os.wait4(program.pid, 0)
    if status:
        raise SystemExit(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MB


def print_total_body(folder, runs=3):
    """A study of a scanner of 1 m, without seeds."""
    scene = SyntheticPhantom(TOTAL_BODY, noise=Noise(0.35))
    # In another process: a child begins with the peak of its parent.
    maker = multiprocessing.get_context('spawn').Process(
        target=make_phantom_study, args=(folder / 'study', scene)
    )
    maker.start()
    maker.join()
    seconds, peaks = zip(*[command_cost(folder, number) for number in range(runs)], strict=True)
    print(f'total body, command {statistics.median(seconds):.2f} s, peak {max(peaks):.0f} MB')


if __name__ == '__main__':
    if '--memory' in sys.argv:
        measure_memory(sys.argv[-1] == 'with')
    else:
        print_memory()
        with tempfile.TemporaryDirectory() as scratch:
            print_times(Path(scratch))
        with tempfile.TemporaryDirectory() as scratch:
            print_total_body(Path(scratch))
