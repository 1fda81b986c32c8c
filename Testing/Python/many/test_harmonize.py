"""The filter finder: filters against closed forms, widths against truth, what is written."""

import json
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import GeometryError, InputFileError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.evaluate.limits import Limit, Limits, save_limits, shipped_limits
from VOIIdentificationLib.files.markups import write_markups
from VOIIdentificationLib.files.volume import write_volume
from VOIIdentificationLib.many.gaussian import NODES, filter_box, filtered_image
from VOIIdentificationLib.many.harmonize import harmonize, swept_widths_mm
from VOIIdentificationLib.many.harmonize_files import answer, harmonization_json
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)
from VOIIdentificationLib.synthetic.psf import FWHM_PER_SIGMA, blurred_ball

HOT, BACKGROUND = 20_000.0, 2000.0
SIGMAS = FWHM_PER_SIGMA
KNOWN = Known(activity=given_activity(HOT, BACKGROUND))


@cache
def scan(fwhm_mm, cov=0.0, shape=(130, 110, 44), voxel=(2.4, 2.4, 2.8)):
    """A whole phantom, 10:1, turned and off the grid."""
    scene = SyntheticPhantom(
        geometry=grid(shape, voxel, middle_ras_mm=(0.0, 0.0, 0.0)),
        activities=Activities(hot=HOT, background=BACKGROUND),
        pose=Pose(rotation_deg=20.0, offset_ras_mm=(1.3, -2.1, 0.7)),
        psf=PSF(fwhm_mm, fwhm_mm),
        noise=Noise(cov, 4.0),
    )
    image, truth = synthesize(scene)
    return image, tuple(Seed(one.insert.label, one.center_ras_mm) for one in truth.inserts)


@cache
def result(fwhm_mm, cov=0.0, known=KNOWN, **options):
    image, seeds = scan(fwhm_mm, cov, **options)
    return analyze(image, seeds, load_phantom('NEMA IEC body'), known=known)


def bands_around(other, half=0.05):
    """A standard whose limits lie around the recovery of another scan."""
    rows = [
        Limit(one.diameter_mm, name, getattr(one, name) - half, getattr(one, name) + half, 'a', '1')
        for one in other.recovery.spheres
        for name in ('rc_max', 'rc_mean', 'rc_peak')
    ]
    return Limits('target', 10.0, tuple(rows))


def random_image(shape, spacing=(2.0, 3.0, 4.0), seed=0):
    voxels = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return PETImage(voxels, VolumeGeometry(shape, np.diag([*spacing, 1.0])))


def test_a_filtered_ball_is_the_closed_form():
    geometry = VolumeGeometry((48, 48, 48), np.diag([2.0, 2.0, 2.0, 1.0]))
    k, j, i = np.indices(geometry.shape_kji)
    r = 2.0 * np.sqrt((k - 23.7) ** 2 + (j - 23.2) ** 2 + (i - 24.1) ** 2)
    before, after = (blurred_ball(r, 14.0, f / SIGMAS) for f in (6.0, np.hypot(6.0, 5.0)))
    image = PETImage(before.astype(np.float32), geometry)
    assert np.abs(filtered_image(image, 5.0).voxels - after).max() < 2e-4


def test_a_filter_is_scipys_where_voxels_are_small():
    image = random_image((30, 31, 32))
    smooth = PETImage(gaussian_filter(image.voxels, 2.0), image.geometry)
    sigma = 9.0 / SIGMAS / np.array([4.0, 3.0, 2.0])
    expected = gaussian_filter(smooth.voxels, sigma, mode='nearest', truncate=6.0)
    found = filtered_image(smooth, 9.0).voxels
    assert np.abs(found - expected).max() < 2e-4 * np.abs(smooth.voxels).max()
    assert np.array_equal(filtered_image(image, 0.0).voxels, image.voxels)


@pytest.mark.parametrize('fwhm', [0.1, 1.0, 2.5, 7.0, 15.0])
def test_a_box_is_the_same_part_of_the_filtered_image(fwhm):
    image = random_image((40, 44, 46))
    for here in ((slice(0, 9), slice(30, 44), slice(20, 26)), (slice(12, 20),) * 3):
        whole = filtered_image(image, fwhm).voxels[here]
        assert np.abs(filter_box(image, here).filtered(fwhm) - whole).max() < 1e-5


