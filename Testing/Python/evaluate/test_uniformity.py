"""Uniformity against a slow oracle and closed forms; the noise of a mean against many draws."""

import numpy as np
import pytest
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.evaluate.uniformity import mean_sd, uniformity
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere, VOIMask, voi_mask
from VOIIdentificationLib.synthetic.phantom import correlated_noise, grid

GEOMETRY = grid((40, 36, 24), (3.1, 3.7, 4.3), middle_ras_mm=(0.0, 0.0, 0.0))
SOLID = Cylinder('C', (1.3, -2.1, 0.7), 80.0, 70.0)
MASK = voi_mask(SOLID, GEOMETRY)


def image_of(function, geometry=GEOMETRY):
    """Values as a function of R, A, S from the middle of the VOI."""
    k, j, i = np.indices(geometry.shape_kji)
    place = geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - SOLID.center_ras_mm
    return PETImage(function(*np.moveaxis(place, -1, 0)).astype(np.float32), geometry, 'Bq/mL')


def test_a_constant_is_uniform():
    parts = uniformity(image_of(lambda r, a, s: 0 * r + 500.0), MASK, 500.0)
    for ends in (parts.axial, parts.in_plane, parts.through):
        assert ends == pytest.approx((0.0, 0.0), abs=1e-9)


def test_a_slope_along_the_axis_is_axial_and_nothing_else():
    parts = uniformity(image_of(lambda r, a, s: 1000.0 + 2.0 * s), MASK, 1000.0)

    counted = [one for one in parts.slices if one.whole]
    heights = [GEOMETRY.slice_distance_mm(SOLID.center_ras_mm, one.slice_k) for one in counted]
    assert [one.mean for one in counted] == pytest.approx(1000.0 + 2.0 * np.array(heights))
    deviations = [one.deviation_percent for one in counted]
    assert deviations == pytest.approx(0.2 * np.array(heights), abs=1e-4)
    low, high = parts.axial
    assert (low, high) == pytest.approx((0.2 * min(heights), 0.2 * max(heights)), rel=1e-6)
    assert parts.in_plane == pytest.approx((0.0, 0.0), abs=1e-4)
    assert parts.through == pytest.approx((0.0, 0.0), abs=1e-4)


def test_a_slope_across_it_shows_in_the_cells_and_not_in_the_slices():
    parts = uniformity(image_of(lambda r, a, s: 1000.0 + 2.0 * r), MASK, 1000.0)
    # Whole cells of a circle of 40 mm radius reach from -40 to 40 mm at most: middles ± 35 or 25.
    assert parts.axial == pytest.approx((0.0, 0.0), abs=0.05)
    assert parts.through == pytest.approx((-7.0, 7.0), abs=2.2)
    assert parts.through == pytest.approx(parts.in_plane, abs=0.1)
    assert parts.through.high_percent > 4.5


def test_cells_are_those_of_a_slow_count():
    rng = np.random.default_rng(3)
    image = image_of(lambda r, a, s: rng.normal(1000.0, 80.0, r.shape))
    k = 12
    one = next(x for x in uniformity(image, MASK, 1000.0).slices if x.slice_k == k)
    # Points 0.2 mm apart, each with the value of its voxel.
    step = 0.2
    fine = np.arange(-40.0, 40.0, step) + step / 2
    r, a = np.meshgrid(fine, fine, indexing='ij')
    inside = np.hypot(r, a) < 40.0
    index = GEOMETRY.index_ijk(np.stack([r + 1.3, a - 2.1, 0 * r + 0.7], axis=-1))
    i, j = np.round(index[..., 0]).astype(int), np.round(index[..., 1]).astype(int)
    values = image.voxels[k][j, i].astype(float)
    cells = []
    for r0 in np.arange(-40.0, 40.0, 10.0):
        for a0 in np.arange(-40.0, 40.0, 10.0):
            cell = (r >= r0) & (r < r0 + 10) & (a >= a0) & (a < a0 + 10)
            if inside[cell].all():
                cells.append(values[cell].mean())
    expected = [100 * (end / one.mean - 1) for end in (min(cells), max(cells))]
    assert one.mean == pytest.approx(values[inside].mean(), rel=2e-3)
    assert one.cells == pytest.approx(expected, abs=0.35)
    assert one.sd == pytest.approx(values[inside].std(), rel=0.02)


