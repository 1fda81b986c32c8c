"""
CMake and the entry for the Extensions Index.

Slicer's build fails on a listed file that is missing, but never on a file that is not listed:
that one is simply absent from the package. So the lists are compared with the folders here.
"""

import json
import re
import shutil
import struct
import subprocess

import pytest
from paths import LIBRARY, MODULE, ROOT

PLACEHOLDER = 'github.com/OWNER/SlicerVOIIdentification'

# What Slicer's package defines for an extension, as far as ours asks for it.
SLICER_CONFIG = r"""
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/use.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/generate.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/cpack.cmake")
set(Slicer_FOUND TRUE)
"""
USE = r"""
include(CTest)
function(slicerMacroBuildScriptedModule)
  set(flags WITH_GENERIC_TESTS WITH_SUBDIR VERBOSE)
  cmake_parse_arguments(MY "${flags}" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_UNPARSED_ARGUMENTS OR NOT MY_NAME)
    message(FATAL_ERROR "bad arguments: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "given nonexistent file or directory '${file}'")
    endif()
  endforeach()
  message(STATUS "module ${MY_NAME}")
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS" ${ARGN})
  if(NOT EXISTS ${MY_SCRIPT})
    message(FATAL_ERROR "no test script ${MY_SCRIPT}")
  endif()
  get_filename_component(name ${MY_SCRIPT} NAME_WE)
  message(STATUS "ctest py_${name}")
endfunction()
"""
CPACK = r"""
foreach(name HOMEPAGE CATEGORY CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  if(NOT EXTENSION_${name})
    message(FATAL_ERROR "EXTENSION_${name} is not set")
  endif()
endforeach()
"""


def listed(variable):
    text = (MODULE / 'CMakeLists.txt').read_text()
    block = re.search(rf'set\({variable}\n(.*?)\n\s*\)', text, re.DOTALL)
    return block[1].split()


def extension_value(name):
    text = (ROOT / 'CMakeLists.txt').read_text()
    return re.search(rf'^set\(EXTENSION_{name} "(.*)"\)$', text, re.MULTILINE)[1]


def index_entry():
    return json.loads((ROOT / 'Resources' / 'VOIIdentification.json').read_text())


def test_every_library_file_is_packaged():
    files = (path.relative_to(MODULE).as_posix() for path in LIBRARY.rglob('*.py'))
    on_disk = {'VOIIdentification.py', *files}

    assert set(listed('MODULE_PYTHON_SCRIPTS')) == on_disk


def test_every_wing_is_in_the_wheel():
    text = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    packages = re.search(r'^packages = \[\n(.*?)^\]', text, re.DOTALL | re.MULTILINE)[1]
    folders = [path.parent.relative_to(MODULE) for path in LIBRARY.rglob('__init__.py')]
    on_disk = {'.'.join(folder.parts) for folder in folders}

    assert set(re.findall(r'"(.*?)"', packages)) == {*on_disk, f'{LIBRARY.name}.Resources'}


def test_every_resource_is_packaged():
    files = (path for path in (MODULE / 'Resources').rglob('*') if path.is_file())
    on_disk = {path.relative_to(MODULE).as_posix() for path in files if path.suffix != '.pyc'}

    assert set(listed('MODULE_PYTHON_RESOURCES')) == on_disk


def test_no_other_python_file_lies_where_the_application_looks_for_modules():
    names = {path.name for path in MODULE.glob('*.py')}

    assert names == {'VOIIdentification.py', *listed_plugin()}


def listed_plugin():
    """Modules besides the one with the panel, which the build macro gets too."""
    text = (MODULE / 'CMakeLists.txt').read_text()
    assert 'SCRIPTS ${MODULE_PYTHON_SCRIPTS} ${MODULE_DICOM_PLUGIN}\n' in text
    return re.findall(r'^set\(MODULE_DICOM_PLUGIN (.*)\)$', text, re.MULTILINE)


