"""Bias, size and verdict of a uniform cylinder, against synthetic truth and closed forms."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from made_cylinder import (
    ACTIVITY,
    DIAMETER_MM,
    LENGTH_MM,
    cylinder_grid,
    cylinder_phantom,
    cylinder_scene,
    made_cylinder,
)
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet, given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.evaluate.cylinder_bias import Filled, bias_of, filled_with
from VOIIdentificationLib.evaluate.uniform_cylinder import evaluate_cylinder, measure_cylinder
from VOIIdentificationLib.evaluate.uniformity import mean_sd
from VOIIdentificationLib.locate.uniform_cylinder import find_cylinder
from VOIIdentificationLib.suv.scale import SUVScale
from VOIIdentificationLib.synthetic.phantom import Pose, Rod, correlated_noise, synthesize

START = datetime(2026, 3, 1, 10, 0, 0)
VOLUME_ML = np.pi * DIAMETER_MM**2 / 4 * LENGTH_MM / 1000


def sheet(hot=None, **more):
    """Of the activity that `made_cylinder` holds, assayed at the scan's start."""
    fill = Fill(ACTIVITY * VOLUME_ML / 1e6, START, VOLUME_ML)
    return FillWorksheet(hot=hot, background=fill, scan_start=START, **more)


@lru_cache(maxsize=1)
def found():
    return find_cylinder(made_cylinder())


def measured(known=None, phantom=None, image=None):
    """As `analyze` does it, but that the cylinder is looked for once only."""
    known, image = known or Known(), image or made_cylinder()
    wanted = (phantom or cylinder_phantom()).cylinder
    cylinder = measure_cylinder(image, found(), wanted, suv=known.suv)
    cylinder, contradictions = evaluate_cylinder(
        image, cylinder, truth=known.truth, sheet=known.worksheet, doubt=known.doubt
    )
    return SimpleNamespace(
        cylinder=cylinder,
        contradictions=contradictions,
        flags=cylinder.flags,
        notes=cylinder.notes,
    )


def analyzed(image, known=None, phantom=None):
    return analyze(image, (), phantom or cylinder_phantom(), known=known)


def test_without_noise_the_bias_is_nothing():
    result = analyzed(made_cylinder(), Known(worksheet=sheet()))

    bias = result.cylinder.bias
    assert bias.percent == pytest.approx(0.0, abs=0.1)
    assert bias.true_bqml == pytest.approx(ACTIVITY)
    assert bias.noise_sd_percent < 0.001
    # Nothing but the fill is uncertain: calibrator 2.9 %, volume 0.5 %, 30 s of F-18.
    clock = 100 * np.log(2) / 6586.2 * 30
    assert bias.sd_percent == pytest.approx(np.sqrt(2.9**2 + 0.5**2 + clock**2), rel=1e-2)
    assert (bias.passed, bias.not_judged) == (True, '')
    assert result.contradictions == ()
    assert result.flags == ()
    assert (result.spheres, result.background) == ((), ())


def test_the_voi_lies_inside_wall_and_ends_along_the_axis():
    voi = measured().cylinder.voi
    assert voi.insert.diameter_mm == pytest.approx(DIAMETER_MM - 60, abs=0.1)
    assert voi.insert.height_mm == pytest.approx(LENGTH_MM - 60, abs=0.1)
    assert voi.center_ras_mm == pytest.approx((7.0, -5.0, 4.0), abs=0.1)
    assert voi.statistics.volume_ml == pytest.approx(np.pi * 45**2 * 70 / 1000, rel=4e-3)
    assert measured().cylinder.tilt_deg == pytest.approx(6.0, abs=0.05)


def test_margins_are_those_of_the_phantom():
    phantom = cylinder_phantom(wall_margin_mm=20.0, end_margin_mm=15.0)
    voi = measured(phantom=phantom).cylinder.voi
    assert voi.insert.diameter_mm == pytest.approx(DIAMETER_MM - 40, abs=0.1)
    assert voi.insert.height_mm == pytest.approx(LENGTH_MM - 30, abs=0.1)


def test_margins_that_leave_nothing_are_refused():
    with pytest.raises(InputFileError, match=r'margins of 74 mm to the wall .* leave no VOI'):
        measured(phantom=cylinder_phantom(wall_margin_mm=74.0))


