"""
Recovery coefficients.

The A50 VOI against a flood fill in plain Python; limits against the tables they
were typed from; uncertainties against random fills.
"""

import json
from collections import deque
from dataclasses import replace
from datetime import datetime
from itertools import product

import numpy as np
import pytest
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet, TrueActivity, true_activity
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.flags import DOUBTED_LABELS, Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.evaluate.a50 import a50_voi, a50_zone
from VOIIdentificationLib.evaluate.background import PooledBackground
from VOIIdentificationLib.evaluate.limits import Limit, load_limits, shipped_limits
from VOIIdentificationLib.evaluate.recovery import (
    core_mean,
    measured_level,
    recovery,
    true_level,
)
from VOIIdentificationLib.evaluate.verdict import verdict
from VOIIdentificationLib.measure.statistics import VOIStatistics
from VOIIdentificationLib.measure.voi import VOIResult
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere, voi_mask

BACKGROUND = 2000.0
HOT = 20_000.0


def geometry_of(shape_kji=(22, 30, 34), spacing=(2.0, 2.4, 3.0), angle=0.3):
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * spacing
    matrix[:3, 3] = (-31.0, -20.0, 7.0)
    return VolumeGeometry(shape_kji, matrix)


def distances_mm(geometry, center_ras_mm):
    k, j, i = np.indices(geometry.shape_kji)
    position = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ geometry.ijk_to_ras.T
    return np.linalg.norm(position[..., :3] - center_ras_mm, axis=-1)


def soft_ball(geometry, center, diameter_mm, *, width_mm=2.5, top=HOT):
    distance = distances_mm(geometry, center)
    return (top - BACKGROUND) / (1 + np.exp((distance - diameter_mm / 2) / width_mm))


def ball_image(diameter_mm=17.0, *, noise=0.0, seed=0, unit='Bq/mL'):
    geometry = geometry_of()
    center = tuple(geometry.position_ras_mm((16.3, 14.6, 10.7)).tolist())
    voxels = BACKGROUND + soft_ball(geometry, center, diameter_mm)
    voxels += noise * np.random.default_rng(seed).standard_normal(voxels.shape)
    return PETImage(voxels.astype(np.float32), geometry, unit), Sphere('S', center, diameter_mm)


def flood_fill(voxels, seed_kji, threshold, allowed):
    """Voxels joined to the seed by faces, edges or corners: the slow way."""
    inside = np.zeros(voxels.shape, dtype=bool)
    queue = deque([seed_kji])
    inside[seed_kji] = True
    steps = [step for step in product((-1, 0, 1), repeat=3) if any(step)]
    while queue:
        place = queue.popleft()
        for step in steps:
            near = tuple(p + d for p, d in zip(place, step, strict=True))
            if any(not 0 <= n < size for n, size in zip(near, voxels.shape, strict=True)):
                continue
            if not inside[near] and allowed[near] and voxels[near] >= threshold:
                inside[near] = True
                queue.append(near)
    return inside


def filled(inside):
    """Holes closed: what cannot be reached from the border through faces."""
    outside = np.zeros(np.add(inside.shape, 2), dtype=bool)
    free = np.pad(~inside, 1, constant_values=True)
    queue = deque([(0, 0, 0)])
    outside[0, 0, 0] = True
    while queue:
        place = queue.popleft()
        for axis, step in product(range(3), (-1, 1)):
            near = list(place)
            near[axis] += step
            near = tuple(near)
            inside_array = all(0 <= n < size for n, size in zip(near, free.shape, strict=True))
            if inside_array and free[near] and not outside[near]:
                outside[near] = True
                queue.append(near)
    return ~outside[1:-1, 1:-1, 1:-1]


