"""
Cost of reading a PET series, against plain pydicom, in one run.

    python Testing/Benchmarks/bench_read.py [--rounds 7]

For a large series and one of the usual size: process CPU time, median and minimum
of interleaved rounds, and ratios. "Stored" is dcmread, pixel_array and numpy.stack:
the stored numbers alone. "Plain" also does what makes them activity: slope and
intercept, as float32; the limits are parts of its time. "Headers" are those of the
library, which yield slices, facts and SUV; "dcmread, wanted" reads as much by
`specific_tags`, and "dcmread, parsed" asks each slice for a dozen values too.
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
from VOIIdentificationLib.dicom.attributes import WANTED  # noqa: E402
from VOIIdentificationLib.dicom.read import find_stack, read_pet_series  # noqa: E402

CASES = ((400, 400, 0.4), (89, 192, 0.6))
"""Slices, their rows and columns, and the largest allowed part of plain reading's CPU time."""

ASKED = (
    *('SOPClassUID', 'SeriesInstanceUID', 'ImagePositionPatient', 'ImageOrientationPatient'),
    *('PixelSpacing', 'RescaleSlope', 'RescaleIntercept', 'Rows', 'Columns', 'Units'),
    *('BitsAllocated', 'AcquisitionTime'),
)


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


def stored(folder: Path) -> np.ndarray:
    """Stored numbers, in the order of the names."""
    return np.stack([pydicom.dcmread(path).pixel_array for path in sorted(folder.iterdir())])


def plain(folder: Path) -> np.ndarray:
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


def dcmread_wanted(folder: Path) -> list[pydicom.Dataset]:
    """Headers alone, by `specific_tags`."""
    wanted = [pydicom.tag.Tag(keyword) for keyword in WANTED]
    return [
        pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
        for path in folder.iterdir()
    ]


def dcmread_parsed(folder: Path) -> list[list]:
    """The same, with some of the values as pydicom gives them."""
    return [[ds.get(keyword) for keyword in ASKED] for ds in dcmread_wanted(folder)]


def cpu_seconds(function, folder: Path) -> float:
    """Process CPU time of one call; its result is freed within."""
    start = time.process_time()
    result = function(folder)
    del result
    return time.process_time() - start


WAYS = {
    'stored': stored,
    'plain': plain,
    'this library': ours,
    'headers': find_stack,
    'dcmread, wanted': dcmread_wanted,
    'dcmread, parsed': dcmread_parsed,
}


def measure(slices: int, size: int, rounds: int) -> tuple[dict[str, list[float]], float]:
    """CPU seconds of each way, and the peak memory of ours over the volume's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder, slices, size)
        np.testing.assert_allclose(ours(folder), plain(folder), rtol=2**-22)
        times = {key: [] for key in WAYS}
        for _ in range(rounds):
            for key, function in WAYS.items():
                times[key].append(cpu_seconds(function, folder))
        tracemalloc.start()
        volume_bytes = ours(folder).nbytes
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return times, peak_bytes / volume_bytes


def main() -> int:
    """Print the tables; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--rounds', type=int, default=7)
    rounds = parser.parse_args().rounds
    broken = 0
    for slices, size, limit in CASES:
        times, peak = measure(slices, size, rounds)
        medians = {key: statistics.median(values) for key, values in times.items()}
        print(f'{slices} slices of {size} x {size}, {rounds} rounds, CPU seconds')
        print(f'{"":16}{"median":>10}{"minimum":>10}{"of plain":>10}')
        for key, median in medians.items():
            ratio = median / medians['plain']
            print(f'{key:16}{median:10.3f}{min(times[key]):10.3f}{ratio:10.2f}')
        print(f'limit {limit} of plain; peak memory {peak:.3f} of the float32 volume\n')
        broken += medians['this library'] > limit * medians['plain']
    return int(broken > 0)


if __name__ == '__main__':
    sys.exit(main())
