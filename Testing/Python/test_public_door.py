"""The public door: what `import VOIIdentificationLib` offers, what it costs, README's example."""

import json
import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import VOIIdentificationLib
from paths import MODULE, ROOT
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize

HEAVY = {'numpy', 'scipy', 'pydicom', 'SimpleITK', 'openpyxl', 'pandas', 'matplotlib', 'slicer'}
MAX_HELP_CPU_S = 0.1


def loaded_by(code):
    """The heavy packages that are loaded after some code ran in a fresh Python."""
    ask = f'import sys\n{code}\nprint(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)'
    run = subprocess.run(
        [sys.executable, '-c', ask], cwd=MODULE, capture_output=True, text=True, check=True
    )
    return run.stderr.split()


def test_importing_the_package_loads_nothing():
    assert loaded_by('import VOIIdentificationLib; dir(VOIIdentificationLib)') == []


def test_only_what_is_asked_for_is_loaded():
    assert loaded_by('from VOIIdentificationLib import load_phantom, Seed, Settings') == []
    assert 'scipy' in loaded_by('from VOIIdentificationLib import analyze')


@pytest.mark.parametrize('name', VOIIdentificationLib.__all__)
def test_every_name_is_that_of_its_home(name):
    home = import_module(f'VOIIdentificationLib.{VOIIdentificationLib._HOMES[name]}')

    assert getattr(VOIIdentificationLib, name) is getattr(home, name)
    assert getattr(VOIIdentificationLib, name).__module__ == home.__name__
    assert name in dir(VOIIdentificationLib)


def test_the_list_of_names_is_sorted_and_complete():
    assert list(VOIIdentificationLib.__all__) == sorted(VOIIdentificationLib._HOMES)


def test_what_is_not_there_is_said_as_python_says_it():
    with pytest.raises(AttributeError, match="'VOIIdentificationLib' has no attribute 'analyse'"):
        _ = VOIIdentificationLib.analyse


@pytest.mark.parametrize('command', [[], ['analyze'], ['make-phantom'], ['info'], ['suv']])
def test_help_answers_at_once(command):
    code = (
        'from VOIIdentificationLib.cli.main import main\n'
        f'try: main({[*command, "--help"]!r})\nexcept SystemExit: pass'
    )
    assert loaded_by(code) == []


def test_help_takes_a_tenth_of_a_second():
    """Of CPU, the start of Python included; the best of three, because machines are shared."""
    resource = pytest.importorskip('resource', reason='CPU of children: not on this system')

    def cpu_s(*arguments):
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=MODULE, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - usage.ru_utime + after.ru_stime - usage.ru_stime

    python = min(cpu_s('-c', 'pass') for _ in range(3))
    program = min(cpu_s('-m', 'VOIIdentificationLib', '--help') for _ in range(3))
    assert program < max(MAX_HELP_CPU_S, 5 * python)  # a slow machine is no failure


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    image, truth = synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))
    write_pet_series(image, tmp_path / 'SCAN', seed=3)
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    (example,) = re.findall(r'```python\n(.*?)```', readme, re.DOTALL)
    monkeypatch.chdir(tmp_path)

    exec(compile(example, 'README.md', 'exec'), {})  # as a reader would run it

    found = json.loads((tmp_path / 'RESULTS' / 'results.json').read_text())['spheres']
    for sphere, true in zip(found, truth.inserts, strict=True):
        assert np.linalg.norm(np.subtract(sphere['center_ras_mm'], true.center_ras_mm)) < 0.5
    assert f'{found[0]["mean"]:.6g}'[:4] in capsys.readouterr().out
