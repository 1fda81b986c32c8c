"""Every frame of a dynamic series, from its DICOM files to the repeatability of its values."""

import csv
import json
import shutil
import statistics
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.cli.main import main
from VOIIdentificationLib.cli.make_phantom import make_phantom_study
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.evaluate.quantities import Value
from VOIIdentificationLib.files.volume import write_volume
from VOIIdentificationLib.many import each_frame
from VOIIdentificationLib.many.each_frame import Frame, FrameOptions, measure_each_frame
from VOIIdentificationLib.many.repeatability import repeatability
from VOIIdentificationLib.synthetic.scene import Noise, Pose, SyntheticPhantom, grid

LENGTHS_S = (300, 300, 600)
FILL = ('--true-hot', '20000', '--true-background', '5000')


@pytest.fixture(scope='module')
def dynamic(tmp_path_factory):
    """Three draws of noise as the frames of one series."""
    root = tmp_path_factory.mktemp('dynamic')
    (root / 'series').mkdir()
    scene = {'pose': Pose(rotation_deg=23.0), 'noise': Noise(0.1)}
    for number, length_s in enumerate(LENGTHS_S):
        made = root / f'made {number}'
        make_phantom_study(
            made,
            SyntheticPhantom(grid((72, 66, 34), (4.1, 4.3, 3.9)), random_seed=number, **scene),
        )
        for path in sorted((made / 'dicom').iterdir()):
            ds = pydicom.dcmread(path)
            ds.SeriesInstanceUID, ds.FrameOfReferenceUID = '1.2.3.4', '1.2.3.5'
            ds.StudyInstanceUID = '1.2.3.6'
            ds.SeriesType, ds.NumberOfTimeSlices = ['DYNAMIC', 'IMAGE'], len(LENGTHS_S)
            ds.AcquisitionTime = f'10{20 + 5 * number:02d}00'
            ds.FrameReferenceTime = 1000 * (150 + 300 * number)
            ds.ActualFrameDuration = 1000 * length_s
            ds.save_as(root / 'series' / f'{number}_{path.name}')
    return root / 'series'


@pytest.fixture(scope='module')
def measured(dynamic, tmp_path_factory):
    output = tmp_path_factory.mktemp('out') / 'frames'
    assert main(['analyze', str(dynamic), '--output', str(output), '--each-frame', *FILL]) == 0
    return output


def results(folder):
    return json.loads((folder / 'results.json').read_text(encoding='utf-8'))


def test_every_frame_has_all_files_and_the_same_centers(measured):
    frames = [results(measured / f'frame_{n}') for n in (1, 2, 3)]
    for number, frame in enumerate(frames):
        assert (measured / f'frame_{number + 1}' / 'outputMetaTargets.xlsx').is_file()
        assert frame['scan']['frame_duration_s'] == LENGTHS_S[number]
        assert frame['shared_geometry']['source'] == 'the mean of all frames'
        assert any(note.startswith(f'Frame {number + 1} of 3') for note in frame['notes'])
        assert [one['center_ras_mm'] for one in frame['spheres']] == [
            one['center_ras_mm'] for one in frames[0]['spheres']
        ]
    assert len({frame['input']['sha256'] for frame in frames}) == 3


def test_repeatability_is_that_of_the_values_of_the_frames(measured):
    told = json.loads((measured / 'repeatability.json').read_text(encoding='utf-8'))
    by_key = {(one['quantity'], one['label']): one for one in told['quantities']}
    frames = [results(measured / f'frame_{n}') for n in (1, 2, 3)]
    for index, sphere in enumerate(frames[0]['spheres']):
        values = [frame['spheres'][index]['max'] for frame in frames]
        one = by_key['max', sphere['label']]
        assert one['n'] == 3
        assert one['values'] == pytest.approx(values, rel=1e-12)
        assert one['mean'] == pytest.approx(statistics.fmean(values))
        assert one['sd'] == pytest.approx(statistics.stdev(values))
        assert one['cov_percent'] == pytest.approx(100 * one['sd'] / one['mean'])
    assert {'rc_max', 'rc_mean', 'rc_peak', 'contrast_percent'} <= {key for key, _ in by_key}
    assert any('different lengths' in note for note in told['notes'])


