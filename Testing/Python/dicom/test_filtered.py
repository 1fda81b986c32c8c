"""A series written again with other voxels: what cannot be, and what must not be kept."""

from dataclasses import replace

import numpy as np
import pytest
from dicom_files import Made, enhanced, save
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.filtered import write_filtered_series
from VOIIdentificationLib.dicom.read import read_stack
from VOIIdentificationLib.dicom.write import write_pet_series

pydicom = pytest.importorskip('pydicom')


def source(folder):
    """A series of three slices, as read again."""
    values = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    geometry = VolumeGeometry((3, 4, 5), np.diag([2.0, 2.5, 3.0, 1.0]))
    write_pet_series(PETImage(values, geometry, 'Bq/mL'), folder, seed=1)
    return read_stack(folder)


def test_a_multi_frame_source_is_refused_before_anything_is_written(tmp_path):
    save(enhanced(Made()), tmp_path / 'many.dcm')
    image, stack = read_stack(tmp_path)
    with pytest.raises(OutputError, match=r'many\.dcm is a multi-frame file'):
        write_filtered_series(image, stack, tmp_path / 'out', 4.0)
    assert not (tmp_path / 'out').exists()


def test_voxels_that_are_no_number_are_counted_and_refused(tmp_path):
    image, stack = source(tmp_path / 'in')
    voxels = image.voxels.copy()
    voxels[1, 2, 3:] = np.nan, np.inf
    with pytest.raises(OutputError, match='2 voxels of the filtered image are not a number'):
        write_filtered_series(replace(image, voxels=voxels), stack, tmp_path / 'out', 4.0)
    assert not (tmp_path / 'out').exists()


def test_what_speaks_of_the_stored_values_of_the_source_is_not_kept(tmp_path):
    """A padding value that other voxels now have would blank them."""
    source(tmp_path / 'in')
    for path in (tmp_path / 'in').iterdir():
        ds = pydicom.dcmread(path)
        ds.add_new(0x00280107, 'US', 60000)  # LargestImagePixelValue
        ds.save_as(path)
    image, stack = read_stack(tmp_path / 'in')
    half = replace(image, voxels=image.voxels / 2)

    paths = write_filtered_series(half, stack, tmp_path / 'out', 4.0)

    assert not any('LargestImagePixelValue' in pydicom.dcmread(path) for path in paths)
    again, _stack = read_stack(tmp_path / 'out')
    np.testing.assert_allclose(again.voxels, image.voxels / 2, atol=1e-3)
