"""
What must not change a result, or must change it in a known way.

A scan that is moved, turned, mirrored, cropped, rescaled or stored the other way round is the
same scan; files and seeds have no order; the same input gives the same numbers, on any machine.
"""

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from dicom_files import Made, save
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import MODULE, ROOT
from scipy import ndimage
from scipy.spatial.transform import Rotation
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.report.formats import results_json
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)

HOT, BACKGROUND = 20_000.0, 2000.0
FEW = settings(max_examples=int(os.environ.get('INVARIANCE_EXAMPLES', '3')))
"""`make torture` asks for more."""

CENTER_MM = 1e-3
"""The fit ends when its step is below 1e-4 mm; sums in another order end it elsewhere."""

RELATIVE = 1e-5
"""Of a mean whose center is that near."""

OTHER_AXIS, OTHER_AXIS_MM = 1e-3, 5e-3
"""
The weights of a sphere are sums along lines; along another axis they are other sums.
The worst of all 48 orders: 0.0002 of a volume, 0.0005 of an SD, 0.002 mm.
"""

EDGE_STEP = 0.03
"""
Of the minimum, which is of the voxels at least half inside: a voxel on that limit is in by the
sums along one axis and out by those along another, and its neighbor in value takes its place.
"""

TURNED = 1e-4
"""The fit steps along R, A and S: turned, it ends elsewhere within `CENTER_MM`."""

RESLICED, RESLICED_MM = 0.06, 0.3
"""
Of mean and center, where a spline made slices of 2 to 5 mm of slices of 4 mm: halfway between
two slices it loses 3 % of the mean of the 10 mm sphere.
"""

moves = st.tuples(*[st.floats(-500, 500)] * 3)
axes = st.permutations([0, 1, 2])
mirrors = st.tuples(*[st.booleans()] * 3)


@cache
def scan():
    """The ring with a little noise and no two axes alike, and a seed near each sphere."""
    scene = SyntheticPhantom(
        geometry=grid((56, 52, 20), (3.2, 3.4, 4.0), middle_ras_mm=(2.0, 1.0, 0.0)),
        activities=Activities(hot=HOT, background=BACKGROUND),
        pose=Pose(rotation_deg=12.0),
        psf=PSF(6.0),
        noise=Noise(0.05, 5.0),
    )
    image, truth = synthesize(scene)
    seeds = [
        Seed(one.insert.label, tuple(np.add(one.center_ras_mm, (1.0, -1.0, 0.5))))
        for one in truth.inserts
    ]
    return image, seeds


def measured(image, seeds, scale=1.0, refinement='fit'):
    known = Known(activity=given_activity(scale * HOT, scale * BACKGROUND))
    how = Settings(refinement=refinement)
    return analyze(image, seeds, load_phantom('NEMA IEC body'), how, known=known)


@cache
def plain():
    return measured(*scan())


def moved(seeds, matrix):
    matrix = np.asarray(matrix)
    return [
        Seed(seed.label, tuple(matrix[:3, :3] @ seed.position_ras_mm + matrix[:3, 3]))
        for seed in seeds
    ]


def compare(found, matrix=None, *, scale=1.0, relative=RELATIVE, of_min=RELATIVE, mm=CENTER_MM):
    """The same spheres at moved places, with scaled values and the same flags."""
    matrix = np.eye(4) if matrix is None else np.asarray(matrix)
    for one, other in zip(plain().spheres, found.spheres, strict=True):
        expected = matrix[:3, :3] @ one.center_ras_mm + matrix[:3, 3]
        assert other.center_ras_mm == pytest.approx(expected, abs=mm)
        assert other.label == one.label
        assert other.flags == one.flags
        for name in ('mean', 'sd', 'max', 'min'):
            near = of_min if name == 'min' else relative
            value, same = getattr(other.statistics, name), getattr(one.statistics, name)
            assert value == pytest.approx(scale * same, rel=near), name
        assert other.statistics.volume_ml == pytest.approx(one.statistics.volume_ml, rel=relative)