def test_widths_between_the_nodes_are_those_that_are_filtered():
    image, _ = scan(3.0, cov=0.1)
    box = filter_box(image, (slice(10, 30), slice(40, 70), slice(50, 80)))
    widths = swept_widths_mm()
    assert len(widths) == 151
    assert len(widths) > NODES
    swept = box.sweep(widths)
    for n in (0, 1, 7, 50, 101, 150):
        exact = box.filtered(widths[n])
        assert np.abs(swept[n] - exact).max() < 2e-4 * image.voxels.max()


@pytest.mark.parametrize(('known_psf', 'extra'), [(4.0, 5.0), (4.0, 7.3), (6.0, 3.2)])
def test_the_known_width_is_found(known_psf, extra):
    target = bands_around(result(float(np.hypot(known_psf, extra))))
    found = harmonize(result(known_psf), target)
    assert abs(found.widths_mm[found.best] - extra) <= 0.2
    assert found.least_margin[found.best] > 0.8


def test_noise_moves_the_width_little():
    target = bands_around(result(float(np.hypot(4.0, 6.0))), half=0.1)
    rows = tuple(row for row in target.rows if row.quantity == 'rc_mean')
    found = harmonize(result(4.0, cov=0.05), Limits('target', 10.0, rows))
    assert abs(found.widths_mm[found.best] - 6.0) < 1.0


def test_figures_are_those_of_an_analysis_of_the_filtered_image():
    before = result(4.0, cov=0.05)
    found = harmonize(before, shipped_limits()[0])
    image, _seeds = scan(4.0, cov=0.05)
    centers = [Seed(one.label, one.center_ras_mm) for one in before.spheres]
    rois = [Seed(one.name, one.center_ras_mm) for one in before.nema.placement.rois]
    for n in (0, 23, 60):  # narrower than a voxel, and wider
        again = analyze(
            filtered_image(image, float(found.widths_mm[n])),
            [*centers, *rois],
            before.phantom,
            Settings(refinement='none'),
            known=KNOWN,
        )
        assert found.background[n] == pytest.approx(again.recovery.background, rel=1e-4)
        level = again.nema.background[0]
        assert found.roughness_percent[n] == pytest.approx(level.image_roughness_percent, rel=1e-3)
        pairs = zip(found.spheres, again.recovery.spheres, again.nema.spheres, strict=True)
        for curve, recovery, nema in pairs:
            for name, values in curve.recovery.items():
                assert values[n] == pytest.approx(getattr(recovery, name), rel=1e-4)
            assert curve.contrast_percent[n] == pytest.approx(nema.contrast_percent, rel=1e-4)
            assert curve.variability_percent[n] == pytest.approx(nema.variability_percent, rel=1e-3)


def test_margins_and_passing_widths_follow_their_rule():
    found = harmonize(result(4.0), shipped_limits()[0], np.array([0.0, 3.0, 6.0, 9.0, 14.0]))
    first = found.margins[0]
    values = found.spheres[0].recovery[first.limit.quantity]
    for value, margin in zip(values, first.margin, strict=True):
        middle, half = (
            (first.limit.high + first.limit.low) / 2,
            (first.limit.high - first.limit.low) / 2,
        )
        assert margin == pytest.approx(1 - abs(value - middle) / half)
    assert found.passing.tolist() == [bool(v >= 0) for v in found.least_margin]
    assert found.passing[2], found.least_margin
    assert not found.passing[[0, 4]].any()
    assert found.passing_ranges_mm() == ((6.0, 6.0),)
    assert '6.0 to 6.0 mm' in answer(found)


def test_no_width_is_called_good_where_none_is():
    blunt = harmonize(result(12.0), shipped_limits()[1], np.array([0.0, 1.0, 5.0]))
    assert blunt.passing_ranges_mm() == ()
    assert answer(blunt).startswith('No width from 0.0 to 5.0 mm keeps all limits of EARL 2')


def test_without_recovery_no_filter_is_found():
    with pytest.raises(InputFileError, match='activity is unknown'):
        harmonize(result(4.0, known=None), shipped_limits()[0])
    other = Limits('small', None, (Limit(5.0, 'rc_max', 0.1, 0.2, 'a', '1'),))
    with pytest.raises(InputFileError, match='small has no limits for the hot spheres'):
        harmonize(result(4.0), other)