def test_cut_slices_are_shown_but_do_not_count():
    parts = uniformity(image_of(lambda r, a, s: 1000.0 + 0 * r), MASK, 1000.0)
    part = [one for one in parts.slices if not one.whole]
    assert 0 < len(part) <= 2
    assert sum(one.area_mm2 for one in parts.slices) * 4.3 == pytest.approx(
        np.pi * 40**2 * 70, rel=1e-3
    )


def test_voxels_that_are_no_numbers_are_left_out():
    image = image_of(lambda r, a, s: 1000.0 + 0 * r)
    image.voxels[12, 18, 20] = np.nan
    parts = uniformity(image, MASK, 1000.0)
    assert parts.in_plane == pytest.approx((0.0, 0.0), abs=1e-4)
    assert mean_sd(image, MASK) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ('spacing_mm', 'shape', 'noise_mm', 'size_mm'),
    [
        ((3.0, 3.2, 2.7), (54, 52, 60), 5.0, (140.0, 140.0)),
        ((4.1, 4.3, 3.3), (44, 42, 60), 8.0, (140.0, 180.0)),
        ((4.4, 4.5, 4.6), (40, 38, 36), 12.0, (140.0, 140.0)),  # as SPECT
    ],
)
def test_the_noise_of_the_mean_covers_two_thirds_of_many_draws(
    spacing_mm, shape, noise_mm, size_mm
):
    geometry = grid(shape, spacing_mm, middle_ras_mm=(0.0, 0.0, 0.0))
    mask = voi_mask(Cylinder('C', (1.0, 2.0, 3.0), *size_mm), geometry)
    deviations, sds = [], []
    for seed in range(120):
        noise = 0.2 * correlated_noise(geometry, noise_mm, np.random.default_rng(seed)) + 1.0
        image = PETImage(noise.astype(np.float32), geometry, 'Bq/mL')
        deviations.append(np.average(image.voxels[mask.slices_kji], weights=mask.weights) - 1.0)
        sds.append(mean_sd(image, mask))
    deviations, sds = np.array(deviations), np.array(sds)
    assert 0.56 <= np.mean(np.abs(deviations) < sds) <= 0.80  # three standard errors of 120 draws
    assert np.sqrt(np.mean(sds**2)) == pytest.approx(deviations.std(), rel=0.2)
    assert np.median(sds) > 3 * 0.2 / np.sqrt(mask.weights.sum())  # the naive one is far too small


def test_turned_and_mirrored_grids_give_the_same_noise():
    rng = np.random.default_rng(0)
    voxels = correlated_noise(GEOMETRY, 7.0, rng)
    expected = mean_sd(PETImage(voxels, GEOMETRY, 'Bq/mL'), MASK)
    flipped = GEOMETRY.ijk_to_ras @ np.array(
        [[-1, 0, 0, 39], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]
    )
    geometry = VolumeGeometry(GEOMETRY.shape_kji, flipped)
    other = PETImage(np.ascontiguousarray(voxels[..., ::-1]), geometry, 'Bq/mL')
    assert mean_sd(other, voi_mask(SOLID, geometry)) == pytest.approx(expected, rel=1e-3)


def test_a_voi_of_a_voxel_has_no_known_noise():
    mask = voi_mask(Cylinder('C', (0.0, 0.0, 0.0), 2.0, 2.0), GEOMETRY)
    assert mean_sd(image_of(lambda r, a, s: 1.0 + 0 * r), mask) is None


COARSE = grid((13, 12, 12), (9.0, 10.5, 11.0), middle_ras_mm=(0.0, 0.0, 0.0))


def mean_sd_by_pairs(image, mask):
    """Every pair of voxels by itself, as the notes of `mean_sd` define it."""
    w = mask.weights.ravel()
    values = image.voxels[mask.slices_kji].astype(float).ravel()
    index = np.argwhere(np.ones(mask.weights.shape)) + [part.start for part in mask.slices_kji]
    places = image.geometry.position_ras_mm(index[:, ::-1])
    volume = w.sum() * image.geometry.voxel_volume_mm3
    within = min(25.0, (0.1 * volume * 3 / (4 * np.pi)) ** (1 / 3))
    near = np.linalg.norm(places[:, None] - places, axis=-1) <= within
    deviations = w * (values - np.average(values, weights=w))
    pairs = np.sum(near * deviations[:, None] * deviations)
    return np.sqrt(pairs / (w.sum() ** 2 - np.sum(near * w[:, None] * w)))


