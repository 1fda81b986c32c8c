"""Segmentation files, read again by ITK. Slicer's own reader and writer judge them in mrml."""

from pathlib import Path

import numpy as np
import pytest
from made_results import made_geometry
from VOIIdentificationLib.files.segmentation import Segment, write_segmentation

sitk = pytest.importorskip('SimpleITK')


def made_segment(name, index_kji, *, tags=None):
    """A block of 2 x 3 x 4 voxels whose first one is at an index."""
    slices = tuple(slice(n, n + size) for n, size in zip(index_kji, (2, 3, 4), strict=True))
    return Segment(
        name, f'The {name}', (0.25, 0.5, 1 / 3), tags or {}, np.ones((2, 3, 4)) > 0, slices
    )


def written(path, *segments, kind='oblique'):
    write_segmentation(path, segments, made_geometry(kind))
    return sitk.ReadImage(str(path))


@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_voxels_lie_where_they_do_in_the_image(tmp_path, kind):
    image = written(tmp_path / 'a.seg.nrrd', made_segment('A', (5, 6, 7)), kind=kind)

    matrix = made_geometry(kind).ijk_to_ras
    assert image.GetSize() == (4, 3, 2)
    for index in [(0, 0, 0), (3, 0, 0), (0, 2, 0), (1, 2, 1)]:
        whole = np.add(index, (7, 6, 5))
        ras = (matrix @ [*whole, 1])[:3]
        assert image.TransformIndexToPhysicalPoint(index) == pytest.approx(ras * [-1, -1, 1])


def test_segments_side_by_side_share_a_volume(tmp_path):
    image = written(
        tmp_path / 'a.seg.nrrd', made_segment('A', (2, 2, 2)), made_segment('B', (4, 2, 2))
    )

    expected = np.repeat([1, 2], 2)[:, None, None] * np.ones((4, 3, 4))
    assert np.array_equal(sitk.GetArrayFromImage(image), expected)
    assert image.GetMetaData('Segment1_LabelValue') == '2'
    assert image.GetMetaData('Segment1_Layer') == '0'
    assert image.GetMetaData('Segmentation_ReferenceImageExtentOffset') == '2 2 2'


def test_segments_that_overlap_keep_all_their_voxels(tmp_path):
    starts = [(2, 2, 2), (2, 3, 2), (2, 5, 2)]  # the second covers a part of both others
    image = written(
        tmp_path / 'a.seg.nrrd', *(made_segment(f'{n}', at) for n, at in enumerate(starts))
    )

    layers = np.moveaxis(sitk.GetArrayFromImage(image), -1, 0)
    for n, start in enumerate(starts):
        layer, label, extent = (
            [int(x) for x in image.GetMetaData(f'Segment{n}_{key}').split()]
            for key in ('Layer', 'LabelValue', 'Extent')
        )
        found = np.argwhere(layers[layer[0]] == label[0]) + starts[0]
        assert np.array_equal(found, np.argwhere(np.ones((2, 3, 4))) + start)
        assert extent == ([0, 3, 0, 5, 0, 1] if layer == [0] else [0, 3, 1, 3, 0, 1])
    assert len(layers) == 2


def test_segment_carries_its_name_color_and_tags(tmp_path):
    image = written(tmp_path / 'a.seg.nrrd', made_segment('A', (1, 1, 1), tags={'Z': 'z', 'B': ''}))

    assert image.GetMetaData('Segment0_ID') == 'A'
    assert image.GetMetaData('Segment0_Name') == 'The A'
    assert image.GetMetaData('Segment0_Color') == '0.25 0.5 0.333333'
    tags = image.GetMetaData('Segment0_Tags').split('|')
    assert [tag for tag in tags if not tag.startswith('TerminologyEntry:')] == ['B:', 'Z:z', '']


def test_grid_of_the_image_is_told_to_all_digits(tmp_path):
    image = written(tmp_path / 'a.seg.nrrd', made_segment('A', (1, 1, 1)))

    name, grid = image.GetMetaData('Segmentation_ConversionParameters').split('|')[:2]
    *matrix, i0, i1, j0, j1, k0, k1, end = grid.split(';')
    assert name == 'Reference image geometry'
    assert np.array_equal(
        np.reshape(matrix, (4, 4)).astype(float), made_geometry('oblique').ijk_to_ras
    )
    assert [i0, i1, j0, j1, k0, k1, end] == ['0', '49', '0', '43', '0', '19', '']


def test_no_segments_are_a_file_too(tmp_path):
    image = written(tmp_path / 'a.seg.nrrd')

    assert sitk.GetArrayFromImage(image).tolist() == [[[0]]]
    assert not image.HasMetaDataKey('Segment0_ID')


def test_more_segments_than_a_byte_can_count_are_told_apart(tmp_path):
    one = np.ones((1, 1, 1), bool)
    places = [
        (slice(n % 20, n % 20 + 1), slice(n // 20, n // 20 + 1), slice(0, 1)) for n in range(300)
    ]
    segments = [Segment(f'{n}', '', (0, 0, 0), {}, one, at) for n, at in enumerate(places)]

    image = written(tmp_path / 'a.seg.nrrd', *segments)

    assert sorted(sitk.GetArrayFromImage(image).ravel().tolist()) == list(range(1, 301))


def test_file_is_replaced_when_written_again(tmp_path):
    path = tmp_path / 'ä b.seg.nrrd'
    path.write_text('old')

    written(path, made_segment('A', (1, 1, 1)))

    assert path.read_bytes()[:4] == b'NRRD'
    assert [*tmp_path.iterdir()] == [path]


def test_file_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match='folder may not be writable'):
        written(tmp_path / 'gone' / 'a.seg.nrrd', made_segment('A', (1, 1, 1)))


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='the system has no full device')
def test_full_disk_is_an_error_of_the_system(tmp_path):
    (tmp_path / 'a.seg.nrrd').symlink_to('/dev/full')

    with pytest.raises(OSError, match='disk full'):
        written(tmp_path / 'a.seg.nrrd', made_segment('A', (1, 1, 1)))


def test_other_file_name_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match=r'must end in \.seg\.nrrd, got a\.nrrd'):
        written(tmp_path / 'a.nrrd', made_segment('A', (1, 1, 1)))
