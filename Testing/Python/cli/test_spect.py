"""Counts of a SPECT camera, from the file to recovery; the generator knows the truth."""

import json
from dataclasses import replace

import numpy as np
import pytest
from dicom_files import save
from spect_files import MadeSPECT, map_to_bqml
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.many.batch_find import find_pet_series
from VOIIdentificationLib.many.batch_series import (
    BatchOptions,
    SeriesJob,
    measure_series,
    series_checksum,
)
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)

pytest.importorskip('SimpleITK')

BQML_PER_COUNT = 12.5
SCENE = SyntheticPhantom(
    geometry=grid((62, 58, 34), (4.4, 4.1, 4.7), oblique_deg=(8, -5, 12), middle_ras_mm=(3, -2, 1)),
    phantom=load_phantom('NEMA IEC body'),
    activities=Activities(hot=40_000.0, background=4000.0),
    pose=Pose(rotation_deg=50.0),
    psf=PSF(9.0),
)


@pytest.fixture(scope='module')
def spect(tmp_path_factory):
    """The phantom in counts of 12.5 Bq/mL, frames from head to feet; and what is true."""
    image, truth = synthesize(SCENE)
    matrix = image.geometry.ijk_to_ras * [[-1], [-1], [1], [1]]  # LPS
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    row, column, normal = (matrix[:3, :3] / spacing).T
    count = len(image.voxels)
    upright = np.cross(row, column) @ normal
    last = (matrix @ [0, 0, count - 1, 1])[:3]
    made = MadeSPECT(
        stored=np.rint(image.voxels[::-1] / BQML_PER_COUNT).astype(np.uint16),
        orientation=tuple(np.concatenate([row, column])),
        origin_lps_mm=tuple(last),
        pixel_spacing_mm=(float(spacing[1]), float(spacing[0])),
        spacing_mm=-float(spacing[2] * upright),
        order=tuple(range(count)),
    )
    folder = tmp_path_factory.mktemp('spect')
    save(made.dataset(), folder / 'nm.dcm')
    return folder, truth


def analyzed(source, output, *options):
    known = ['--true-hot', '40000', '--true-background', '4000']
    assert cli.main(['analyze', str(source), '--output', str(output), *known, *options]) == 0
    return json.loads((output / 'results.json').read_text(encoding='utf-8'))


def test_calibrated_counts_give_places_and_recovery(spect, tmp_path):
    folder, truth = spect
    results = analyzed(folder, tmp_path / 'out', '--calibration', '12.5')
    assert results['input']['unit'] == 'Bq/mL'
    note = 'The counts of the file were multiplied by 12.5 Bq/mL per count'
    assert any(text.startswith(note) for text in results['notes'])
    assert any(text.startswith(note) for text in _words(tmp_path / 'out' / 'report.html', note))
    true = {one.insert.label: one.center_ras_mm for one in truth.inserts}
    for sphere in results['spheres']:
        assert np.linalg.norm(np.subtract(sphere['center_ras_mm'], true[sphere['label']])) < 0.01
    largest = results['spheres'][0]
    assert largest['max'] == pytest.approx(40_000, rel=0.01)


def _words(page, note):
    text = page.read_text(encoding='utf-8')
    return [text[text.index(note) :]] if note in text else []


def test_without_a_factor_the_counts_stay_counts(spect, tmp_path):
    results = analyzed(spect[0], tmp_path / 'out')
    assert results['input']['unit'] == 'counts'
    assert results['spheres'][0]['max'] == pytest.approx(3200, rel=0.01)


def test_a_concentration_is_not_calibrated_again(spect, tmp_path, capsys):
    import pydicom

    ds = pydicom.dcmread(spect[0] / 'nm.dcm')
    map_to_bqml(ds, 2.5)
    save(ds, tmp_path / 'in' / 'nm.dcm')
    command = ['analyze', str(tmp_path / 'in'), '--output', str(tmp_path / 'out')]
    assert cli.main([*command, '--calibration', '12.5']) == 1
    assert 'the values are in Bq/mL already; leave the calibration out' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('factor', ['0', '-1', 'nan', 'x'])
def test_a_factor_that_is_none_is_refused(spect, tmp_path, factor):
    command = ['analyze', str(spect[0]), '--output', str(tmp_path), f'--calibration={factor}']
    with pytest.raises(SystemExit) as stopped:
        cli.main(command)
    assert stopped.value.code == 2


def test_a_batch_finds_and_calibrates_it(spect, tmp_path):
    (series,) = find_pet_series(spect[0], tmp_path).series
    options = BatchOptions(SCENE.phantom, Settings(), Known(), calibration=12.5)
    job = SeriesJob(series.uid, '', series.paths, tmp_path / 'one')
    assert measure_series(job, options).state == 'done'
    results = json.loads((tmp_path / 'one' / 'results.json').read_text(encoding='utf-8'))
    assert results['input']['unit'] == 'Bq/mL'
    assert series_checksum(job, options) != series_checksum(job, replace(options, calibration=12.6))