@pytest.mark.parametrize(
    ('true', 'passed'), [(7000 / 1.099, True), (7000 / 1.101, False), (7000 / 0.899, False)]
)
def test_earl_accepts_ten_percent(true, passed):
    bias = measured(known=Known(activity=given_activity(None, true))).cylinder.bias
    assert bias.passed is passed
    assert bias.percent == pytest.approx(100 * (7000 / true - 1), abs=0.05)
    assert bias.sd_percent is None  # nobody gave that of the fill


def test_the_limit_itself_is_allowed():
    assert bias_of(Filled(1000.0), 1100.0, None, 'Bq/mL').passed is True
    assert bias_of(Filled(1000.0), 900.0, None, 'Bq/mL').passed is True


@pytest.mark.parametrize(
    ('known', 'unit', 'why'),
    [
        (Known(), 'Bq/mL', 'the true activity is unknown'),
        (Known(activity=given_activity(28000.0, 7000.0)), 'Bq/mL', 'the worksheet has two fills'),
        (Known(activity=given_activity(None, 7000.0)), 'g/mL', 'no concentrations in Bq/mL'),
        (Known(activity=given_activity(None, 7000.0), doubt='stale.'), 'Bq/mL', 'stale.'),
    ],
)
def test_what_is_not_known_is_not_judged(known, unit, why):
    bias = measured(known, image=replace(made_cylinder(), unit=unit)).cylinder.bias
    assert bias.passed is None
    assert why in bias.not_judged


def test_one_fill_may_be_noted_as_either():
    for truth in (given_activity(7000.0, None), given_activity(None, 7000.0)):
        assert filled_with(truth, None).bqml == 7000.0


def test_a_slip_of_the_worksheet_takes_the_verdict():
    slip = Known(activity=given_activity(None, 7000.0 * 37))
    result = measured(known=slip)
    assert result.cylinder.bias.passed is None
    assert 'was filled with 259000 Bq/mL, but shows 7000' in result.contradictions[0]
    assert result.contradictions[0] in result.cylinder.bias.not_judged


def test_another_volume_in_the_worksheet_takes_the_verdict():
    wrong = replace(sheet(), background=Fill(16.0, START, 1.08 * VOLUME_ML))
    result = measured(known=Known(worksheet=wrong))
    assert 'check the volume and the voxel size' in result.contradictions[0]
    assert '(+8.0 %)' in result.contradictions[0]
    right = replace(sheet(), background=Fill(16.0, START, 1.03 * VOLUME_ML))
    assert measured(known=Known(worksheet=right)).contradictions == ()


@pytest.mark.parametrize(
    ('size_mm', 'said'),
    [
        ((154.0, 130.0), ['The diameter of the cylinder is 150.0 mm in the image and 154 mm']),
        ((150.0, 200.0), ['The length of the cylinder is 130.0 mm in the image and 200 mm']),
        ((151.0, 131.0), []),
        ((None, None), ['The phantom names no size']),
    ],
)
def test_another_size_than_the_phantoms_is_flagged(size_mm, said):
    result = measured(phantom=cylinder_phantom(*size_mm))
    assert [Flag.CYLINDER_SIZE in result.flags] == [any('in the image and' in one for one in said)]
    for text in said:
        assert any(text in note for note in result.notes)


def test_a_wrong_voxel_size_is_flagged():
    image = made_cylinder()
    scale = np.diag([1.03, 1.03, 1.0, 1.0])
    scaled = VolumeGeometry(image.geometry.shape_kji, scale @ image.geometry.ijk_to_ras)
    result = analyzed(PETImage(image.voxels, scaled, 'Bq/mL'), Known(worksheet=sheet()))
    assert Flag.CYLINDER_SIZE in result.flags
    assert 'voxel size' in result.contradictions[0]  # the volume is 6 % off


def test_slices_that_deviate_are_named():
    image = made_cylinder()
    voxels = image.voxels.copy()
    voxels[24] *= np.float32(0.9)
    result = measured(image=replace(image, voxels=voxels))
    assert Flag.SLICES_DEVIATE in result.flags
    assert any('24 (-9.' in note for note in result.notes)
    assert result.cylinder.uniformity.axial.low_percent == pytest.approx(-9.8, abs=0.4)


