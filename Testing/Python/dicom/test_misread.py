"""
What is said of the application's readers is held against these readers themselves.

slicer-core has them (vtkITK with GDCM and with DCMTK), set as the DICOM module sets them.
"""

import shutil
import time

import numpy as np
import pydicom
import pytest
from dicom_files import NATIVE, Made, enhanced, save, turned, write
from VOIIdentificationLib.dicom.misread import DCMTK, GDCM, misread_series
from VOIIdentificationLib.dicom.read import read_pet_files

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

STORED = np.random.default_rng(3).integers(0, 30000, (5, 6, 7)).astype(np.uint16)
SLOPES = (0.5, 0.7, 1.3, 0.11, 2.2)
WHOLE_SLOPES = (1.0, 2.0, 3.0, 4.0, 5.0)
CORNER_MM = 1e-3  # cornerEpsilon in Slicer's DICOMScalarVolumePlugin.py


def editing(**values):
    def edit(ds, k):
        for name, value in values.items():
            setattr(ds, name, value(k) if callable(value) else value)

    return edit


def single(**options):
    return lambda folder: write(Made(stored=STORED, **options), folder)


def frames(**options):
    made = Made(stored=STORED, slopes=SLOPES)
    return lambda folder: [save(enhanced(made, **options), folder / 'all.dcm')]


def with_a_copy(folder):
    paths = write(Made(stored=STORED), folder)
    copy = shutil.copy(paths[2], folder / 'copy.img')
    ds = pydicom.dcmread(copy)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = '1.2.3.4.99'
    save(ds, folder / 'copy.img')
    return [*paths[:3], folder / 'copy.img', *paths[3:]]


SERIES = {
    'sound': single(),
    'slopes': single(slopes=SLOPES),
    'small slopes': single(slopes=(1e-7, 2e-7, 3.3e-7, 1e-7, 1e-7)),
    'whole slopes': single(slopes=WHOLE_SLOPES),
    'part of an intercept': single(
        slopes=(1.0,) * 5, edit=editing(RescaleIntercept=lambda k: '0.5' if k == 3 else '0')
    ),
    'inverted': single(edit=editing(PhotometricInterpretation='MONOCHROME1')),
    'one inverted': single(
        edit=editing(PhotometricInterpretation=lambda k: f'MONOCHROME{1 if k == 2 else 2}')
    ),
    'oblique': single(orientation=turned(7, -5, 3)),
    'implicit': single(syntax=NATIVE['implicit']),
    'big endian': single(syntax=NATIVE['big endian']),
    'frames': frames(),
    'mixed frames': frames(order=[3, 1, 4, 0, 2]),
    'mixed frames of one slope': frames(order=[3, 1, 4, 0, 2], shared_scale=True),
    'frames of one slope': frames(shared_scale=True),
    'copy': with_a_copy,
    'rounded places': single(heights_mm=(0.0, 4.0, 8.02, 12.0, 16.0)),
    'nearly regular': single(heights_mm=(0.0, 4.0, 8.0002, 12.0, 16.0)),
    'sheared': single(
        edit=editing(ImagePositionPatient=lambda k: [-20.0, 31.0 + 0.5 * k, -47.5 + 4.0 * k])
    ),
}


def by_application(paths, reader):
    """Voxels, in any orientation along k, as the DICOM module's reader gives them."""
    from vtk.util.numpy_support import vtk_to_numpy

    source = slicer.vtkITKArchetypeImageSeriesScalarReader()
    source.SetArchetype(str(paths[0]))
    for path in paths:
        source.AddFileName(str(path))
    source.SetSingleFile(0)
    source.SetOutputScalarTypeToNative()
    source.SetDesiredCoordinateOrientationToNative()
    source.SetUseNativeOriginOn()
    getattr(source, f'SetDICOMImageIOApproachTo{reader}')()
    source.Update()
    image = source.GetOutput()
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    return voxels, slicer.util.arrayFromVTKMatrix(source.GetRasToIjkMatrix())


def gets_wrong(paths, reader):
    """Whether values differ from the stored ones, or slices lie off the grid of the volume."""
    stored = read_pet_files(paths).voxels
    voxels, ras_to_ijk = by_application(paths, reader)
    if voxels.shape != stored.shape or not np.allclose(voxels, stored, rtol=1e-6, atol=0):
        return True
    if len(paths) == 1:
        return False
    off = []
    for k, path in enumerate(paths):
        lps = np.array(pydicom.dcmread(path).ImagePositionPatient, float)
        corner = np.linalg.inv(ras_to_ijk) @ [0, 0, k, 1]
        off.append(np.abs(corner[:3] - lps * (-1, -1, 1)).max())
    return max(off) > CORNER_MM


@pytest.mark.parametrize('name', SERIES)
@pytest.mark.parametrize('reader', [GDCM, DCMTK])
def test_what_is_said_is_what_the_reader_does(name, reader, tmp_path, vtk_messages):
    paths = SERIES[name](tmp_path)

    said = misread_series(paths, reader) is not None

    assert said == gets_wrong(paths, reader)
    vtk_messages.new()


KINDS = {
    ('inverted', GDCM): [('inverted', 5)],
    ('one inverted', GDCM): [('inverted', 1)],
    ('slopes', DCMTK): [('rounded', 5)],
    ('part of an intercept', DCMTK): [('rounded', 1)],
    ('frames', GDCM): [('first_scale', 5)],
    ('mixed frames of one slope', GDCM): [('frame_order', 5)],
    ('mixed frames', GDCM): [('first_scale', 5), ('frame_order', 5)],
    ('copy', GDCM): [('repeated', 1)],
    ('rounded places', GDCM): [('bent', 1)],
}


@pytest.mark.parametrize(('case', 'kinds'), KINDS.items())
def test_what_goes_wrong_is_named_and_counted(case, kinds, tmp_path):
    name, reader = case

    found = misread_series(SERIES[name](tmp_path), reader)

    assert [(one.kind, one.slice_count) for one in found.misreadings] == kinds


def test_how_far_a_slice_is_off_is_told(tmp_path):
    """(0, 4, 8.02, 12, 16) mm: the middle one is 0.02 mm off."""
    (bent,) = misread_series(SERIES['rounded places'](tmp_path)).misreadings

    assert bent.off_mm == pytest.approx(0.02, abs=1e-9)


def test_a_series_that_nobody_can_read_is_left_alone(tmp_path):
    paths = single(heights_mm=(0.0, 4.0, 8.0, 16.0, 20.0))(tmp_path)  # one slice is missing

    assert misread_series(paths) is None


def test_pixels_are_not_read(tmp_path, monkeypatch):
    paths = SERIES['inverted'](tmp_path)
    monkeypatch.setattr('VOIIdentificationLib.dicom.read.PixelReader', None)

    started = time.perf_counter()
    assert misread_series(paths) is not None
    assert time.perf_counter() - started < 1.0