def test_spheres_that_are_missing_are_named():
    rows = (*bands_around(result(6.0)).rows, Limit(50.0, 'rc_max', 0.1, 0.2, 'a', '1'))
    found = harmonize(result(4.0), Limits('wide', None, rows), np.array([0.0, 5.0]))
    assert 'wide asks for spheres that were not measured: 50 mm.' in found.notes


def test_sheared_grids_and_voxels_without_number_are_refused():
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[0, 2] = 0.3
    sheared = PETImage(np.zeros((4, 4, 4), np.float32), VolumeGeometry((4, 4, 4), matrix))
    with pytest.raises(GeometryError, match='instead of 90'):
        filtered_image(sheared, 3.0)
    image = random_image((5, 5, 5))
    image.voxels[2, 2, 2] = np.nan
    with pytest.raises(GeometryError, match='1 of 125 voxels are not a number'):
        filtered_image(image, 3.0)


def test_json_says_everything_without_nan():
    found = harmonize(result(4.0), shipped_limits()[0], np.array([0.0, 6.0]))
    data = json.loads(json.dumps(harmonization_json(found, result(4.0)), allow_nan=False))
    assert data['best_fwhm_mm'] == 6.0
    assert len(data['margins']) == 12
    assert {len(one['margin']) for one in data['margins']} == {2}
    assert data['passing_fwhm_mm'] == [[6.0, 6.0]]


def test_151_widths_of_a_large_volume_take_less_than_3_s():
    large = result(4.0, shape=(400, 400, 150), voxel=(1.65, 1.65, 2.0), cov=0.0)
    start = time.process_time()
    found = harmonize(large, shipped_limits()[0])
    assert time.process_time() - start < 3.0
    assert len(found.widths_mm) == 151


def test_command_line(tmp_path, capsys):
    pytest.importorskip('pydicom')
    pytest.importorskip('jinja2')
    from VOIIdentificationLib.dicom.read import read_stack
    from VOIIdentificationLib.dicom.write import write_pet_series

    image, _seeds = scan(4.0)
    write_pet_series(image, tmp_path / 'scan', seed=1)
    options = ['--true-hot', str(HOT), '--true-background', str(BACKGROUND)]
    arguments = [
        *('harmonize', str(tmp_path / 'scan'), '--standard', 'earl 1', *options),
        *('--output', str(tmp_path / 'out'), '--write', str(tmp_path / 'filtered')),
    ]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith('EARL 1 is kept by filters of ')
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'harmonize.csv',
        'harmonize.html',
        'harmonize.json',
    ]
    data = json.loads((tmp_path / 'out' / 'harmonize.json').read_text())
    filtered, stack = read_stack(tmp_path / 'filtered')
    expected = filtered_image(image, data['best_fwhm_mm']).voxels
    assert np.abs(filtered.voxels - expected).max() < 1e-4 * expected.max()
    assert stack.series.uid != data['series_instance_uid']
    import pydicom

    first = pydicom.dcmread(stack.slices[0].file.path)
    name = f'Gauss {data["best_fwhm_mm"]:.2f} mm'
    assert first.ImageType == ['DERIVED', 'PRIMARY']
    assert first.ConvolutionKernel == name
    assert first.SeriesDescription == f'Synthetic phantom, {name}'
    assert data['series_instance_uid'] in first.DerivationDescription
    assert first.DerivationCodeSequence[0].CodeMeaning == 'Gaussian blur'
    sources = {
        one.SOPInstanceUID: one for one in map(pydicom.dcmread, (tmp_path / 'scan').iterdir())
    }
    source = sources[first.SourceImageSequence[0].ReferencedSOPInstanceUID]
    assert source.ImagePositionPatient == first.ImagePositionPatient
    for keyword in ('StudyInstanceUID', 'FrameOfReferenceUID', 'SeriesTime', 'PatientWeight'):
        assert first[keyword] == source[keyword]
    page = (tmp_path / 'out' / 'harmonize.html').read_text()
    assert page.count('<figure') == 7
    assert cli.main(arguments) == 1
    assert 'already' in capsys.readouterr().err
    assert cli.main([*arguments[:3], 'EARL 9', *options]) == 1
    assert 'there are no limits \'EARL 9\'; known are "EARL 1", "EARL 2"' in capsys.readouterr().err


