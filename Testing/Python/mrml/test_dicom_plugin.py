"""The plug-in of the DICOM module: what it offers, and what it makes of it in the scene."""

import importlib.util
import sys

import numpy as np
import pytest
from dicom_files import CT, Made, enhanced, item, measured, save, write
from paths import MODULE, SHARED

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import application, parent_widget  # noqa: E402 - needs slicer
from stand_in_dicom import ScalarVolumePlugin, SeriesDatabase, dicom_lib, load_all  # noqa: E402
from VOIIdentificationLib.dicom.read import read_pet_series  # noqa: E402

STORED = np.random.default_rng(3).integers(0, 30000, (5, 6, 7)).astype(np.uint16)


@pytest.fixture
def module(scene, monkeypatch):
    with application(scene, monkeypatch) as module:
        yield module


@pytest.fixture
def plugin(module, monkeypatch):
    """The module file, discovered by the application as the DICOM module's own are."""
    monkeypatch.setitem(sys.modules, 'DICOMLib', dicom_lib())
    monkeypatch.setattr(slicer.util, 'settingsValue', lambda _key, default, converter: default)
    slicer.modules.dicomPlugins = {'DICOMScalarVolumePlugin': ScalarVolumePlugin}
    path = MODULE / 'VOIIdentificationDICOMPlugin.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    parent = type('Parent', (), {})()
    found.VOIIdentificationDICOMPlugin(parent)
    assert parent.hidden
    return found


def inverted(folder, **options):
    def edit(ds, k):
        measured(ds, k)
        ds.PhotometricInterpretation, ds.SeriesNumber = 'MONOCHROME1', 7

    write(Made(stored=STORED, edit=edit, **options), folder)


def imported(folder, monkeypatch):
    monkeypatch.setattr(slicer, 'dicomDatabase', SeriesDatabase(folder))


def test_it_is_where_the_dicom_module_looks(plugin):
    found = slicer.modules.dicomPlugins['VOIIdentificationDICOMPlugin']

    assert found is plugin.VOIIdentificationDICOMPluginClass
    assert found().loadType == 'PET, values as stored'


def test_it_makes_the_list_if_the_dicom_module_is_found_later(plugin):
    del slicer.modules.dicomPlugins

    plugin.VOIIdentificationDICOMPlugin(type('Parent', (), {})())

    assert list(slicer.modules.dicomPlugins) == ['VOIIdentificationDICOMPlugin']


def test_a_series_that_would_be_inverted_is_read_as_stored(plugin, tmp_path, monkeypatch):
    inverted(tmp_path)
    imported(tmp_path, monkeypatch)

    ((used, loadable, node),) = load_all()

    assert used.loadType == 'PET, values as stored'
    assert loadable.confidence > 0.5
    assert '5 slices are stored as MONOCHROME1' in loadable.tooltip
    assert loadable.warning == ''  # with one, Slicer asks before it loads
    assert node.GetName() == '7: made'
    # 0.5 is the slope of every slice; the normal of the slices is +S
    assert np.array_equal(slicer.util.arrayFromVolume(node), STORED * 0.5)


def test_unit_and_quantity_are_those_of_the_header(plugin, tmp_path, monkeypatch):
    inverted(tmp_path)
    imported(tmp_path, monkeypatch)

    node = load_all()[0][2]

    assert node.GetVoxelValueUnits().GetCodeValue() == 'Bq/ml'
    assert node.GetVoxelValueUnits().GetCodingSchemeDesignator() == 'UCUM'
    assert node.GetVoxelValueQuantity().GetCodeValue() == '110821'


@pytest.mark.parametrize(
    ('units', 'suv_type', 'code'),
    [
        ('GML', '', '{SUVbw}g/ml'),
        ('GML', 'LBM', '{SUVlbm}g/ml'),
        ('CM2ML', 'BSA', '{SUVbsa}cm2/ml'),
    ],
)
def test_a_series_of_suv_says_which(plugin, tmp_path, monkeypatch, units, suv_type, code):
    def edit(ds, _k):
        ds.PhotometricInterpretation, ds.Units = 'MONOCHROME1', units
        if suv_type:
            ds.SUVType = suv_type

    write(Made(stored=STORED, edit=edit), tmp_path)
    imported(tmp_path, monkeypatch)

    node = load_all()[0][2]

    assert node.GetVoxelValueUnits().GetCodeValue() == code
    assert node.GetVoxelValueQuantity().GetCodeValue() == '126400'


def test_its_instances_are_named_slice_by_slice(plugin, tmp_path, monkeypatch):
    inverted(tmp_path)
    imported(tmp_path, monkeypatch)

    node = load_all()[0][2]

    # `write` numbers them 1.2.3.4.1 … upwards along the normal, under shuffled names
    assert node.GetAttribute('DICOM.instanceUIDs').split() == [f'1.2.3.4.{k}' for k in range(1, 6)]
    numbers = [str((k * 7) % 5 + 1) for k in range(5)]
    assert node.GetAttribute('DICOM.instanceNumbers').split() == numbers


