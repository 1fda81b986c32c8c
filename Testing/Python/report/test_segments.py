"""What becomes a segment: voxels at least half inside, named and colored as everywhere else."""

from dataclasses import replace

import numpy as np
from made_results import made_result
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.report.export import result_segments


def on_the_grid(segment, shape_kji):
    whole = np.zeros(shape_kji, bool)
    whole[segment.slices_kji] = segment.inside
    return whole


def test_segments_carry_name_diameter_flags_and_the_color_of_the_insert():
    segments = result_segments(made_result())

    assert [segment.segment_id for segment in segments] == ['S22', 'S17', 'S10', 'Background']
    assert [segment.name for segment in segments] == [
        *('S22 (22 mm)', 'S17 (17 mm)', 'S10 (10 mm)', 'Background')
    ]
    # Okabe and Ito's orange, sky blue, bluish green; gray.
    expected = [(0.902, 0.624, 0.0), (0.337, 0.706, 0.914), (0.0, 0.62, 0.451), (0.6, 0.6, 0.6)]
    assert [segment.color for segment in segments] == expected
    assert segments[0].tags == {'VOI.Kind': 'insert', 'VOI.DiameterMm': '22'}
    assert segments[2].tags['VOI.Flags'] == 'few_voxels search_at_limit'
    assert segments[3].tags == {'VOI.Kind': 'background', 'VOI.DiameterMm': '15'}


def test_voxels_at_least_half_inside_belong_to_the_segment():
    result = made_result('oblique')

    for segment, voi in zip(result_segments(result), result.spheres, strict=False):
        assert segment.slices_kji == voi.mask.slices_kji
        assert np.array_equal(segment.inside, voi.mask.weights >= 0.5)


def test_background_vois_become_one_segment():
    result = made_result()
    one, other = result.background[0], result.spheres[0]

    *_, segment = result_segments(replace(result, background=(one, other)))

    shape = result.image.geometry.shape_kji
    expected = np.zeros(shape, bool)
    for voi in (one, other):
        expected[voi.mask.slices_kji] |= voi.mask.weights >= 0.5
    assert segment.name == 'Background (2 VOIs)'
    assert np.array_equal(on_the_grid(segment, shape), expected)


def test_an_insert_may_be_called_background():
    inserts = (Insert('Background', 22.0), Insert('Background_1', 17.0), Insert('S10', 10.0))

    segments = result_segments(made_result(inserts=inserts))

    names = ['Background', 'Background_1', 'S10', 'Background_2']
    assert [segment.segment_id for segment in segments] == names
