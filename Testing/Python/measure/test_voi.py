"""One insert at its center: what is measured there and what it still knows."""

import numpy as np
import pytest
from turned_grids import grid
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.measure.voi import LocatedInsert, measure_voi, seeded

GEOMETRY = grid((2.0, 2.2, 2.5), shape_kji=(26, 34, 42))
CENTER = (1.0, -2.0, 3.0)


def test_an_insert_at_its_seed_has_not_moved():
    found = seeded(Insert('S22', 22.0), CENTER, Flag.PREDICTED)

    assert (found.label, found.center_ras_mm, found.shift_mm) == ('S22', CENTER, 0.0)
    assert found.flags == (Flag.PREDICTED,)
    assert found.solid.diameter_mm == 22.0


def test_the_shift_is_the_distance_from_the_seed():
    found = LocatedInsert(
        insert=Insert('S22', 22.0), seed_ras_mm=CENTER, center_ras_mm=(4.0, 2.0, 15.0)
    )

    assert found.shift_mm == pytest.approx(13.0)


def test_the_two_peaks_are_told_apart():
    """A lone hot voxel is the maximum; the plateau beside it has the highest mean in 1 cm3."""
    voxels = np.full(GEOMETRY.shape_kji, 1.0, np.float32)
    i, j, k = np.rint(GEOMETRY.index_ijk(CENTER)).astype(int)
    voxels[k - 4 : k + 5, j - 4 : j + 5, i : i + 8] = 10.0
    voxels[k, j, i - 4] = 20.0
    found = measure_voi(PETImage(voxels, GEOMETRY), seeded(Insert('S22', 22.0), CENTER), 'partial')

    assert found.statistics.max == 20.0
    assert found.peak == pytest.approx(10.0, abs=0.1)
    assert found.peak_at_max < 6.0


def test_what_was_known_before_is_kept_and_doubts_are_added():
    voxels = np.ones(GEOMETRY.shape_kji, np.float32)
    voxels[0, 17, 21] = np.nan
    edge = tuple(GEOMETRY.position_ras_mm((21, 17, 0)).tolist())

    found = measure_voi(
        PETImage(voxels, GEOMETRY), seeded(Insert('S10', 10.0), edge, Flag.PREDICTED), 'hard'
    )

    assert found.flags == (Flag.PREDICTED, Flag.CLIPPED, Flag.NON_FINITE)
    assert found.center_ijk == pytest.approx((21, 17, 0), abs=1e-9)
    assert set(np.unique(found.mask.weights)) == {0.0, 1.0}


@pytest.mark.parametrize(('diameter_mm', 'few'), [(3.4, True), (3.6, False)])
def test_a_voi_of_less_than_two_voxels_is_flagged(diameter_mm, few):
    """Two voxels are 22 mm3, a ball of 3.48 mm."""
    image = PETImage(np.ones(GEOMETRY.shape_kji, np.float32), GEOMETRY)

    found = measure_voi(image, seeded(Insert('S', diameter_mm), CENTER), 'partial')

    assert found.flags == ((Flag.FEW_VOXELS,) if few else ())
    assert (found.statistics.sd is None) == few
