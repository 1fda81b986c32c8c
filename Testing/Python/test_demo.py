"""The demo, on a small study: with Slicer's nodes and without."""

import importlib.util
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / 'demo.py'
SMALL = ('--shape', '84', '80', '36', '--voxel', '3.9', '4.1', '4.3', '--cov', '0', '--flip')


@pytest.fixture
def demo(monkeypatch):
    spec = importlib.util.spec_from_file_location('demo', DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'STUDY_OPTIONS', SMALL)
    return module


@pytest.mark.parametrize('with_slicer', [False, True])
def test_the_demo_finds_what_is_true_and_says_where_the_files_are(
    demo, with_slicer, tmp_path, monkeypatch, capsys
):
    if with_slicer and not demo.HAS_SLICER:
        pytest.skip('slicer-core is not installed')
    monkeypatch.setattr(demo, 'HAS_SLICER', with_slicer)

    assert demo.main(tmp_path) == 0

    printed = capsys.readouterr().out
    found = [line.split() for line in printed.splitlines() if line.lstrip().startswith('S')]
    centers = [line for line in found if len(line) == 14]
    quality = [line for line in found if line[0] == 'S37' and len(line) == 12]
    assert [line[0] for line in centers] == ['S37', 'S28', 'S22', 'S17', 'S13', 'S10']
    for line in centers:
        off_mm, mean_off_percent, volume_off_percent = (float(line[n]) for n in (7, 10, 13))
        assert off_mm < 0.1
        assert abs(mean_off_percent) < 0.1
        assert abs(volume_off_percent) < 0.1
    assert 75 < float(quality[0][7]) < 100  # Q_H
    assert 'EARL 1: NOT JUDGED. EARL 1 is meant for a true ratio of 10 : 1' in printed
    assert f'Results: {tmp_path / "results"}' in printed
    assert (tmp_path / 'results' / 'results.json').is_file()
