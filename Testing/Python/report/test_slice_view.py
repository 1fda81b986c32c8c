"""Cuts: every point of an outline lies in its slice and on the surface of the VOI."""

import numpy as np
import pytest
from made_results import made_geometry
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere
from VOIIdentificationLib.report.slice_view import cut_outline_ij

KINDS = ['flipped', 'oblique', 'sheared']


def center_of(geometry):
    return tuple((geometry.ijk_to_ras @ [20.3, 18.8, 9.2, 1])[:3].tolist())


def to_ras(geometry, outline_ij, slice_k):
    index = np.c_[outline_ij, np.full(len(outline_ij), slice_k), np.ones(len(outline_ij))]
    return (index @ geometry.ijk_to_ras.T)[:, :3]


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('slice_k', [6, 9, 12])
def test_the_outline_of_a_sphere_lies_on_its_surface(kind, slice_k):
    geometry = made_geometry(kind)
    sphere = Sphere('S22', center_of(geometry), 22.0)

    outline = to_ras(geometry, cut_outline_ij(sphere, geometry, slice_k), slice_k)

    assert np.linalg.norm(outline - sphere.center_ras_mm, axis=1) == pytest.approx(11.0)
    # All the way round: its points are spread evenly about their own center.
    normal = np.cross(*geometry.ijk_to_ras[:3, :2].T)
    aside = np.cross(outline.mean(axis=0) - sphere.center_ras_mm, normal)
    assert aside == pytest.approx([0, 0, 0], abs=1e-9)


@pytest.mark.parametrize('kind', KINDS)
def test_the_outline_of_a_cylinder_has_its_radius_in_every_slice(kind):
    geometry = made_geometry(kind)
    cylinder = Cylinder('C', center_of(geometry), 20.0, 12.0)
    normal = np.cross(*geometry.ijk_to_ras[:3, :2].T)
    normal /= np.linalg.norm(normal)

    outline = to_ras(geometry, cut_outline_ij(cylinder, geometry, 10), 10)

    from_center = outline - cylinder.center_ras_mm
    across = from_center - np.outer(from_center @ normal, normal)
    assert np.linalg.norm(across, axis=1) == pytest.approx(10.0)


@pytest.mark.parametrize('slice_k', [5, 13])
def test_a_slice_that_misses_the_voi_has_no_outline(slice_k):
    geometry = made_geometry()
    sphere = Sphere('S22', center_of(geometry), 22.0)  # reaches from slice 5.53 to 12.87

    assert cut_outline_ij(sphere, geometry, slice_k).shape == (0, 2)