def only(quantity, low=0.5, high=1.5):
    """Limits of a site for one coefficient of the largest sphere."""
    return Limits('Site', None, (Limit(37.0, quantity, low, high, 'site', '1'),))


def with_cold(*labels):
    phantom = load_phantom('NEMA IEC body')
    inserts = tuple(replace(one, hot=one.label not in labels) for one in phantom.inserts)
    return replace(phantom, inserts=inserts)


@cache
def result_with_cold_sphere():
    """The largest sphere holds water."""
    phantom = with_cold('S37')
    scene = SyntheticPhantom(
        geometry=grid((130, 110, 44), (2.4, 2.4, 2.8), middle_ras_mm=(0.0, 0.0, 0.0)),
        phantom=phantom,
        activities=Activities(hot=HOT, background=BACKGROUND),
        psf=PSF(4.0, 4.0),
    )
    image, truth = synthesize(scene)
    seeds = tuple(Seed(one.insert.label, one.center_ras_mm) for one in truth.inserts)
    return analyze(image, seeds, phantom, known=KNOWN)


def test_a_cold_sphere_has_contrast_behind_a_filter_and_no_recovery():
    before = result_with_cold_sphere()
    found = harmonize(before, shipped_limits()[0], np.array([0.0, 6.0]))
    cold = next(one for one in found.spheres if one.label == 'S37')
    seeds = [Seed(one.label, one.center_ras_mm) for one in before.spheres]
    rois = [Seed(one.name, one.center_ras_mm) for one in before.nema.placement.rois]
    again = analyze(
        filtered_image(before.image, 6.0),
        [*seeds, *rois],
        before.phantom,
        Settings(refinement='none'),
        known=KNOWN,
    )
    assert not cold.hot
    assert cold.contrast_percent[1] == pytest.approx(
        again.nema.spheres[0].contrast_percent, rel=1e-4
    )
    assert 50.0 < cold.contrast_percent[1] < cold.contrast_percent[0] <= 100.0
    assert all(np.isnan(values).all() for values in cold.recovery.values())
    assert 'S37' not in {one.label for one in found.margins}


def test_a_background_voi_of_the_user_is_the_level_behind_the_filters():
    image, seeds = scan(4.0, 0.05)
    roi = result(4.0, 0.05).nema.placement.rois[0]
    before = analyze(image, [*seeds, Seed('B0', roi.center_ras_mm)], load_phantom('NEMA IEC body'),
                     known=KNOWN)  # fmt: skip
    found = harmonize(before, shipped_limits()[0], np.array([0.0, 7.0]))
    voi = before.background[0]
    filtered = filtered_image(image, 7.0).voxels[voi.mask.slices_kji]
    expected = (filtered * voi.mask.weights).sum() / voi.mask.weights.sum()
    assert found.background_rule == 'mean of the background VOIs'
    assert found.background[0] == pytest.approx(voi.statistics.mean, rel=1e-4)
    assert found.background[1] == pytest.approx(expected, rel=1e-3)


def test_without_a_true_background_there_is_recovery_but_no_contrast():
    known = Known(activity=given_activity(HOT, None))
    found = harmonize(result(4.0, known=known), only('rc_max'), np.array([0.0, 6.0]))
    assert np.isfinite(found.spheres[0].recovery['rc_max']).all()
    assert all(np.isnan(one.contrast_percent).all() for one in found.spheres)


@cache
def thin():
    """Four slices of 2.8 mm: no sphere of a cubic centimeter fits in."""
    image, seeds = scan(4.0)
    middle = round(float(image.geometry.index_ijk(seeds[0].position_ras_mm)[2]))
    cut = slice(middle - 2, middle + 2)
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] = image.geometry.position_ras_mm([0.0, 0.0, float(cut.start)])
    voxels = image.voxels[cut].copy()
    return replace(image, voxels=voxels, geometry=VolumeGeometry(voxels.shape, matrix)), seeds