@pytest.mark.parametrize('noise', [0.0, 5000.0])
@pytest.mark.parametrize('diameter_mm', [10.0, 28.0])
def test_the_a50_voi_is_what_a_flood_fill_finds(diameter_mm, noise):
    image, sphere = ball_image(diameter_mm, noise=noise, seed=int(diameter_mm))
    distance = distances_mm(image.geometry, sphere.center_ras_mm)
    inner = np.where(voi_weights(image, sphere) >= 0.5, image.voxels, -np.inf)
    top = np.unravel_index(np.argmax(inner), inner.shape)
    threshold = BACKGROUND + 0.5 * (image.voxels[top] - BACKGROUND)
    expected = filled(flood_fill(image.voxels, top, threshold, distance <= diameter_mm / 2 + 10.0))

    found = a50_voi(image, sphere, BACKGROUND)

    mask = np.zeros(image.voxels.shape, dtype=bool)
    mask[found.slices_kji] = found.inside
    assert np.array_equal(mask, expected)
    assert found.max == image.voxels[top]
    assert found.threshold == pytest.approx(threshold)
    assert found.mean == pytest.approx(image.voxels[expected].mean(dtype=float), rel=1e-9)
    volume_ml = expected.sum() * 2.0 * 2.4 * 3.0 / 1000
    assert found.volume_ml == pytest.approx(volume_ml)
    assert not found.at_edge


def voi_weights(image, sphere):
    mask = voi_mask(sphere, image.geometry)
    weights = np.zeros(image.voxels.shape)
    weights[mask.slices_kji] = mask.weights
    return weights


def test_a_cold_hole_inside_is_filled():
    image, sphere = ball_image(28.0)
    k, j, i = (round(float(n)) for n in image.geometry.index_ijk(sphere.center_ras_mm)[::-1])
    image.voxels[k, j, i] = 0.0

    found = a50_voi(image, sphere, BACKGROUND)

    box = [s.start for s in found.slices_kji]
    assert found.inside[k - box[0], j - box[1], i - box[2]]


def test_a_hot_neighbor_that_is_not_connected_stays_out():
    image, sphere = ball_image(13.0)
    alone = a50_voi(image, sphere, BACKGROUND)
    r, a, s = sphere.center_ras_mm
    image.voxels[...] += soft_ball(image.geometry, (r + 22.0, a, s), 10.0, width_mm=1.0)

    beside = a50_voi(image, sphere, BACKGROUND)

    assert beside.inside.sum() == alone.inside.sum()


def test_a_hotter_voxel_outside_the_sphere_is_not_its_maximum():
    image, sphere = ball_image(13.0)
    alone = a50_voi(image, sphere, BACKGROUND)
    box = voi_mask(sphere, image.geometry)
    corner = tuple(s.start for s in box.slices_kji)
    assert box.weights[0, 0, 0] == 0
    image.voxels[corner] = 3 * HOT

    assert a50_voi(image, sphere, BACKGROUND).max == alone.max


def test_a_background_far_too_low_lets_the_voi_run_away_and_says_so():
    image, sphere = ball_image(13.0)

    assert a50_voi(image, sphere, -40_000.0).at_edge


def test_a_sphere_no_hotter_than_the_background_has_no_a50():
    image, sphere = ball_image(13.0)

    assert a50_voi(image, sphere, HOT + 1) is None


def test_voxels_that_are_no_numbers_are_passed_over():
    image, sphere = ball_image(17.0)
    clean = a50_voi(image, sphere, BACKGROUND)
    place = tuple(
        s.start + size // 2 for s, size in zip(clean.slices_kji, clean.inside.shape, strict=True)
    )
    image.voxels[place] = np.nan

    found = a50_voi(image, sphere, BACKGROUND)

    assert np.isfinite(found.mean)
    assert found.inside.sum() == clean.inside.sum() - 1


def measured(image, sphere, *, hot=True, peak=15_000.0, label=None):
    mask = voi_mask(sphere, image.geometry)
    return VOIResult(
        insert=Insert(
            label or f'S{sphere.diameter_mm:g}',
            sphere.diameter_mm,
            shape='sphere' if isinstance(sphere, Sphere) else 'cylinder',
            hot=hot,
        ),
        seed_ras_mm=sphere.center_ras_mm,
        center_ras_mm=sphere.center_ras_mm,
        center_ijk=tuple(image.geometry.index_ijk(sphere.center_ras_mm)),
        mask=mask,
        statistics=VOIStatistics(voxel_count=1, volume_ml=1.0, max=0.0),
        slices=(),
        peak=peak,
        peak_at_max=peak - 1000.0,
    )


TRUTH = TrueActivity(HOT, BACKGROUND, hot_sd_percent=3.0, ratio=10.0)


def judged(image, spheres, truth):
    return recovery(
        image, spheres, (BACKGROUND, 'known fill'), limits=shipped_limits(), truth=truth
    )


