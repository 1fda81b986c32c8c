"""A synthetic study on disk: what the files say is what was asked, all of them or none."""

import argparse
import json
import time
from itertools import pairwise

import numpy as np
import pydicom
import pytest
from dciodvfy import complaints
from VOIIdentificationLib.cli.main import main
from VOIIdentificationLib.cli.make_phantom import add_arguments, make_phantom_study, run
from VOIIdentificationLib.core.errors import CanceledError, InputFileError, OutputError
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.synthetic.phantom import Noise, Pose, SyntheticPhantom, grid, synthesize


def small_scene(**changes):
    geometry = grid((44, 42, 40), (9.0, 9.5, 5.0), oblique_deg=(4, -3, 10))
    facts = {
        'geometry': geometry,
        'pose': Pose(rotation_deg=20.0),
        'noise': Noise(0.1, 8.0),
        'random_seed': 3,
    }
    return SyntheticPhantom(**{**facts, **changes})


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def seeds_of(path):
    """Read apart from the library: LPS in the file, RAS here."""
    (markup,) = json.loads(path.read_text(encoding='utf-8'))['markups']
    assert markup['coordinateSystem'] == 'LPS'
    return {
        point['label']: np.array(point['position']) * (-1, -1, 1)
        for point in markup['controlPoints']
    }


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp('made') / 'deep' / 'study'
    paths = make_phantom_study(folder, small_scene())
    return folder, paths, json.loads((folder / 'truth.json').read_text(encoding='utf-8'))


def test_the_series_is_what_dciodvfy_asks_for(study):
    folder, _, _ = study
    for path in sorted((folder / 'dicom').iterdir())[::20]:
        assert complaints(path) == []


def test_study_has_the_files_that_are_returned(study):
    folder, paths, _ = study

    assert sorted(files_of(folder)) == sorted(p.relative_to(folder).as_posix() for p in paths)
    assert [path.name for path in paths[-2:]] == ['truth.json', 'seeds.mrk.json']
    assert len(paths) == 42
    assert [path.name for path in folder.parent.iterdir()] == ['study']


def test_truth_holds_what_was_asked(study):
    _, _, truth = study

    assert truth['schema'] == 'voi-identification/truth/1'
    assert (truth['unit'], truth['random_seed']) == ('Bq/mL', 3)
    assert truth['grid']['shape_ijk'] == [44, 42, 40]
    assert truth['grid']['spacing_ijk_mm'] == pytest.approx([9.0, 9.5, 5.0])
    assert truth['noise']['voxel_cov'] == 0.1
    assert truth['psf'] == {'in_plane_fwhm_mm': 6.0, 'axial_fwhm_mm': 6.0, 'overshoot': 0.0}
    labels = [insert['label'] for insert in truth['inserts']]
    assert labels == ['S37', 'S28', 'S22', 'S17', 'S13', 'S10']
    assert [insert['activity'] for insert in truth['inserts']] == [20000.0] * 6
    angle = np.radians(20)
    expected = (57.2 * np.cos(angle), 57.2 * np.sin(angle), 0)
    assert truth['inserts'][0]['center_ras_mm'] == pytest.approx(expected)


def test_centers_as_indices_are_the_centers_in_space(study):
    _, _, truth = study
    matrix = np.array(truth['grid']['ijk_to_ras'])

    for insert in truth['inserts']:
        position = (matrix @ [*insert['center_ijk'], 1])[:3]
        assert position == pytest.approx(insert['center_ras_mm'], abs=1e-9)


def test_series_holds_the_image(study):
    folder, paths, _ = study
    expected, _ = synthesize(small_scene())

    image = read_pet_series(folder / 'dicom')

    assert image.geometry.ijk_to_ras == pytest.approx(expected.geometry.ijk_to_ras, abs=1e-9)
    assert image.unit == 'Bq/mL'
    assert image.voxels == pytest.approx(expected.voxels, abs=0.5 * 25000 / 32767)
    first = pydicom.dcmread(paths[0])
    assert first.Manufacturer == 'VOI Identification'


def test_seeds_lie_at_the_asked_distance_in_different_directions(study):
    folder, _, truth = study
    seeds = seeds_of(folder / 'seeds.mrk.json')

    shifts = [seeds[insert['label']] - insert['center_ras_mm'] for insert in truth['inserts']]

    assert np.linalg.norm(shifts, axis=1) == pytest.approx([4.0] * 6)
    cosines = np.array(shifts) @ np.transpose(shifts) / 16
    assert (cosines - np.eye(6)).max() < 0.99