def test_a_bubble_is_flagged():
    bubble = Rod((0.0, 64.0, 0.0), (0.0, 0.0, 1.0), 16.0, 75.0, -ACTIVITY)
    image, _ = synthesize(cylinder_scene(inside=(bubble,)))
    result = analyzed(image)
    assert Flag.CYLINDER_BUBBLE in result.flags
    assert any('hold no activity: an air bubble' in note for note in result.notes)


@pytest.mark.parametrize('offset_mm', [0.0, 40.0, -40.0])
def test_a_cylinder_that_reaches_out_is_measured_where_it_is_seen(offset_mm):
    geometry = cylinder_grid((50, 48, 30))  # 117 mm long
    pose = Pose(tilt_deg=4.0, offset_ras_mm=(0.0, 0.0, offset_mm))
    image, _ = synthesize(cylinder_scene(geometry, pose, size_mm=(150.0, 140.0)))

    result = analyzed(
        image, Known(activity=given_activity(None, ACTIVITY)), cylinder_phantom(150.0, 140.0)
    )

    found = result.cylinder
    assert Flag.CYLINDER_CUT in result.flags
    assert Flag.CYLINDER_SIZE not in result.flags
    assert not found.voi.mask.clipped
    assert found.bias.percent == pytest.approx(0.0, abs=0.1)
    assert (found.length_mm, found.volume_ml) == (None, None)
    # 58.5 mm of half an image, the rim of the tilted VOI inside it.
    half = 58.5 - 45 * np.sin(np.radians(4))
    low, high = max(-half, offset_mm - 40), min(half, offset_mm + 40)
    if not offset_mm:  # nothing tells how far the ends are
        low, high = -half, half
    assert found.voi.insert.height_mm == pytest.approx(high - low, abs=1.0)


def test_suv_is_one_where_weight_is_volume():
    image = made_cylinder()
    factors = np.linspace(0.9, 1.1, image.voxels.shape[0]) / ACTIVITY
    scale = SUVScale('bw', 'g/mL', factors)
    found = measured(known=Known(suv=scale)).cylinder
    mask = found.voi.mask
    expected = np.average(factors[mask.slices_kji[0]], weights=mask.weights.sum(axis=(1, 2)))
    assert found.suv_mean == pytest.approx(expected * ACTIVITY, rel=1e-4)
    assert measured().cylinder.suv_mean is None


def test_noise_and_fill_both_count():
    known = Known(worksheet=sheet())
    for seed in range(3):
        bias = analyzed(made_cylinder(0.3, seed), known).cylinder.bias
        assert bias.sd_percent > bias.noise_sd_percent > 0.1
        assert bias.sd_percent == pytest.approx(
            np.hypot(bias.noise_sd_percent, (1 + bias.percent / 100) * bias.fill_sd_percent)
        )
        assert abs(bias.percent) < 4 * bias.noise_sd_percent


def test_the_uncertainty_covers_two_thirds_of_fills_and_noise():
    """Fills drawn by their own uncertainty, noise by its own: 68 % lie within one SD."""
    rng = np.random.default_rng(5)
    image, mask = made_cylinder(), measured().cylinder.voi.mask
    inside = []
    for _ in range(120):
        noise = 0.25 * correlated_noise(image.geometry, 6.0, rng)
        voxels = (image.voxels * (1 + noise)).astype(np.float32)
        noisy = replace(image, voxels=voxels)
        filled = Filled(ACTIVITY * (1 + 0.004 * rng.standard_normal()), 0.4)
        mean = float(np.average(voxels[mask.slices_kji], weights=mask.weights))
        bias = bias_of(filled, mean, mean_sd(noisy, mask), 'Bq/mL')
        assert bias.noise_sd_percent > 0.2
        inside.append(abs(bias.percent) < bias.sd_percent)
    assert 0.56 <= np.mean(inside) <= 0.80


def test_seeds_are_passed_over():
    from VOIIdentificationLib.core.phantom import Seed

    result = analyze(made_cylinder(), (Seed('S37', (0.0, 0.0, 0.0)),), cylinder_phantom())
    assert result.cylinder is not None