def in_other_order(image, order, flips):
    """The same voxels at the same places, stored along other axes and the other way round."""
    voxels, matrix = image.voxels, image.geometry.ijk_to_ras.copy()
    for axis, flip in enumerate(flips):
        if flip:
            voxels = np.flip(voxels, 2 - axis)
            matrix[:3, 3] += matrix[:3, axis] * (image.geometry.size_ijk[axis] - 1)
            matrix[:3, axis] *= -1
    voxels = voxels.transpose([2 - order[2 - n] for n in range(3)])
    matrix[:, :3] = matrix[:, list(order)]
    geometry = VolumeGeometry(voxels.shape, matrix)
    return replace(image, voxels=np.ascontiguousarray(voxels), geometry=geometry)


@FEW
@given(moves)
def test_a_scan_that_is_moved_gives_the_same_at_another_place(move):
    image, seeds = scan()
    matrix = np.eye(4)
    matrix[:3, 3] = move
    geometry = replace(image.geometry, ijk_to_ras=matrix @ image.geometry.ijk_to_ras)

    compare(measured(replace(image, geometry=geometry), moved(seeds, matrix)), matrix)


@FEW
@given(axes, mirrors)
def test_a_scan_that_is_turned_by_right_angles_or_mirrored_gives_the_same(order, signs):
    image, seeds = scan()
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1.0
    matrix[[0, 1, 2], order] = np.where(signs, -1.0, 1.0)
    geometry = replace(image.geometry, ijk_to_ras=matrix @ image.geometry.ijk_to_ras)

    compare(measured(replace(image, geometry=geometry), moved(seeds, matrix)), matrix)


@FEW
@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1), moves)
def test_a_scan_that_is_turned_by_any_angle_gives_the_same(quaternion, move):
    image, seeds = scan()
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = Rotation.from_quat(quaternion).as_matrix(), move
    geometry = replace(image.geometry, ijk_to_ras=matrix @ image.geometry.ijk_to_ras)

    found = measured(replace(image, geometry=geometry), moved(seeds, matrix))
    compare(found, matrix, relative=TURNED, of_min=TURNED)


@FEW
@given(st.floats(2.0, 5.0), st.floats(-0.5, 0.5))
def test_a_scan_that_is_cut_into_other_slices_gives_nearly_the_same(thickness_mm, start):
    """A spline between slices blurs and overshoots a little: this is what it may cost."""
    image, seeds = scan()
    count = int((image.voxels.shape[0] - 2) * 4.0 / thickness_mm)
    k = 0.5 + start + np.arange(count) * thickness_mm / 4.0
    at = np.meshgrid(k, *(np.arange(n) for n in image.voxels.shape[1:]), indexing='ij')
    voxels = ndimage.map_coordinates(image.voxels, at, order=3, output=np.float32)
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 2] *= thickness_mm / 4.0
    matrix[:3, 3] = image.geometry.position_ras_mm((0, 0, 0.5 + start))

    found = measured(PETImage(voxels, VolumeGeometry(voxels.shape, matrix), 'Bq/mL'), seeds)

    for one, other in zip(plain().spheres, found.spheres, strict=True):
        assert other.label == one.label
        assert other.center_ras_mm == pytest.approx(one.center_ras_mm, abs=RESLICED_MM)
        assert other.statistics.mean == pytest.approx(one.statistics.mean, rel=RESLICED)


@FEW
@given(axes, mirrors)
def test_voxels_that_are_stored_in_another_order_give_the_same(order, flips):
    image, seeds = scan()
    found = measured(in_other_order(image, order, flips), seeds)
    compare(found, relative=OTHER_AXIS, of_min=EDGE_STEP, mm=OTHER_AXIS_MM)


def test_the_storage_order_of_the_test_above_keeps_every_voxel_in_its_place():
    image, _ = scan()
    for order, flips in product([(0, 1, 2), (2, 0, 1), (1, 0, 2)], [(0, 0, 1), (1, 1, 0)]):
        other = in_other_order(image, order, flips)
        place = image.geometry.position_ras_mm((7, 11, 5))
        i, j, k = np.rint(other.geometry.index_ijk(place)).astype(int)
        assert other.voxels[k, j, i] == image.voxels[5, 11, 7]


