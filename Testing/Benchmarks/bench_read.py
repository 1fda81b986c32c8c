"""
Cost of reading a PET series, against plain pydicom, in one run.

    python Testing/Benchmarks/bench_read.py [--slices 400] [--size 400] [--rounds 7]

Prints process CPU time, median and minimum of interleaved rounds, and ratios.
"Plain" is dcmread, pixel_array and numpy.stack: the stored numbers alone. "Plain,
scaled" also does what makes them activity: slope and intercept, as float32.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pydicom

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'VOIIdentification'), str(ROOT / 'Testing' / 'Python')]

from dicom_files import PET, header, put_pixels, save  # noqa: E402
from VOIIdentificationLib.dicom.read import read_pet_series  # noqa: E402

LIMIT = 0.4
"""Largest allowed part of the CPU time of plain reading."""


def make_study(folder: Path, slices: int, size: int) -> None:
    """Write slices with a header of the usual length under shuffled names."""
    rng = np.random.default_rng(0)
    plane = rng.integers(0, 30000, (size, size), dtype=np.int16)
    for k, name in enumerate(rng.permutation(slices)):
        ds = header(PET, '1.2.840.10008.1.2.1', '1.2.3.4', f'1.2.3.4.{k + 1}')
        ds.ImagePositionPatient = [-330.0, -330.0, 2.0 * k]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing = [1.65, 1.65]
        ds.RescaleSlope, ds.RescaleIntercept = f'{0.5 + 1e-4 * k:.6f}', '0'
        add_usual_elements(ds, k)
        put_pixels(ds, np.roll(plane, k))
        save(ds, folder / f'{name}.dcm')


def add_usual_elements(ds: pydicom.Dataset, k: int) -> None:
    """What a scanner writes besides; about as much as a real header has."""
    for keyword in ('StudyDate', 'SeriesDate', 'AcquisitionDate', 'ContentDate'):
        setattr(ds, keyword, '20260301')
    for keyword in ('StudyTime', 'SeriesTime', 'AcquisitionTime', 'ContentTime'):
        setattr(ds, keyword, '101500.25')
    for keyword in ('Manufacturer', 'InstitutionName', 'ManufacturerModelName', 'StationName'):
        setattr(ds, keyword, 'Some Maker')
    ds.PatientName, ds.PatientWeight, ds.PatientSize, ds.PatientSex = 'A^B', '70', '1.75', 'O'
    ds.InstanceNumber, ds.SliceLocation, ds.SliceThickness = k + 1, 2.0 * k, 2.0
    ds.CorrectedImage = ['NORM', 'DTIM', 'ATTN', 'SCAT', 'DECY', 'RAN']
    ds.Units, ds.DecayCorrection, ds.SeriesType = 'BQML', 'START', ['STATIC', 'IMAGE']
    ds.ActualFrameDuration, ds.FrameReferenceTime, ds.DecayFactor = 600000, 0.0, 1.03
    ds.ReconstructionMethod, ds.ConvolutionKernel = 'PSF+TOF 4i5s', 'XYZ Gauss 2.0'
    dose = pydicom.Dataset()
    dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = '3.7e8', '6586.2'
    dose.RadiopharmaceuticalStartDateTime = '20260301091500'
    ds.RadiopharmaceuticalInformationSequence = pydicom.Sequence([dose])


def plain(folder: Path) -> np.ndarray:
    """Stored numbers, in the order of the names."""
    return np.stack([pydicom.dcmread(path).pixel_array for path in sorted(folder.iterdir())])


def plain_scaled(folder: Path) -> np.ndarray:
    """Activity as float32, in the order of the positions."""
    datasets = [pydicom.dcmread(path) for path in folder.iterdir()]
    datasets.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    return np.stack(
        [
            (ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)).astype(
                np.float32
            )
            for ds in datasets
        ]
    )


def ours(folder: Path) -> np.ndarray:
    """The same by the library."""
    return read_pet_series(folder).voxels


def cpu_seconds(function, folder: Path) -> float:
    """Process CPU time of one call; its result is freed within."""
    start = time.process_time()
    result = function(folder)
    del result
    return time.process_time() - start


def main() -> int:
    """Print the table; 1 if the limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--slices', type=int, default=400)
    parser.add_argument('--size', type=int, default=400)
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder, args.slices, args.size)
        np.testing.assert_allclose(ours(folder), plain_scaled(folder), rtol=2**-22)
        ways = {'plain': plain, 'plain, scaled': plain_scaled, 'this library': ours}
        times = {key: [] for key in ways}
        for _ in range(args.rounds):
            for key, function in ways.items():
                times[key].append(cpu_seconds(function, folder))
        tracemalloc.start()
        volume_bytes = ours(folder).nbytes
        peak_bytes = tracemalloc.get_traced_memory()[1]
    print(f'{args.slices} slices of {args.size} x {args.size}, {args.rounds} rounds, CPU seconds')
    print(f'{"":16}{"median":>10}{"minimum":>10}{"of plain":>10}{"of scaled":>10}')
    medians = {key: statistics.median(values) for key, values in times.items()}
    for key, median in medians.items():
        ratios = [median / medians[base] for base in ('plain', 'plain, scaled')]
        print(f'{key:16}{median:10.3f}{min(times[key]):10.3f}{ratios[0]:10.2f}{ratios[1]:10.2f}')
    print(f'peak memory: {peak_bytes / volume_bytes:.3f} of the float32 volume')
    return int(medians['this library'] > LIMIT * medians['plain'])


if __name__ == '__main__':
    sys.exit(main())
