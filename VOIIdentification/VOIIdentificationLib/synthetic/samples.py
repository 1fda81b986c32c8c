"""Phantoms to try the program on: made, always the same, with what real scans have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..core.phantom import DEFAULT_PHANTOM, load_phantom
from .scene import Noise, Pose, SyntheticPhantom, grid

COLD_LABELS = ('S37', 'S28')
"""Spheres that are filled with water: the two largest, as in NEMA NU 2-2001 to 2012."""

DISPLACED_LABEL, DISPLACED_MM = 'S17', 6.0
"""A sphere that does not stand in the plane of the others, and by how much."""

_SHAPE_IJK, _SPACING_IJK_MM = (144, 136, 72), (2.73, 2.73, 3.27)
"""A usual grid: 400 mm across, 235 mm long."""


def _plain() -> SyntheticPhantom:
    return SyntheticPhantom(grid(_SHAPE_IJK, _SPACING_IJK_MM), noise=Noise(0.1))


def _cold() -> SyntheticPhantom:
    phantom = load_phantom(DEFAULT_PHANTOM)
    inserts = tuple(replace(one, hot=one.label not in COLD_LABELS) for one in phantom.inserts)
    return replace(_plain(), phantom=replace(phantom, inserts=inserts), random_seed=1)


def _with_faults() -> SyntheticPhantom:
    """Not level, turned and moved, noise as of a short scan, and one sphere that has slipped."""
    return replace(
        _plain(),
        pose=Pose(17.0, tilt_deg=4.0, tilt_axis_deg=35.0, offset_ras_mm=(6.0, -9.0, 4.0)),
        noise=Noise(0.15, fwhm_mm=5.0, grows_with_signal=True, axial_edge_factor=2.0),
        off_plane_mm={DISPLACED_LABEL: DISPLACED_MM},
        random_seed=2,
    )


SAMPLES: dict[str, Callable[[], SyntheticPhantom]] = {
    'PETPhantom': _plain,
    'PETPhantomCold': _cold,
    'PETPhantomFaults': _with_faults,
}
"""Their names, as Slicer's Sample Data module lists them, and what they are."""
