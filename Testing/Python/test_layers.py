"""
Who may import whom.

Read from the source, so that a wrong import fails even where the package is
installed. The list below is the house from the ground up: a wing imports only
itself and wings that stand before it.
"""

import ast
import subprocess
import sys

import pytest
from paths import LIBRARY

WINGS = (
    'core',
    'activity',
    'suv',
    'files',
    'measure',
    'sphere_fit',
    'locate',
    'evaluate',
    'synthetic',
    'dicom',
    'results',
    'analysis',
    'report',
    'many',
    'cli',
    'mrml',
    'panel',
)
"""Folders, and the two files that stand between them, in the order in which they are built."""

THIRD_PARTY = {
    'slicer': {'mrml', 'panel'},
    'vtk': {'mrml', 'panel'},
    'pydicom': {'dicom'},
    'highdicom': {'dicom'},
    'SimpleITK': {'files'},
    'pandas': {'report', 'results', 'many'},
    'openpyxl': {'report', 'many'},
    'matplotlib': {'report'},
    'jinja2': {'report', 'many'},
    'markupsafe': {'report'},
    'weasyprint': {'report'},
    'pyarrow': {'many'},
    'dask': {'many'},
    'distributed': {'many'},
    'packaging': {'panel'},
    'pip': {'panel'},
    'DICOMLib': {'panel'},
    'SampleData': {'panel'},
}
"""Packages besides numpy, scipy and the standard library, and the wings that may import them."""

LOOKS_UP = {('results.py', 'report')}
"""`AnalysisResult.to_frames`, which a console asks of the result that it holds; not at scope."""

EVERYWHERE = {'numpy', 'scipy'} | set(sys.stdlib_module_names)
AT_FILE_SCOPE = EVERYWHERE | {'slicer', 'vtk'}
DOORS = {'__init__', '__main__'}
"""The public door and the program's: they open on every wing."""

FILES = sorted(LIBRARY.rglob('*.py'))


def wing(path):
    """Name of the wing, or of the file between the wings, that a file belongs to."""
    return path.relative_to(LIBRARY).with_suffix('').parts[0]


def imported_path(path, node, name):
    """The file or folder of the library that a relative import names."""
    base = path.parents[node.level - 1]
    parts = [*(node.module.split('.') if node.module else [name])]
    return base.joinpath(*parts)


def imports(path):
    """Every import of a file: wing or package, whether it is the library's, whether at scope."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    at_scope = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split('.')[0], False, id(node) in at_scope
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split('.')[0], False, id(node) in at_scope
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                target = imported_path(path, node, alias.name)
                yield wing(target), True, id(node) in at_scope


def name_of(path):
    return path.relative_to(LIBRARY).as_posix()


def test_every_file_stands_in_a_wing():
    assert {wing(path) for path in FILES} == {*WINGS, *DOORS}


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_imports_point_down(path):
    here = wing(path)
    if here in DOORS:
        return
    for name, ours, at_scope in imports(path):
        if not at_scope and (name_of(path), name) in LOOKS_UP:
            continue
        if ours and name != '__version__':
            assert WINGS.index(name) <= WINGS.index(here), f'{name_of(path)} imports {name}'


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_packages_are_imported_only_where_they_belong(path):
    for name, ours, _at_scope in imports(path):
        if not ours and name not in EVERYWHERE:
            assert wing(path) in THIRD_PARTY.get(name, ()), f'{name_of(path)} imports {name}'


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_nothing_heavy_is_imported_at_file_scope(path):
    at_scope = {name for name, ours, scope in imports(path) if scope and not ours}
    assert at_scope <= AT_FILE_SCOPE


def test_truth_and_measurement_do_not_know_each_other():
    """The generator of phantoms shares no code with what it judges."""
    for path in (LIBRARY / 'synthetic').glob('*.py'):
        ours = {name for name, ours, _ in imports(path) if ours}
        assert ours <= {'core', 'synthetic', '__version__'}, name_of(path)


def test_the_core_runs_without_slicer_and_heavy_packages():
    code = (
        'import sys, VOIIdentificationLib.analysis, VOIIdentificationLib.report.formats;'
        'heavy = {"slicer", "vtk", "pandas", "openpyxl", "matplotlib", "pydicom", "SimpleITK", '
        '"jinja2"};'
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