def test_coefficients_are_values_over_the_true_concentration():
    image, sphere = ball_image(17.0)
    a50 = a50_voi(image, sphere, BACKGROUND)

    found = judged(image, [measured(image, sphere)], TRUTH)

    one = found.spheres[0]
    assert one.rc_max == pytest.approx(a50.max / HOT)
    assert one.rc_mean == pytest.approx(a50.mean / HOT)
    assert one.rc_peak == pytest.approx(15_000.0 / HOT)
    assert one.sd_percent == 3.0
    assert not found.relative
    assert found.background_rule == 'known fill'
    assert found.peak_rule == 'highest mean in 1 cm3 moved over the sphere'
    assert found.standards == ('EARL 1', 'EARL 2')
    assert {(v.standard, v.quantity) for v in one.verdicts} == {
        ('EARL 1', 'rc_max'),
        ('EARL 1', 'rc_mean'),
        ('EARL 2', 'rc_max'),
        ('EARL 2', 'rc_mean'),
        ('EARL 2', 'rc_peak'),
    }


def test_an_activity_without_an_uncertainty_gives_coefficients_without_one():
    image, sphere = ball_image(37.0 / 2)
    found = judged(image, [measured(image, sphere)], TrueActivity(HOT, BACKGROUND))
    assert not found.relative
    assert found.spheres[0].verdicts == ()  # no limits for this diameter
    assert found.spheres[0].rc_max is not None
    assert found.spheres[0].sd_percent is None


@pytest.mark.parametrize('truth', [None, TrueActivity(None, BACKGROUND)])
def test_without_a_true_activity_coefficients_are_relative_and_never_judged(truth):
    image, sphere = ball_image(37.0 / 2)
    small = Sphere('S10', sphere.center_ras_mm, 10.0)

    found = judged(image, [measured(image, small), measured(image, sphere)], truth)

    assert found.relative
    inner = distances_mm(image.geometry, sphere.center_ras_mm) <= 18.5 / 4
    assert found.reference == pytest.approx(image.voxels[inner].mean(), rel=0.01)
    assert found.spheres[1].rc_mean == pytest.approx(found.spheres[1].a50_mean / found.reference)
    assert 'S18.5' in found.reference_rule
    assert found.standards == ()
    assert all(one.verdicts == () and one.sd_percent is None for one in found.spheres)
    assert 'the activity is unknown' in found.notes[0]


def test_an_image_in_another_unit_is_not_compared_with_a_concentration():
    image, sphere = ball_image(17.0, unit='counts')

    found = judged(image, [measured(image, sphere)], TRUTH)

    assert found.relative
    assert 'in counts, not in Bq/mL' in found.notes[0]


def test_cold_spheres_and_cylinders_have_no_recovery():
    image, sphere = ball_image(17.0)
    rod = Cylinder('rod', sphere.center_ras_mm, 10.0, 10.0)
    cold = measured(image, sphere, hot=False)

    found = judged(image, [cold, measured(image, rod)], TRUTH)

    assert found.spheres == ()


def test_a_ratio_far_from_that_of_the_limits_is_said():
    image, sphere = ball_image(17.0)
    truth = TrueActivity(HOT, 5000.0, hot_sd_percent=3.0, ratio=4.0)

    found = judged(image, [measured(image, sphere)], truth)

    reason = 'EARL 1 is meant for a true ratio of 10 : 1, here it is 4.00 : 1'
    assert f'not judged: {reason}' in found.notes
    verdicts = found.spheres[0].verdicts
    assert all(one.passed is None for one in verdicts)
    assert {one.not_judged for one in verdicts if one.standard == 'EARL 1'} == {reason}


@pytest.mark.parametrize(
    ('ratio', 'judges'), [(8.99, False), (9.01, True), (10.99, True), (11.01, False), (None, False)]
)
def test_limits_judge_only_near_the_ratio_that_they_are_meant_for(ratio, judges):
    image, sphere = ball_image(17.0)
    truth = TrueActivity(HOT, BACKGROUND, ratio=ratio)

    verdicts = judged(image, [measured(image, sphere)], truth).spheres[0].verdicts

    assert all((one.passed is not None) == judges for one in verdicts)