@pytest.mark.parametrize(
    ('diameter_mm', 'height_mm'),
    [(104.0, 108.0), (70.0, 60.0), (20.0, 19.0)],
    ids=['25 mm', 'a tenth of the VOI', 'less than a voxel'],
)
@pytest.mark.parametrize('turned', [False, True])
def test_the_noise_of_a_mean_is_that_of_a_sum_over_all_pairs(diameter_mm, height_mm, turned):
    geometry = COARSE
    if turned:  # the slices along R, so that the longest step is another axis'
        matrix = COARSE.ijk_to_ras.copy()
        matrix[:3] = matrix[[2, 0, 1]]
        geometry = VolumeGeometry(COARSE.shape_kji, matrix)
    mask = voi_mask(Cylinder('C', (1.0, -2.0, 0.5), diameter_mm, height_mm), geometry)
    noise = correlated_noise(geometry, 20.0, np.random.default_rng(4))
    image = PETImage((100 + 10 * noise).astype(np.float32), geometry, 'Bq/mL')

    assert mean_sd(image, mask) == pytest.approx(mean_sd_by_pairs(image, mask), rel=1e-6)


@pytest.mark.parametrize(('part', 'whole'), [(0.49, False), (0.51, True)])
def test_a_slice_counts_if_half_of_it_is_inside(part, whole):
    """Centered on a slice, with so much of the slices at both ends."""
    middle = tuple(GEOMETRY.position_ras_mm((19.3, 17.8, 12.0)).tolist())
    mask = voi_mask(Cylinder('C', middle, 80.0, 4.3 * (9 + 2 * part)), GEOMETRY)

    slices = uniformity(image_of(lambda r, a, s: 0 * r + 500.0), mask, 500.0).slices

    assert [one.slice_k for one in slices] == list(range(7, 18))
    assert [one.whole for one in slices] == [whole, *[True] * 9, whole]
    assert slices[0].area_mm2 == pytest.approx(part * slices[5].area_mm2)
    assert slices[5].area_mm2 == pytest.approx(np.pi * 40**2, rel=1e-3)


@pytest.mark.parametrize('side_mm', [13.0, 9.5])
def test_a_cell_counts_if_it_is_inside_as_a_whole(side_mm):
    """
    A disc around four cells, and one that does not reach their corners: four cells or none.

    A voxel counts all over by its part inside, so that 4 mm of room are needed.
    """
    middle = tuple(GEOMETRY.position_ras_mm((19.3, 17.8, 12.0)).tolist())
    solid = Cylinder('C', middle, 2 * np.sqrt(2) * side_mm, 4.3 * 3)
    mask = voi_mask(solid, GEOMETRY)
    image = image_of(lambda r, a, s: 1000.0 + 10 * r)

    found = uniformity(image, mask, 1000.0).slices[1].cells

    assert (found.low_percent is None) == (side_mm < 10.0)
    assert (found.high_percent is None) == (side_mm < 10.0)


def test_a_slice_without_a_positive_mean_has_no_cov():
    cold = image_of(lambda r, a, s: np.where(np.abs(s) < 2.0, -5.0, 1000.0))
    slices = uniformity(cold, MASK, 900.0).slices
    assert {one.cov_percent is None for one in slices if one.mean <= 0} == {True}
    assert {one.cov_percent is None for one in slices if one.mean > 0} == {False}


def test_two_voxels_are_needed_for_noise():
    geometry = grid((9, 8, 7), (10.0, 10.0, 10.0), middle_ras_mm=(0.0, 0.0, 0.0))
    rng = np.random.default_rng(2)
    image = PETImage(rng.normal(5, 1, (7, 8, 9)).astype(np.float32), geometry, 'Bq/mL')
    for diameter, known in [(11.0, False), (13.0, True)]:
        mask = voi_mask(Sphere('S', (0.0, 0.0, 0.0), diameter), geometry)
        assert (mask.weights.sum() > 1) == known
        assert (mean_sd(image, mask) is not None) == known