def test_means_are_in_order_of_size_and_without_noise_below_the_fill(study):
    _, _, truth = study

    for key in ('sampled_mean_noise_free', 'continuous_mean'):
        means = [insert[key] for insert in truth['inserts']]
        assert all(5000 < small < large < 20000 for large, small in pairwise(means))
    for insert in truth['inserts']:
        assert insert['sampled_mean'] != insert['sampled_mean_noise_free']
        assert insert['sampled_mean'] == pytest.approx(insert['sampled_mean_noise_free'], abs=2000)


def test_same_scene_gives_the_same_files(study, tmp_path):
    folder, _, _ = study

    make_phantom_study(tmp_path / 'again', small_scene())

    assert files_of(tmp_path / 'again') == files_of(folder)


def test_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / 'mine.txt').write_text('keep')

    with pytest.raises(OutputError, match=r'not empty \(1 entries\)'):
        make_phantom_study(tmp_path, small_scene())

    assert files_of(tmp_path) == {'mine.txt': b'keep'}


def test_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / 'study').write_text('keep')

    with pytest.raises(OutputError, match='it is a file'):
        make_phantom_study(tmp_path / 'study', small_scene(), overwrite=True)


def test_overwriting_replaces_our_files_and_leaves_others(tmp_path):
    make_phantom_study(tmp_path, small_scene())
    (tmp_path / 'mine.txt').write_text('keep')
    (tmp_path / 'dicom' / 'note.txt').write_text('keep')
    shorter = small_scene(
        geometry=grid((44, 42, 20), (9.0, 9.5, 10.0)), noise=Noise(), random_seed=4
    )

    make_phantom_study(tmp_path, shorter, overwrite=True)

    names = sorted(files_of(tmp_path))
    assert len([name for name in names if name.endswith('.dcm')]) == 20
    assert [name for name in names if name.endswith('.txt')] == ['dicom/note.txt', 'mine.txt']
    assert json.loads((tmp_path / 'truth.json').read_text())['random_seed'] == 4
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize('stop_at', ['adding noise', 'writing DICOM', 'sampling the true means'])
def test_stopped_work_leaves_the_folder_as_it_was(tmp_path, stop_at):
    make_phantom_study(tmp_path / 'study', small_scene())
    before = files_of(tmp_path)

    def stop(_fraction, text):
        if text == stop_at:
            raise CanceledError(text)

    with pytest.raises(CanceledError):
        make_phantom_study(
            tmp_path / 'study', small_scene(random_seed=9), overwrite=True, progress=stop
        )

    assert files_of(tmp_path) == before
    assert sorted(path.name for path in (tmp_path / 'study').iterdir()) == [
        'dicom', 'seeds.mrk.json', 'truth.json'
    ]  # fmt: skip


def test_failed_move_puts_everything_back(tmp_path, monkeypatch):
    folder = tmp_path / 'study'
    make_phantom_study(folder, small_scene())
    before = files_of(folder)
    real, calls = type(folder).replace, []

    def replace(self, target):
        calls.append(target)
        if len(calls) == 60:
            raise OSError(28, 'No space left on device')
        return real(self, target)

    monkeypatch.setattr(type(folder), 'replace', replace)

    with pytest.raises(OutputError, match=r'the phantom cannot be written to .*No space left'):
        make_phantom_study(folder, small_scene(random_seed=9), overwrite=True)

    assert len(calls) > 60
    assert files_of(folder) == before