def test_a_doubt_takes_every_verdict():
    image, sphere = ball_image(17.0)
    vois, level = [measured(image, sphere)], (BACKGROUND, 'known fill')

    found = recovery(image, vois, level, limits=shipped_limits(), truth=TRUTH, doubt='unsure')

    assert {(one.passed, one.not_judged) for one in found.spheres[0].verdicts} == {(None, 'unsure')}


@pytest.mark.parametrize('flag', sorted(DOUBTED_LABELS))
def test_a_sphere_whose_label_is_doubted_is_not_judged(flag):
    image, sphere = ball_image(17.0)
    voi = replace(measured(image, sphere), flags=(flag,))

    verdicts = judged(image, [voi], TRUTH).spheres[0].verdicts

    assert {one.not_judged for one in verdicts} == {flag.text}


@pytest.mark.parametrize(('factor', 'flagged'), [(1.0, False), (0.5, True), (30.0, True)])
def test_recoveries_that_no_scan_has_are_flagged(factor, flagged):
    """The true activity given this many times too high."""
    image, sphere = ball_image(17.0)
    truth = TrueActivity(HOT * factor, BACKGROUND * factor, ratio=10.0)

    one = judged(image, [measured(image, sphere)], truth).spheres[0]

    assert (Flag.RECOVERY_IMPLAUSIBLE in one.flags) == flagged


def test_without_a_background_maximum_and_peak_remain():
    image, sphere = ball_image(17.0)
    voi = measured(image, sphere)
    voi = replace(voi, statistics=replace(voi.statistics, max=0.9 * HOT))

    found = recovery(image, [voi], None, limits=shipped_limits(), truth=TRUTH)

    one = found.spheres[0]
    assert (one.rc_max, one.rc_peak) == pytest.approx((0.9, 0.75))
    assert (one.rc_mean, one.a50_mean, one.a50_threshold) == (None, None, None)
    assert found.background is None
    assert {verdict.quantity for verdict in one.verdicts} == {'rc_max', 'rc_peak'}


def test_a_curve_that_falls_with_size_is_flagged_by_its_quantity():
    image, sphere = ball_image(17.0)
    small = Sphere('S10', sphere.center_ras_mm, 10.0)
    spheres = [measured(image, sphere, peak=9000.0), measured(image, small, peak=9500.0)]

    found = judged(image, spheres, TRUTH)

    assert found.not_monotonic == ('rc_peak',)
    assert found.flags == (Flag.NOT_MONOTONIC,)


def test_a_sphere_of_another_size_is_not_judged():
    image, sphere = ball_image(12.0)

    found = judged(image, [measured(image, sphere)], TRUTH)

    assert found.spheres[0].verdicts == ()


@pytest.mark.parametrize(
    ('value', 'passed', 'margin'),
    [
        (0.34, True, 0.0),
        (0.57, True, 0.0),
        (0.40, True, 0.06),
        (0.33, False, -0.01),
        (0.7, False, -0.13),
    ],
)
def test_a_verdict_says_how_far_the_nearer_limit_is(value, passed, margin):
    found = verdict(value, Limit(10.0, 'rc_max', 0.34, 0.57, 'table', '2017', 'note'), 'EARL 1')

    assert found.passed is passed
    assert found.margin == pytest.approx(margin)
    assert (found.source, found.version, found.note) == ('table', '2017', 'note')


# Typed again from metrics.md, section 3: rows 37 to 10 mm.
TABLE = {
    ('EARL 1', 'rc_mean'): '0.76-0.89 0.72-0.85 0.63-0.78 0.57-0.73 0.44-0.60 0.27-0.43',
    ('EARL 1', 'rc_max'): '0.95-1.16 0.91-1.13 0.83-1.09 0.73-1.01 0.59-0.85 0.34-0.57',
    ('EARL 2', 'rc_mean'): '0.85-1.00 0.82-0.97 0.80-0.99 0.76-0.97 0.63-0.86 0.39-0.61',
    ('EARL 2', 'rc_max'): '1.05-1.29 1.01-1.26 1.01-1.32 1.00-1.38 0.85-1.22 0.52-0.88',
    ('EARL 2', 'rc_peak'): '0.90-1.10 0.90-1.10 0.90-1.10 0.75-0.99 0.45-0.70 0.27-0.41',
}


