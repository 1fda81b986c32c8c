"""Which packages an export asks for."""

import re
import sys
from importlib.metadata import version

import pytest
from paths import MODULE

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR  # noqa: E402 - needs slicer

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.panel.results import missing_requirements

FILE = MODULE / 'Resources' / 'requirements.txt'


def lines(tmp_path, *text):
    path = tmp_path / 'requirements.txt'
    path.write_text('\n'.join(text))
    return path


def test_what_is_installed_is_not_asked_for(tmp_path):
    assert missing_requirements(lines(tmp_path, '# why', '', 'numpy>=1.0', 'pytest>=8')) == ()


def test_what_is_not_installed_is_asked_for_in_order(tmp_path):
    path = lines(tmp_path, 'no-such-b>=1', 'numpy>=1.0', 'no-such-a>=2.5')

    assert missing_requirements(path) == ('no-such-b>=1', 'no-such-a>=2.5')


@pytest.mark.parametrize(
    ('least', 'missing'), [('0.1', False), ('9999', True), ('9999.1.2', True), ('1.9.10', False)]
)
def test_versions_are_compared_as_numbers(tmp_path, least, missing):
    assert bool(missing_requirements(lines(tmp_path, f'numpy>={least}'))) == missing


def test_the_version_asked_for_is_enough(tmp_path):
    installed = re.match(r'[0-9.]*[0-9]', version('numpy'))[0]

    assert missing_requirements(lines(tmp_path, f'numpy>={installed}')) == ()


@pytest.mark.parametrize('line', ['numpy>=2.0 # why', '-r other.txt', 'numpy=2'])
def test_what_is_no_requirement_is_refused(tmp_path, line):
    """Slicer's own reader of such files stumbles over a comment at the end of a line."""
    with pytest.raises(ValueError, match=line[:5]):
        missing_requirements(lines(tmp_path, line))


def test_an_upper_bound_counts(tmp_path):
    assert missing_requirements(lines(tmp_path, 'numpy>=1.0,<1.1')) == ('numpy>=1.0,<1.1',)


def test_an_older_application_reads_requirements_with_the_copy_in_pip(tmp_path, monkeypatch):
    """Slicer 5.10 may come without packaging, but not without pip."""
    monkeypatch.setitem(sys.modules, 'packaging.requirements', None)
    path = lines(tmp_path, 'no-such-b>=1', 'numpy>=1.0', 'numpy>=9999')

    assert missing_requirements(path) == ('no-such-b>=1', 'numpy>=9999')


def test_the_module_asks_for_what_the_workbooks_pictures_and_page_import():
    names = {line.split('>=')[0] for line in FILE.read_text().splitlines() if '>=' in line}

    assert names == {'jinja2', 'matplotlib', 'openpyxl'}