@pytest.fixture
def configure(tmp_path):
    """Configure a copy of the extension against a stand-in for Slicer's package."""
    if shutil.which('cmake') is None:
        pytest.skip('cmake is not installed')
    package = tmp_path / 'package'
    package.mkdir()
    (package / 'SlicerConfig.cmake').write_text(SLICER_CONFIG)
    (package / 'use.cmake').write_text(USE)
    (package / 'generate.cmake').write_text('')
    (package / 'cpack.cmake').write_text(CPACK)
    source = tmp_path / 'source'
    for name in ('VOIIdentification', 'Testing'):
        ignore = shutil.ignore_patterns('__pycache__', 'Python', 'Benchmarks')
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    shutil.copy(ROOT / 'CMakeLists.txt', source)

    def run():
        command = ['cmake', '-S', source, '-B', tmp_path / 'build', f'-DSlicer_DIR={package}']
        command += ['-DCMAKE_C_COMPILER_WORKS=1', '-DCMAKE_CXX_COMPILER_WORKS=1']  # saves seconds
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return source, run


def test_the_extension_configures_and_registers_its_test(configure):
    _source, run = configure

    done = run()

    assert done.returncode == 0, done.stderr
    assert 'module VOIIdentification' in done.stdout
    assert 'ctest py_VOIIdentification' in done.stdout


def test_a_missing_file_stops_the_configuration(configure):
    source, run = configure
    (source / 'VOIIdentification' / 'VOIIdentificationLib' / 'measure' / 'voi_mask.py').unlink()

    done = run()

    assert done.returncode != 0
    assert 'VOIIdentificationLib/measure/voi_mask.py' in done.stderr


def test_the_undecided_address_is_the_same_everywhere():
    assert PLACEHOLDER in index_entry()['scm_url']
    assert extension_value('HOMEPAGE').endswith(PLACEHOLDER)
    raw = 'raw.githubusercontent.com/OWNER/SlicerVOIIdentification/main/'
    assert raw in extension_value('ICONURL')
    assert raw in extension_value('SCREENSHOTURLS')
    assert 'PLACEHOLDER' in (ROOT / 'CMakeLists.txt').read_text()


def test_the_index_entry_has_the_keys_of_its_schema():
    entry = index_entry()

    required = {'$schema', 'category', 'scm_url'}
    optional = {'build_dependencies', 'dicom_support_rule', 'build_subdirectory'}
    assert required <= set(entry) <= required | optional | {'scm_revision', 'enabled', 'tier'}
    assert entry['category'] == extension_value('CATEGORY') == 'Quantification'
    assert entry['dicom_support_rule'] == extension_value('DICOM_SUPPORT_RULE')


def test_name_of_entry_and_project_are_the_same():
    project = re.search(r'^project\((\w+)\)$', (ROOT / 'CMakeLists.txt').read_text(), re.MULTILINE)

    assert (ROOT / 'Resources' / f'{project[1]}.json').is_file()
    assert not project[1].startswith('Slicer')


@pytest.mark.parametrize(
    'path',
    [
        ROOT / 'Resources' / 'VOIIdentification.png',
        MODULE / 'Resources' / 'Icons' / 'VOIIdentification.png',
    ],
    ids=['extension', 'module'],
)
def test_the_icon_has_128_pixels(path):
    header = path.read_bytes()[:24]

    assert header[:8] == b'\x89PNG\r\n\x1a\n'
    assert struct.unpack('>II', header[16:]) == (128, 128)


@pytest.mark.parametrize('name', ['ICONURL', 'SCREENSHOTURLS'])
def test_the_addresses_of_pictures_end_where_the_pictures_are(name):
    urls = extension_value(name).split()

    assert urls
    for url in urls:
        path = ROOT / url.split('/main/')[1]
        assert path.read_bytes()[:8] == b'\x89PNG\r\n\x1a\n', path