def test_the_unit_of_the_values_changes_no_percent():
    rng = np.random.default_rng(3)
    image = image_of(lambda r, a, s: 1000.0 + r + rng.normal(0.0, 50.0, r.shape))
    small = PETImage((image.voxels * 1e-5).astype(np.float32), GEOMETRY, 'x')

    plain, other = uniformity(image, MASK, 1000.0), uniformity(small, MASK, 0.01)

    for name in ('axial', 'in_plane', 'through'):
        assert getattr(other, name) == pytest.approx(getattr(plain, name), rel=1e-3, abs=1e-3)
    assert [one.cov_percent for one in other.slices] == pytest.approx(
        [one.cov_percent for one in plain.slices], rel=1e-4
    )
    assert mean_sd(small, MASK) == pytest.approx(1e-5 * mean_sd(image, MASK), rel=1e-3)


def by_hand(weights, values):
    """Slices of 10 x 10 mm voxels, with these weights and values."""
    weights, values = np.array(weights, dtype=float), np.array(values, dtype=np.float32)
    geometry = VolumeGeometry(values.shape, np.diag([10.0, 10.0, 10.0, 1.0]))
    mask = VOIMask(weights, tuple(slice(0, n) for n in values.shape), False)
    return PETImage(values, geometry, 'Bq/mL'), mask


def test_two_slices_have_extremes_and_one_has_none():
    image, mask = by_hand([[[1.0]], [[1.0]]], [[[90.0]], [[115.0]]])
    assert uniformity(image, mask, 100.0).axial == pytest.approx((-10.0, 15.0))
    alone = VOIMask(mask.weights[:1], (slice(0, 1), *mask.slices_kji[1:]), False)
    assert uniformity(image, alone, 100.0).axial == (None, None)


def test_just_half_of_the_largest_slice_is_whole():
    image, mask = by_hand([[[0.5]], [[1.0]], [[0.499]]], [[[90.0]], [[100.0]], [[10.0]]])
    parts = uniformity(image, mask, 100.0)
    assert [one.whole for one in parts.slices] == [True, True, False]
    assert parts.axial == pytest.approx((-10.0, 0.0))
    assert [one.area_mm2 for one in parts.slices] == pytest.approx([50.0, 100.0, 49.9])


def test_four_voxels_of_a_cell_each_are_four_cells():
    """Against the mean of their slice, and through both slices against their own mean."""
    image, mask = by_hand(
        np.ones((2, 2, 2)), [[[90.0, 110.0], [100.0, 100.0]], [[80.0, 120.0], [100.0, 100.0]]]
    )
    parts = uniformity(image, mask, 100.0)
    assert parts.slices[0].cells == pytest.approx((-10.0, 10.0))
    assert parts.in_plane == pytest.approx((-20.0, 20.0))
    assert parts.through == pytest.approx((-15.0, 15.0))
    assert parts.axial == pytest.approx((0.0, 0.0))


def test_a_cell_that_one_slice_lacks_does_not_go_through():
    weights = np.ones((2, 2, 2))
    weights[1, [0, 1], [0, 1]] = 0.9  # both, so that the middle stays
    image, mask = by_hand(weights, [[[10.0, 110.0], [90.0, 100.0]], [[10.0, 110.0], [90.0, 100.0]]])
    assert uniformity(image, mask, 90.0).through == pytest.approx((-10.0, 10.0))


def test_one_voxel_has_no_known_noise():
    image, mask = by_hand([[[1.0, 0.0]]], [[[90.0, 3.0]]])
    assert mean_sd(image, mask) is None


def test_slices_without_a_voxel_are_not_shown():
    image, mask = by_hand([[[1.0]], [[0.0]], [[1.0]]], [[[90.0]], [[5.0]], [[110.0]]])
    assert [one.slice_k for one in uniformity(image, mask, 100.0).slices] == [0, 2]


@pytest.mark.parametrize('order', [(0, 1, 2), (2, 0, 1)])
def test_the_noise_of_a_mean_on_voxels_that_are_long_along_one_axis(order):
    """Lags of five voxels along one axis and of one along another."""
    spacing = np.array([5.0, 12.0, 21.0])[list(order)]
    shape = np.array([21, 9, 5])[list(order)][::-1]
    geometry = VolumeGeometry(tuple(int(n) for n in shape), np.diag([*spacing, 1.0]))
    mask = VOIMask(np.ones(shape), tuple(slice(0, int(n)) for n in shape), False)
    noise = correlated_noise(geometry, 20.0, np.random.default_rng(4))
    image = PETImage((100 + 10 * noise).astype(np.float32), geometry, 'Bq/mL')

    assert mean_sd(image, mask) == pytest.approx(mean_sd_by_pairs(image, mask), rel=1e-6)