def test_the_table_and_the_workbook_say_the_same(measured):
    openpyxl = pytest.importorskip('openpyxl')
    told = json.loads((measured / 'repeatability.json').read_text(encoding='utf-8'))
    with (measured / 'repeatability.csv').open(encoding='utf-8', newline='') as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row['mean']) for row in rows] == [one['mean'] for one in told['quantities']]
    assert float(rows[0]['frame_3']) == told['quantities'][0]['values'][2]
    sheet = openpyxl.load_workbook(measured / 'repeatability.xlsx')['Repeatability']
    column = next(cell.column for cell in sheet[1] if cell.value == 'Mean')
    assert [sheet.cell(row + 2, column).value for row in range(len(rows))] == pytest.approx(
        [one['mean'] for one in told['quantities']]
    )


def test_one_frame_alone_is_that_frame(dynamic, measured, tmp_path):
    output = tmp_path / 'two'
    assert main(['analyze', str(dynamic), '--output', str(output), '--frame', '2', *FILL]) == 0
    alone, one = results(output), results(measured / 'frame_2')
    assert alone['input']['sha256'] == one['input']['sha256']
    assert alone['shared_geometry'] is None


def every_byte(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def test_frames_of_two_runs_never_stand_side_by_side(dynamic, measured, tmp_path, monkeypatch):
    """Stopped after two of three frames, the folder is as it was; done, no old frame is left."""
    output = shutil.copytree(measured, tmp_path / 'frames')
    shutil.copytree(output / 'frame_3', output / 'frame_4')
    (output / 'frame_4' / 'mine.txt').write_text('foreign')
    shutil.copytree(output / 'frame_3', output / 'frame_5')
    before = every_byte(output)
    words = ['analyze', str(dynamic), '--output', str(output), '--each-frame', *FILL]
    assert main(words) == 1
    assert every_byte(output) == before

    written = each_frame.write_result_files
    calls = []

    def stops(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        written(*args)

    with monkeypatch.context() as patched:
        patched.setattr(each_frame, 'write_result_files', stops)
        assert main([*words, '--overwrite']) == 130
    assert every_byte(output) == before

    assert main([*words, '--overwrite', '--quiet']) == 0
    after = {path.relative_to(output).as_posix() for path in every_byte(output)}
    wanted = {path.relative_to(measured).as_posix() for path in every_byte(measured)}
    assert after == {*wanted, 'frame_4/mine.txt'}
    assert not (output / 'frame_5').exists()


def test_without_a_frame_the_series_is_refused_with_the_list(dynamic, tmp_path, capsys):
    assert main(['analyze', str(dynamic), '--output', str(tmp_path / 'none')]) == 1
    said = capsys.readouterr().err
    assert 'holds 3 time frames or gates: 1: from' in said
    assert '300 s long' in said
    assert not (tmp_path / 'none').exists()


def test_a_static_series_has_no_frames(dynamic, tmp_path, capsys):
    for path in dynamic.glob('0_*'):
        ds = pydicom.dcmread(path)
        (tmp_path / 'one').mkdir(exist_ok=True)
        ds.save_as(tmp_path / 'one' / path.name)
    output = str(tmp_path / 'out')
    assert main(['analyze', str(tmp_path / 'one'), '--output', output, '--each-frame']) == 1
    assert 'leave out --each-frame' in capsys.readouterr().err


def test_volumes_of_a_nifti_file_are_frames(tmp_path, capsys):
    sitk = pytest.importorskip('SimpleITK')
    from VOIIdentificationLib.synthetic.phantom import synthesize

    paths = []
    for number in range(2):
        scene = SyntheticPhantom(
            grid((72, 66, 34), (4.1, 4.3, 3.9)), noise=Noise(0.1), random_seed=number
        )
        paths.append(tmp_path / f'{number}.nrrd')
        write_volume(synthesize(scene)[0], paths[-1])
    four = tmp_path / 'four.nii.gz'
    sitk.WriteImage(sitk.JoinSeries([sitk.ReadImage(str(path)) for path in paths]), str(four))

    output = tmp_path / 'out'
    assert main(['analyze', str(four), '--output', str(output)]) == 1
    assert '4-D image: 2 volumes of 72 x 66 x 34 voxels' in capsys.readouterr().err
    common = ['--unit', 'Bq/mL', *FILL]
    assert main(['analyze', str(four), '--output', str(output), '--each-frame', *common]) == 0
    single = tmp_path / 'single'
    assert main(['analyze', str(paths[1]), '--output', str(single), *common]) == 0
    second, alone = results(output / 'frame_2'), results(single)
    for one, other in zip(second['spheres'], alone['spheres'], strict=True):
        assert one['center_ras_mm'] == pytest.approx(other['center_ras_mm'], abs=0.5)
        assert one['max'] == pytest.approx(other['max'], rel=0.02)
    assert 'Frame 2 of 2 of the file.' in second['notes']


def test_the_interval_of_an_sd_holds_the_truth_in_95_of_100():
    """Normal values: 500 times 6 draws; 95 % within three standard errors of the share."""
    draws = np.random.default_rng(5).normal(10.0, 2.0, (500, 6))
    inside = 0
    for row in draws:
        (one,) = repeatability([[Value('max', 'S10', 10.0, x, '')] for x in row])
        low, high = one.sd_limits
        inside += low <= 2.0 <= high
    assert abs(inside / 500 - 0.95) < 3 * (0.95 * 0.05 / 500) ** 0.5


def test_a_value_that_a_frame_lacks_is_left_out_and_seen():
    frames = [[Value('rc_max', 'S10', 10.0, 0.5, '')], [], [Value('rc_max', 'S10', 10.0, 0.7, '')]]
    (one,) = repeatability(frames)
    assert one.values == (0.5, None, 0.7)
    assert one.mean == pytest.approx(0.6)
    assert one.sd == pytest.approx(0.02**0.5)


def test_an_error_that_is_good_near_0_has_no_cov():
    def frame(x):
        return [Value('calibration_error_percent', '', None, x, '%')]

    (one,) = repeatability([frame(0.1), frame(-0.1), frame(0.3)])
    assert one.sd == pytest.approx(0.2)
    assert one.cov_percent is None


@pytest.mark.parametrize('change', ['moved', 'cropped'])
def test_frames_on_different_grids_are_never_added(tmp_path, change):
    """A sum of frames that do not lie on each other would show each sphere twice."""
    geometry = grid((31, 29, 11), (4.1, 4.3, 3.9))
    other = grid((31, 29, 11), (4.1, 4.3, 3.9), middle_ras_mm=(0.0, 0.0, 2.0))
    if change == 'cropped':
        other = replace(geometry, shape_kji=(10, 29, 31))
    frames = [
        Frame(lambda g=g: PETImage(np.ones(g.shape_kji, np.float32), g), lambda _i: Known(), '')
        for g in (geometry, other)
    ]
    options = FrameOptions(load_phantom('NEMA IEC body'), Settings())
    with pytest.raises(SeriesError, match='frame 2 lies on another grid than frame 1'):
        measure_each_frame(frames, tmp_path / 'out', options)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('given', [('--frame', '2'), ('--calibration', '1.1'), ('--dicom-seg',)])
def test_what_makes_no_sense_for_several_results_is_refused_first(dynamic, tmp_path, capsys, given):
    output = tmp_path / 'out'
    command = ['analyze', str(dynamic), '--output', str(output), '--each-frame', *given]
    assert main(command) == 1
    assert f'--each-frame cannot go with {given[0]};' in capsys.readouterr().err
    assert not output.exists()