def test_a_value_that_no_width_has_is_never_called_good(tmp_path, capsys):
    """The page and the sentence say so, and nothing is filtered with a width out of the blue."""
    pytest.importorskip('pydicom')
    pytest.importorskip('jinja2')
    from VOIIdentificationLib.dicom.write import write_pet_series

    image, seeds = thin()
    write_pet_series(image, tmp_path / 'scan', seed=1)
    write_markups(tmp_path / 'seeds.mrk.json', seeds, name='seeds')
    save_limits(only('rc_peak'), tmp_path / 'site.json')
    arguments = [
        *('harmonize', str(tmp_path / 'scan'), '--standard', str(tmp_path / 'site.json')),
        *('--seeds', str(tmp_path / 'seeds.mrk.json'), '--refinement', 'none'),
        *('--true-hot', str(HOT), '--true-background', str(BACKGROUND)),
        *('--output', str(tmp_path / 'out')),
    ]
    assert cli.main(arguments) == 0
    assert 'No width can be judged by Site: a value is missing at each.' in capsys.readouterr().out
    page = (tmp_path / 'out' / 'harmonize.html').read_text(encoding='utf-8')
    assert page.count('not measured') == 2
    assert 'margin-rc_peak' not in page
    data = json.loads((tmp_path / 'out' / 'harmonize.json').read_text())
    assert (data['best_fwhm_mm'], data['passing_fwhm_mm']) == (None, [])

    writing = [*arguments, '--overwrite', '--write', str(tmp_path / 'filtered')]
    assert cli.main(writing) == 1
    assert 'say with --fwhm which one --write is to apply' in capsys.readouterr().err
    assert not (tmp_path / 'filtered').exists()
    assert cli.main([*writing, '--fwhm', '5']) == 0
    assert 'Filtered series, 5.0 mm' in capsys.readouterr().out


def test_a_filtered_series_needs_a_header_and_a_folder_of_its_own(tmp_path, capsys):
    image, seeds = scan(4.0)
    write_volume(image, tmp_path / 'scan.nrrd')
    write_markups(tmp_path / 'seeds.mrk.json', seeds, name='seeds')
    arguments = [
        *('harmonize', str(tmp_path / 'scan.nrrd'), '--unit', 'Bq/mL', '--standard', 'EARL 1'),
        *('--seeds', str(tmp_path / 'seeds.mrk.json'), '--refinement', 'none'),
        *('--true-hot', str(HOT), '--true-background', str(BACKGROUND), '--write'),
    ]
    before = {path.name for path in tmp_path.iterdir()}
    assert cli.main([*arguments, str(tmp_path)]) == 1
    assert 'is not an empty folder: name a new one' in capsys.readouterr().err
    assert cli.main([*arguments, str(tmp_path / 'new')]) == 1
    assert 'a volume file has no DICOM header' in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == before


def test_where_nema_cannot_be_evaluated_the_level_is_the_true_background():
    """Tilted, so that no slice goes through all spheres: contrast and noise are left empty."""
    scene = SyntheticPhantom(
        geometry=grid((130, 110, 60), (2.4, 2.4, 2.8), middle_ras_mm=(0.0, 0.0, 0.0)),
        activities=Activities(hot=HOT, background=BACKGROUND),
        pose=Pose(rotation_deg=20.0, tilt_deg=13.0, tilt_axis_deg=35.0),
        psf=PSF(4.0, 4.0),
    )
    image, truth = synthesize(scene)
    seeds = [Seed(one.insert.label, one.center_ras_mm) for one in truth.inserts]
    before = analyze(image, seeds, load_phantom('NEMA IEC body'), known=KNOWN)
    assert before.nema is None
    assert any('The phantom is tilted' in note for note in before.notes)

    found = harmonize(before, only('rc_mean'), np.array([0.0, 5.0]))

    assert found.background.tolist() == [BACKGROUND, BACKGROUND]
    assert np.isnan(found.roughness_percent).all()
    straight = harmonize(result(4.0), only('rc_mean'), np.array([0.0, 5.0]))
    for one, other in zip(found.spheres, straight.spheres, strict=True):
        assert np.isnan([*one.contrast_percent, *one.variability_percent]).all()
        assert one.recovery['rc_mean'] == pytest.approx(other.recovery['rc_mean'], rel=0.03)
