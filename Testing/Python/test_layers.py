"""
Who may import whom.

Read from the source, so that a wrong import fails even where the package is
installed. The order of the layers is design's: a file imports only files of
lower layers, or of its own.
"""

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / 'VOIIdentification' / 'VOIIdentificationLib'
FILES = sorted(LIBRARY.glob('*.py'))

# Third-party packages, and the files that may import them.
ALLOWED = {
    'slicer': ('mrml', 'panel'),
    'vtk': ('mrml', 'panel'),
    'pydicom': ('dicom_',),
    'pandas': ('table', 'workbook', 'report'),
    'openpyxl': ('workbook',),
    'matplotlib': ('figures', 'figure_', 'report'),
    'SimpleITK': ('volume_',),
    'qt': (),
    'ctk': (),
}
AT_FILE_SCOPE = {'numpy', 'scipy', 'slicer', 'vtk'} | set(sys.stdlib_module_names)

# Patterns of file names; the first layer is the lowest, `*` takes what no other names.
LAYERS = (
    ('__init__', 'errors', 'flags', 'progress', 'resources', 'json_input'),
    ('geometry', 'image', 'phantom', 'isotopes', 'table'),
    (
        *('sphere', 'settings', 'results', 'statistics', 'peak', 'windowed', 'markups', 'colors'),
        *(
            'nema_results',
            'recovery_results',
            'fit_results',
            'activity',
            'suv',
            'suv_header',
            'suv_times',
            'body_size',
        ),
    ),
    ('*',),
    ('analysis',),
    (
        *('mrml*', 'dicom_*', 'volume_*', 'workbook', 'figures', 'report*', 'export'),
        *('make_phantom', '*_command', 'command_input'),
    ),
    ('cli', '__main__', 'panel*'),
)


def imports(path):
    """Every import of a file: name, whether relative, whether at file scope."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    at_scope = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split('.')[0], False, id(node) in at_scope
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split('.')[0], False, id(node) in at_scope
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield name.split('.')[0], True, id(node) in at_scope


def layer(stem):
    named = [
        n for n, names in enumerate(LAYERS) if any(fnmatch(stem, p) for p in names if p != '*')
    ]
    return named[0] if named else LAYERS.index(('*',))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_packages_are_imported_only_where_they_belong(path):
    for name, relative, _at_scope in imports(path):
        if not relative and name in ALLOWED:
            assert path.stem.startswith(ALLOWED[name] or ('-',)), f'{path.name} imports {name}'


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_nothing_heavy_is_imported_at_file_scope(path):
    at_scope = {name for name, relative, scope in imports(path) if scope and not relative}
    assert at_scope <= AT_FILE_SCOPE


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_imports_point_down(path):
    for name, relative, _at_scope in imports(path):
        if relative and (LIBRARY / f'{name}.py').is_file():
            assert layer(name) <= layer(path.stem), f'{path.name} imports {name}'


def test_truth_and_measurement_do_not_know_each_other():
    """The generator of phantoms shares no code with what it judges."""
    measuring = {'sphere', 'statistics', 'peak', 'center', 'windowed', 'fit', 'analysis'}
    for path in LIBRARY.glob('synthetic*.py'):
        assert not {name for name, relative, _ in imports(path) if relative} & measuring


def test_the_core_runs_without_slicer_and_heavy_packages():
    code = (
        'import sys, VOIIdentificationLib.analysis, VOIIdentificationLib.tables;'
        'heavy = {"slicer", "vtk", "pandas", "openpyxl", "matplotlib", "pydicom", "SimpleITK"};'
        'print(sorted(heavy & set(sys.modules)))'
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        cwd=LIBRARY.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == '[]'
