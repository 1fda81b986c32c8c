"""Planes of the page: what they cut, against the slow way; which way up they are."""

import numpy as np
import pytest
from made_results import made_geometry
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere
from VOIIdentificationLib.report.page.plane import Plane

KINDS = ('flipped', 'oblique', 'sheared')
WHOLE = {
    0: (slice(0, 44), slice(0, 20)),
    1: (slice(0, 50), slice(0, 20)),
    2: (slice(0, 50), slice(0, 44)),
}
CENTER_IJK = (21.3, 17.6, 9.2)


def plane_of(kind, axis, index):
    return Plane(made_geometry(kind), axis, index, WHOLE[axis])


def outside_mm(solid, geometry, points):
    """Signed distance by the definition of the solids."""
    offset = points - np.asarray(solid.center_ras_mm)
    if isinstance(solid, Sphere):
        return np.linalg.norm(offset, axis=1) - solid.diameter_mm / 2
    axis = geometry.slice_normal_ras if solid.axis_ras is None else np.asarray(solid.axis_ras)
    height = offset @ axis
    across = np.linalg.norm(offset - height[:, None] * axis, axis=1)
    return np.maximum(across - solid.diameter_mm / 2, np.abs(height) - solid.height_mm / 2)


@pytest.mark.parametrize('shape', ['sphere', 'cylinder', 'tilted', 'lying'])
@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('kind', KINDS)
def test_the_outline_lies_on_the_surface_and_in_the_plane(kind, axis, shape):
    geometry = made_geometry(kind)
    center = tuple(geometry.position_ras_mm(CENTER_IJK).tolist())
    solid = {
        'sphere': Sphere('S', center, 22.0),
        'cylinder': Cylinder('C', center, 22.0, 17.0),
        'tilted': Cylinder('C', center, 22.0, 17.0, (0.36, 0.48, 0.8)),
        'lying': Cylinder('C', center, 22.0, 17.0, (1.0, 0.0, 0.0)),
    }[shape]
    index = round(CENTER_IJK[axis]) + 1
    plane = plane_of(kind, axis, index)

    outline = plane.outline_uv(solid)

    full = np.insert(outline, axis, index, axis=1)
    distance = outside_mm(solid, geometry, geometry.position_ras_mm(full))
    assert len(outline) == 72
    assert np.abs(distance).max() < 1e-9


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_a_plane_beside_the_sphere_cuts_nothing(axis):
    geometry = made_geometry('oblique')
    solid = Sphere('S', tuple(geometry.position_ras_mm(CENTER_IJK).tolist()), 10.0)
    step_mm = 1 / np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm)[axis])  # between planes
    misses = int(np.ceil(CENTER_IJK[axis] + 5.0 / step_mm))

    assert plane_of('oblique', axis, misses).outline_uv(solid).size == 0
    assert plane_of('oblique', axis, misses - 2).outline_uv(solid).size


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('along', [None, (0.36, 0.48, 0.8)])
def test_a_plane_beside_the_cylinder_cuts_nothing(axis, along):
    geometry = made_geometry('oblique')
    center = tuple(geometry.position_ras_mm(CENTER_IJK).tolist())
    solid = Cylinder('C', center, 12.0, 9.0, along)
    cut = [bool(plane_of('oblique', axis, n).outline_uv(solid).size) for n in range(44)]
    direction = geometry.slice_normal_ras if along is None else np.array(along)
    row = np.linalg.inv(geometry.axes_ras_mm)[axis]  # the index grows by this for a millimeter
    half = 4.5 * abs(row @ direction) + 6.0 * np.linalg.norm(row - (row @ direction) * direction)
    low, high = int(np.ceil(CENTER_IJK[axis] - half)), int(np.floor(CENTER_IJK[axis] + half))
    assert [n for n, one in enumerate(cut) if one] == list(range(low, high + 1))


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('kind', KINDS)
def test_a_bright_voxel_is_shown_where_its_index_is_drawn(kind, axis):
    plane = plane_of(kind, axis, 7)
    voxels = np.zeros(plane.geometry.shape_kji, np.float32)
    ijk = np.array([12, 31, 5])
    ijk[axis] = 7
    voxels[tuple(ijk[::-1])] = 1.0

    row, column = np.argwhere(plane.pixels(voxels))[0]

    place = plane.to_picture_mm(np.delete(ijk, axis)[None].astype(float))[0]
    assert place == pytest.approx((np.array([column, row]) + 0.5) * plane.pixel_mm)


@pytest.mark.parametrize('kind', ['flipped', 'straight'])
def test_right_front_and_head_are_on_the_left_or_at_the_top(kind):
    geometry = made_geometry('flipped')
    if kind == 'straight':
        geometry = geometry.transformed(np.diag([-1.0, -1.0, 1.0, 1.0]))

    letters = [Plane(geometry, axis, 3, WHOLE[axis]).letters() for axis in (2, 1, 0)]

    assert letters == [tuple('RLAP'), tuple('RLSI'), tuple('APSI')]
    shown = Plane(geometry, 2, 3, WHOLE[2])
    to_the_right = geometry.index_ijk(geometry.position_ras_mm((20, 20, 3)) + np.eye(3)[0])
    places = shown.to_picture_mm(np.array([[20.0, 20.0], to_the_right[:2]]))
    assert places[1, 0] < places[0, 0]