def test_progress_rises_to_the_end(tmp_path):
    told = []

    make_phantom_study(tmp_path / 'study', small_scene(), progress=lambda f, _: told.append(f))

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_command_makes_what_its_options_say(tmp_path, capsys):
    folder = tmp_path / 'study'
    args = parsed(
        folder, '--shape', 44, 42, 20, '--voxel', 9, 9.5, 10, '--fwhm', 7, 8, '--cov', 0,
        '--contrast', 8, '--background', 1000, '--rotation', 90, '--tilt', 5, '--mirror',
        '--offset', 1, 2, 3, '--oblique', 0, 0, 15, '--flip', '--random-seed', 5,
        '--seed-shift', 2.5,
    )  # fmt: skip

    assert run(args) == 0

    truth = json.loads((folder / 'truth.json').read_text())
    assert truth['grid']['shape_ijk'] == [44, 42, 20]
    assert np.linalg.det(np.array(truth['grid']['ijk_to_ras'])) == pytest.approx(-9 * 9.5 * 10)
    assert truth['grid']['ijk_to_ras'][0][0] == pytest.approx(-9 * np.cos(np.radians(15)))
    assert truth['psf'] == {'in_plane_fwhm_mm': 7.0, 'axial_fwhm_mm': 8.0, 'overshoot': 0.0}
    assert truth['noise']['voxel_cov'] == 0
    assert truth['activities'] == {'hot': 8000, 'cold': 0, 'background': 1000, 'lung': 0}
    assert truth['pose'] == {
        'rotation_deg': 90, 'tilt_deg': 5, 'tilt_axis_deg': 0, 'mirrored': True,
        'offset_ras_mm': [1, 2, 3],
    }  # fmt: skip
    assert truth['random_seed'] == 5
    shift = seeds_of(folder / 'seeds.mrk.json')['S37'] - truth['inserts'][0]['center_ras_mm']
    assert np.linalg.norm(shift) == pytest.approx(2.5)
    shown = capsys.readouterr()
    assert '20 slices' in shown.out
    assert 'writing DICOM' in shown.err


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['--voxel', '2', '2', '0'], 'must be a number from 0.01 to 1000, got 0'),
        (['--voxel', '2', 'nan', '2'], 'must be a number from 0.01 to 1000, got nan'),
        (['--voxel', '2', '2', 'inf'], 'must be a number from 0.01 to 1000, got inf'),
        (['--voxel', '2', '2', 'wide'], 'must be a number from 0.01 to 1000, got wide'),
        (['--shape', '10', '10', '0'], 'must be a whole number from 1 to 65535, got 0'),
        (['--shape', '10', '10', '2.5'], 'must be a whole number from 1 to 65535, got 2.5'),
        (['--shape', '10', '10', 'inf'], 'must be a whole number from 1 to 65535, got inf'),
        (['--cov', '-0.1'], 'must be a number from 0 to 100, got -0.1'),
        (['--contrast', '0'], 'must be a number from 1e-06 to 1e+06, got 0'),
        (['--fwhm', '1e300'], 'must be a number from 0 to 100, got 1e300'),
        (['--shape', '1e300', '1', '1'], 'must be a whole number from 1 to 65535, got 1e300'),
        (['--offset', '0', '1e308', '0'], 'must be a number from -10000 to 10000, got 1e308'),
        (['--rotation', 'nan'], 'must be a number from -360 to 360, got nan'),
        (['--random-seed', '-1'], 'must be a whole number from 0 to'),
        (['--fwhm', '-1'], 'must be a number from 0 to 100, got -1'),
    ],
)
def test_wrong_arguments_end_with_status_2(words, sentence, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        parsed(tmp_path, *words)

    assert caught.value.code == 2
    assert sentence in capsys.readouterr().err


def test_three_widths_are_refused(tmp_path):
    with pytest.raises(InputFileError, match='got 3'):
        run(parsed(tmp_path / 'study', '--fwhm', 1, 2, 3))


def test_grid_that_misses_an_insert_is_refused_before_anything_is_written(tmp_path):
    scene = small_scene(geometry=grid((2, 3, 4), (4.0, 4.0, 4.0)))
    with pytest.raises(InputFileError, match='lies outside the grid of 2 x 3 x 4 voxels'):
        make_phantom_study(tmp_path / 'study', scene)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('shape', [(3000, 3000, 3000), (65535, 65535, 65535)])
def test_a_phantom_that_does_not_fit_into_memory_is_refused_at_once(shape, tmp_path):
    scene = small_scene(geometry=grid(shape, (0.2, 0.2, 0.2)))
    start = time.monotonic()
    with pytest.raises(InputFileError, match=r'needs .* GiB of memory; this computer allows'):
        make_phantom_study(tmp_path / 'x', scene)
    assert time.monotonic() - start < 1
    assert not list(tmp_path.iterdir())


def test_a_uniform_cylinder_is_made_and_found_again(tmp_path):
    study, out = tmp_path / 'study', tmp_path / 'out'
    words = ['--phantom', 'uniform cylinder 20 x 20 cm', '--voxel', 5, 5.5, 6, '--tilt', 4]
    assert run(parsed(study, *words, '--cov', 0, '--offset', 6, -4, 3)) == 0
    truth = json.loads((study / 'truth.json').read_text(encoding='utf-8'))['cylinder']
    assert (truth['diameter_mm'], truth['length_mm'], truth['activity']) == (200, 200, 5000)

    arguments = [str(study / 'dicom'), '--output', str(out), '--true-background', '5000']
    assert main(['analyze', *arguments, '--phantom', 'uniform cylinder']) == 0

    results = json.loads((out / 'results.json').read_text(encoding='utf-8'))
    found = results['cylinder']
    assert found['bias_percent'] == pytest.approx(0.0, abs=0.1)
    assert found['verdict'] == 'pass'
    assert found['diameter_mm'] == pytest.approx(200.0, abs=0.2)
    assert found['length_mm'] == pytest.approx(200.0, abs=0.2)
    assert found['voi']['center_ras_mm'] == pytest.approx(truth['center_ras_mm'], abs=0.1)
    assert any('The phantom names no size' in note for note in results['notes'])