@FEW
@given(st.tuples(*[st.integers(0, 2)] * 6))
def test_a_scan_that_is_cropped_gives_the_same(cut):
    """Voxels at the border that no sphere, no fit and no background of a fit needs."""
    image, seeds = scan()
    k0, k1, j0, j1, i0, i1 = cut
    k, j, i = image.voxels.shape
    voxels = image.voxels[k0 : k - k1, j0 : j - j1, i0 : i - i1]
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] = image.geometry.position_ras_mm((i0, j0, k0))

    compare(measured(PETImage(voxels, VolumeGeometry(voxels.shape, matrix), 'Bq/mL'), seeds))


@FEW
@given(st.floats(1e-3, 1e3))
def test_values_that_are_rescaled_give_rescaled_results_and_the_same_recovery(scale):
    image, seeds = scan()
    voxels = (image.voxels * np.float64(scale)).astype(np.float32)

    found = measured(replace(image, voxels=voxels), seeds, scale)

    compare(found, scale=scale)
    for one, other in zip(plain().recovery.spheres, found.recovery.spheres, strict=True):
        assert other.rc_max == pytest.approx(one.rc_max, rel=RELATIVE)
        assert other.rc_peak == pytest.approx(one.rc_peak, rel=RELATIVE)


@FEW
@given(st.permutations(range(6)))
def test_seeds_have_no_order(order):
    image, seeds = scan()
    assert results_of(measured(image, [seeds[n] for n in order])) == results_of(plain())


@FEW
@given(st.permutations(range(5)))
def test_files_have_no_order(tmp_path_factory, order):
    """Neither their names nor the numbers that the header gives them."""
    folder = tmp_path_factory.mktemp('files')
    for name, ds in zip(order, Made().datasets(), strict=True):
        ds.InstanceNumber = name + 1
        save(ds, folder / f'{name}.dcm')
    assert read_pet_series(folder).sha256() == _sha256_of_files()


@cache
def _sha256_of_files():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        for n, ds in enumerate(Made().datasets()):
            save(ds, Path(folder) / f'{n}.dcm')
        return read_pet_series(Path(folder)).sha256()


@pytest.mark.parametrize('unit', ['g/mL', 'unknown'])
def test_another_unit_leaves_the_spheres_as_they_are(unit):
    """Values are values: only what needs Bq/mL says that it was left out."""
    image, seeds = scan()
    compare_units = measured(replace(image, unit=unit), seeds)
    compare(compare_units)


def results_of(result):
    """`results.json` without the date."""
    data = results_json(result)
    return {key: value for key, value in data.items() if key != 'analyzed_at'}


def test_the_same_input_gives_the_same_bits():
    first, second = (json.dumps(results_of(measured(*scan()))) for _ in range(2))
    assert first == second


SCRIPT = """
import json, sys
sys.path[:0] = {paths!r}
import test_invariances as here
print(json.dumps(here.results_of(here.measured(*here.scan(), refinement={refinement!r}))))
"""


def results_by(kernel, refinement):
    """What a process computes whose linear algebra takes another kernel."""
    paths = [str(MODULE), str(ROOT / 'Testing' / 'Python')]
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT.format(paths=paths, refinement=refinement)],
        env={**os.environ, 'OPENBLAS_CORETYPE': kernel},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(
    platform.machine() not in {'x86_64', 'AMD64'}, reason='the kernels are those of x86'
)
@pytest.mark.parametrize(
    ('refinement', 'tolerance'),
    [
        ('search', 1e-9),
        ('fit', 1e-5),  # an iteration in single precision ends 1e-7 mm apart
        ('none', 1e-7),  # lines that only touch a circle: square roots of the last digit
    ],
)
def test_another_kernel_gives_the_same_numbers(refinement, tolerance):
    pairs = differences(*(results_by(kernel, refinement) for kernel in ('Nehalem', 'Haswell')))
    for path, one, other in pairs:
        assert one == pytest.approx(other, rel=tolerance, abs=tolerance), path


def differences(one, other, path=''):
    """Leaves of two trees that are not equal."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f'{path}/{key}')
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for n, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f'{path}/{n}')
    elif one != other:
        yield path, one, other