def test_it_stands_in_the_study_of_its_patient(plugin, scene, tmp_path, monkeypatch):
    inverted(tmp_path)
    imported(tmp_path, monkeypatch)

    node = load_all()[0][2]

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    series = tree.GetItemByDataNode(node)
    study = tree.GetItemParent(series)
    assert tree.GetItemUID(series, 'DICOM') == '1.2.3.4'
    assert tree.GetItemUID(study, 'DICOM') == '1.2.3'
    assert tree.GetItemUID(tree.GetItemParent(study), 'DICOM') == 'P1'


def test_the_panel_finds_nothing_to_mend(plugin, module, tmp_path, monkeypatch):
    inverted(tmp_path, pixel_spacing_mm=(3.0, 3.0))
    imported(tmp_path, monkeypatch)
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    node = load_all()[0][2]
    slicer.app.processEvents()

    assert widget.panel.parameters.inputVolume is node
    assert widget.ui.verificationLabel.text == 'The voxels are those of the DICOM files.'
    assert 'Values in Bq/mL' in widget.ui.inputSummaryLabel.text
    widget.cleanup()


def test_frames_of_one_file_are_named_once(plugin, tmp_path, monkeypatch):
    made = Made(stored=STORED, slopes=(0.5, 0.7, 1.3, 0.11, 2.2))
    save(enhanced(made, order=[3, 1, 4, 0, 2]), tmp_path / 'all.dcm')
    imported(tmp_path, monkeypatch)

    ((_used, loadable, node),) = load_all()

    expected = STORED * np.array(made.slopes)[:, None, None]
    assert slicer.util.arrayFromVolume(node) == pytest.approx(expected, rel=1e-6)
    assert node.GetAttribute('DICOM.instanceUIDs') == '1.2.3.4.1'
    assert 'slopes of their own' in loadable.tooltip
    assert 'not stored in the order' in loadable.tooltip


def sound(folder):
    write(Made(stored=STORED), folder)


def computed_tomography(folder):
    def edit(ds, _k):
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CT
        ds.Modality, ds.PhotometricInterpretation = 'CT', 'MONOCHROME1'

    write(Made(stored=STORED, edit=edit), folder)


def unreadable(folder):
    def edit(ds, _k):
        ds.PhotometricInterpretation = 'MONOCHROME1'
        ds.ModalityLUTSequence = item(LUTDescriptor=[1, 0, 16])

    write(Made(stored=STORED, edit=edit), folder)


@pytest.mark.parametrize('make', [sound, computed_tomography, unreadable])
def test_other_series_are_left_alone(plugin, tmp_path, monkeypatch, make):
    make(tmp_path)
    imported(tmp_path, monkeypatch)
    files = [slicer.dicomDatabase.filesForSeries('1.2.3.4')]

    assert plugin.VOIIdentificationDICOMPluginClass().examineForImport(files) == []


def test_the_reader_that_is_set_decides(plugin, tmp_path, monkeypatch):
    sound(tmp_path)  # of slope 0.5, which DCMTK would round
    imported(tmp_path, monkeypatch)
    files = [slicer.dicomDatabase.filesForSeries('1.2.3.4')]
    monkeypatch.setattr(slicer.util, 'settingsValue', lambda *_args, converter: converter('1'))

    (loadable,) = plugin.VOIIdentificationDICOMPluginClass().examineForImport(files)

    assert 'DCMTK' in loadable.tooltip


def test_files_are_looked_at_once(plugin, tmp_path, monkeypatch):
    inverted(tmp_path)
    imported(tmp_path, monkeypatch)
    asked, files = plugin.VOIIdentificationDICOMPluginClass(), slicer.dicomDatabase
    files = [files.filesForSeries('1.2.3.4')]
    first = asked.examineForImport(files)
    monkeypatch.setattr(plugin, 'misread_series', None)

    assert asked.examineForImport(files) == first


def test_a_name_can_be_that_of_a_file(plugin):
    assert plugin.nodeName('3: a/b|c\\d*') == '3: a-b-c-d(star)'


def test_the_real_scan_is_offered(plugin, monkeypatch):
    """It is MONOCHROME1, and the application's own reader turns it upside down."""
    folder = SHARED / 'data' / 'pet_recon_1'
    if not folder.is_dir():
        pytest.skip('the real scan is not here')
    imported(folder, monkeypatch)

    (node,) = [made for used, _offer, made in load_all() if used.loadType != 'Generic DICOM']

    stored = read_pet_series(folder).voxels
    assert np.array_equal(slicer.util.arrayFromVolume(node), stored)