def test_the_shipped_limits_are_those_of_the_tables():
    rows = {
        (limits.name, row.quantity, row.diameter_mm): (row.low, row.high)
        for limits in shipped_limits()
        for row in limits.bands
    }
    expected = {
        (standard, quantity, diameter): tuple(float(part) for part in band.split('-'))
        for (standard, quantity), bands in TABLE.items()
        for diameter, band in zip((37, 28, 22, 17, 13, 10), bands.split(), strict=True)
    }

    assert rows == expected


def test_every_limit_has_its_source_and_the_second_hand_ones_a_note():
    for limits in shipped_limits():
        for row in limits.rows:
            assert row.source
            assert row.version
            assert bool(row.note) == (limits.name != 'EARL 1')
            assert ('second-hand: confirm' in row.note) == limits.name.startswith('JSNM')
            assert (row.note == 'digitised, confirm with EARL') == (row.quantity == 'rc_peak')


ROW = {
    'diameter_mm': 10,
    'quantity': 'rc_max',
    'low': 0.3,
    'high': 0.5,
    'source': 'x',
    'version': '1',
}


@pytest.mark.parametrize(
    ('data', 'sentence'),
    [
        ([], 'expected a JSON object'),
        ({'schema': 'x'}, '"schema"'),
        ({'rows': []}, '"rows" must be a list with at least one limit'),
        ({}, 'rows missing'),
        ({'rows': [3]}, 'limit 1: expected a JSON object, got int'),
        ({'rows': [{**ROW, 'kind': 1}]}, "limit 1: unknown key 'kind'; known are diameter_mm"),
        (
            {'rows': [{'quantity': 'rc_max'}]},
            'no limit of rc_max is given|"diameter_mm" is missing: rc_max belongs to a sphere',
        ),
        (
            {'rows': [{**ROW, 'quantity': 'rc'}]},
            '"quantity" must be one of .*rc_max, .*, got \'rc\'',
        ),
        ({'rows': [ROW, {**ROW, 'low': 0.6}]}, 'limit 2: "low" must be below "high", got 0.6 and'),
        ({'rows': [{**ROW, 'low': 0.5}]}, '"low" must be below "high", got 0.5 and 0.5'),
        ({'rows': [{**ROW, 'low': True}]}, '"low" must be a number, got True'),
        ({'rows': [{**ROW, 'source': ' '}]}, r'limit 1 \(rc_max\) has no "source", nor has'),
    ],
)
def test_limits_that_make_no_sense_are_refused(tmp_path, data, sentence):
    path = tmp_path / 'limits.json'
    if isinstance(data, dict):
        data = {'schema': 'voi-identification/limits/1', 'name': 'mine', **data}
    path.write_text(json.dumps(data), encoding='utf-8')

    with pytest.raises(InputFileError, match=sentence):
        load_limits(path)


def test_limits_of_ones_own_are_read(tmp_path):
    path = tmp_path / 'limits.json'
    data = {'schema': 'voi-identification/limits/1', 'name': 'mine', 'rows': [ROW]}
    path.write_text(json.dumps(data), encoding='utf-8')

    assert load_limits(path).rows == (Limit(10, 'rc_max', 0.3, 0.5, 'x', '1'),)
    with pytest.raises(InputFileError, match='cannot be read'):
        load_limits(tmp_path / 'none.json')


def test_the_interval_of_a_recovery_covers_the_truth_as_often_as_it_says():
    """4000 phantoms filled with errors, each evaluated with its nominal worksheet."""
    rng = np.random.default_rng(11)
    start = datetime(2026, 3, 1, 12)
    fill = Fill(30.0, datetime(2026, 3, 1, 11), 1000.0, 1.0, datetime(2026, 3, 1, 11, 10), 1.0, 1.0)
    worksheet = FillWorksheet(fill, fill, start, clock_sd_s=60.0, calibrator_sd_percent=2.5)
    nominal = true_activity(worksheet)
    decay = np.log(2) / nominal.half_life_s
    true_rc = 0.8
    covered = 0
    for calibrator, clock_s, assay, residual, volume in rng.standard_normal((4000, 5)):
        left = 30.0 * (1 + 0.01 * assay) * np.exp(-decay * (3600 - 60 * clock_s))
        left -= 1.0 * (1 + 0.01 * residual) * np.exp(-decay * (3000 - 60 * clock_s))
        true_bqml = 1e6 * left * (1 + 0.025 * calibrator) / (1000.0 * (1 + 0.01 * volume))
        rc = true_rc * true_bqml / nominal.hot_bqml
        covered += abs(rc - true_rc) <= rc * nominal.hot_sd_percent / 100

    assert 0.66 < covered / 4000 < 0.71


# Limits of belief


def recovered(**values):
    """Recovery of one sphere without a background: the maximum and the peak as given."""
    image, sphere = ball_image(17.0)
    voi = measured(image, sphere, peak=values.get('peak', 0.9) * HOT)
    statistics = replace(voi.statistics, max=values.get('max', 1.0) * HOT)
    return recovery(image, [replace(voi, statistics=statistics)], None, truth=TRUTH).spheres[0]


@pytest.mark.parametrize(
    ('values', 'flagged'),
    [
        ({'max': 1.79}, False),
        ({'max': 1.81}, True),
        ({'max': 0.051}, False),
        ({'max': 0.049}, True),
        ({'peak': 1.39}, False),
        ({'peak': 1.41}, True),
        ({'peak': 0.051}, False),
        ({'peak': 0.049}, True),
    ],
)
def test_what_a_coefficient_may_be(values, flagged):
    assert (Flag.RECOVERY_IMPLAUSIBLE in recovered(**values).flags) == flagged


@pytest.mark.parametrize(
    ('part', 'flagged'), [(0.049, True), (0.051, False), (1.39, False), (1.41, True)]
)
def test_what_an_a50_mean_may_be(part, flagged):
    """An even ball: maximum and A50 mean are the same, in a background of nearly nothing."""
    geometry = geometry_of()
    center = tuple(geometry.position_ras_mm((16, 15, 11)).tolist())
    sphere = Sphere('S', center, 17.0)
    voxels = np.where(distances_mm(geometry, center) <= 30.0, part * HOT, 0.0)
    image = PETImage(voxels.astype(np.float32), geometry, 'Bq/mL')
    voi = measured(image, sphere, peak=HOT)

    (one,) = recovery(image, [voi], (0.0, 'air'), truth=TRUTH).spheres

    assert one.rc_mean == pytest.approx(part)
    assert (Flag.RECOVERY_IMPLAUSIBLE in one.flags) == flagged


@pytest.mark.parametrize(('part', 'flagged'), [(0.049, True), (0.0515, False)])
def test_an_a50_mean_may_be_too_low_beside_a_maximum_that_is_not(part, flagged):
    """One voxel reaches 0.09, all others a little more than half of it."""
    image, sphere = ball_image(17.0)
    image.voxels[...] = part * HOT
    k, j, i = np.rint(image.geometry.index_ijk(sphere.center_ras_mm)[::-1]).astype(int)
    image.voxels[k, j, i] = 0.09 * HOT
    voi = measured(image, sphere, peak=HOT)

    (one,) = recovery(image, [voi], (0.0, 'air'), truth=TRUTH).spheres

    assert one.rc_max == pytest.approx(0.09)
    assert one.rc_mean == pytest.approx(part, abs=2e-4)
    assert (Flag.RECOVERY_IMPLAUSIBLE in one.flags) == flagged


def test_equal_coefficients_do_not_fall():
    image, sphere = ball_image(17.0)
    small = Sphere('S10', sphere.center_ras_mm, 10.0)
    spheres = [measured(image, sphere, peak=9500.0), measured(image, small, peak=9500.0)]

    assert judged(image, spheres, TRUTH).not_monotonic == ()


@pytest.mark.parametrize('top', [0.0, -500.0])
def test_a_reference_that_is_not_positive_divides_nothing(top):
    geometry = geometry_of()
    image = PETImage(np.full(geometry.shape_kji, top, np.float32), geometry, 'Bq/mL')
    sphere = Sphere('S', tuple(geometry.position_ras_mm((16, 15, 11)).tolist()), 17.0)

    found = recovery(image, [measured(image, sphere)], None)

    assert found.reference == pytest.approx(top)
    assert (found.spheres[0].rc_max, found.spheres[0].rc_peak) == (None, None)
    assert found.notes[-1] == 'no background was measured: no A50 VOI'


def test_without_a_hot_sphere_there_is_no_reference():
    image, sphere = ball_image(17.0)

    found = recovery(image, [measured(image, sphere, hot=False)], (BACKGROUND, 'x'))

    assert (found.reference, found.reference_rule, found.relative) == (None, 'no hot sphere', True)


def test_the_core_is_half_as_wide_as_the_sphere():
    """Values that rise outward: on average a point is 3/4 of the radius from the middle."""
    geometry = geometry_of()
    center = tuple(geometry.position_ras_mm((16.3, 14.6, 10.7)).tolist())
    distance = distances_mm(geometry, center)
    image = PETImage((1000 + 100 * distance).astype(np.float32), geometry, 'Bq/mL')
    voi = measured(image, Sphere('S', center, 37.0))

    assert core_mean(image, voi) == pytest.approx(1000 + 100 * 0.75 * 37.0 / 4, rel=0.01)


def test_the_a50_voi_is_followed_ten_millimeter_beyond_its_sphere():
    image, sphere = ball_image(13.0)
    allowed = distances_mm(image.geometry, sphere.center_ras_mm) <= 6.5 + 10.0

    found = a50_voi(image, sphere, -1e9)

    assert found.at_edge
    assert found.inside.sum() == allowed.sum()


def test_a_voi_that_ends_one_voxel_before_its_reach_is_not_at_the_edge():
    image, sphere = ball_image(13.0)
    distance = distances_mm(image.geometry, sphere.center_ras_mm)
    for radius, at_edge in [(16.5, True), (12.0, False)]:
        image.voxels[...] = np.where(distance <= radius, HOT, 0.0)
        assert a50_voi(image, sphere, 0.0).at_edge == at_edge


def test_a_maximum_on_the_level_of_the_background_has_no_a50():
    image, sphere = ball_image(13.0)
    highest = a50_voi(image, sphere, 0.0).max

    assert a50_voi(image, sphere, highest) is None
    assert a50_voi(image, sphere, 0.999 * highest) is not None


def test_a_known_mask_and_zone_change_nothing():
    image, sphere = ball_image(17.0)
    known = a50_voi(
        image,
        sphere,
        BACKGROUND,
        mask=voi_mask(sphere, image.geometry),
        zone=a50_zone(image.geometry, sphere),
    )
    plain = a50_voi(image, sphere, BACKGROUND)

    assert np.array_equal(known.inside, plain.inside)
    assert (known.mean, known.max, known.at_edge) == (plain.mean, plain.max, plain.at_edge)


# Where B is from


def test_the_level_is_measured_in_the_users_vois_before_the_rois():
    nothing = PooledBackground(None, None, None)
    assert measured_level(None, None) is None
    assert measured_level(None, nothing) is None
    assert measured_level(None, PooledBackground(7.0, 1.0, 0.1)) == (
        7.0,
        'mean of the background VOIs',
    )


@pytest.mark.parametrize(
    ('truth', 'unit', 'level'),
    [
        (TRUTH, 'Bq/mL', BACKGROUND),
        (TrueActivity(HOT, 0.0), 'Bq/mL', 0.0),
        (TRUTH, 'counts', None),
        (TrueActivity(HOT), 'Bq/mL', None),
        (None, 'Bq/mL', None),
    ],
)
def test_the_true_level_needs_a_fill_and_its_unit(truth, unit, level):
    image, _ = ball_image(17.0, unit=unit)
    found = true_level(image, truth)

    assert found == (None if level is None else (level, 'true concentration of the background'))


def test_limits_without_bands_are_not_compared():
    """JSNM limits noise, not recovery."""
    image, sphere = ball_image(17.0)
    limits = tuple(one for one in shipped_limits() if one.name.startswith('JSNM'))
    assert limits

    found = recovery(image, [measured(image, sphere)], None, limits=limits, truth=TRUTH)

    assert found.standards == ()
    assert found.notes == ('no background was measured: no A50 VOI',)


def test_the_unit_of_the_values_changes_no_relative_coefficient():
    image, sphere = ball_image(17.0)
    small = PETImage((image.voxels * 1e-6).astype(np.float32), image.geometry, 'x')

    plain = recovery(image, [measured(image, sphere)], (BACKGROUND, 'x')).spheres[0]
    other = recovery(small, [measured(small, sphere)], (1e-6 * BACKGROUND, 'x')).spheres[0]

    assert other.rc_max == pytest.approx(plain.rc_max, rel=1e-5)
    assert other.rc_mean == pytest.approx(plain.rc_mean, rel=1e-4)
    assert other.a50_volume_ml == plain.a50_volume_ml
