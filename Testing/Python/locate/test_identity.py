"""Which sphere stands where, judged by phantoms whose order the generator knows."""

from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import DEFAULT_PHANTOM, load_phantom
from VOIIdentificationLib.locate.identity import (
    MAX_SIGNAL_DEVIATION,
    MIN_MARGIN,
    compare_signals,
    identify_spheres,
    with_usual_sizes,
)
from VOIIdentificationLib.locate.shells import Shells
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import (
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
)

PRESET = load_phantom(DEFAULT_PHANTOM)
DIAMETERS_MM = np.array([insert.diameter_mm for insert in PRESET.inserts])
HOT = Activities(hot=20000.0, background=5000.0)
GRIDS = {
    'oblique': grid((112, 108, 40), (2.73, 2.6, 3.27), oblique_deg=(4.0, -7.0, 11.0)),
    'mirrored': grid((84, 80, 44), (4.0, 4.1, 3.9), mirrored=True),
}


def made(  # noqa: PLR0913 - each argument is one thing that a test varies
    order, *, cold=(), activities=HOT, cov=0.1, fwhm_mm=6.0, seed=0, where='oblique'
):
    """An image whose n-th place on the ring holds the sphere ``order[n]``; and the places."""
    inserts = tuple(
        replace(PRESET.inserts[size], ring_angle_deg=60.0 * place, hot=size not in cold)
        for place, size in enumerate(order)
    )
    scene = SyntheticPhantom(
        geometry=GRIDS[where],
        phantom=replace(PRESET, inserts=inserts),
        pose=Pose(rotation_deg=17.0 * seed, tilt_deg=3.0, mirrored=bool(seed % 2)),
        activities=activities,
        psf=PSF(fwhm_mm, 0.9 * fwhm_mm),
        noise=Noise(cov, 4.0, grows_with_signal=True),
        random_seed=seed,
    )
    image, truth = synthesize(scene)
    by_label = {true.insert.label: true.center_ras_mm for true in truth.inserts}
    places = np.array([by_label[insert.label] for insert in inserts])
    return image, places + np.random.default_rng(seed).normal(0.0, 0.5, places.shape)


def sizes(identification):
    return [one.size for one in identification.spheres]


@pytest.mark.parametrize('where', GRIDS)
@pytest.mark.parametrize('seed', range(6))
def test_any_order_is_read_off_the_image(seed, where):
    order = np.random.default_rng(100 + seed).permutation(6).tolist()
    image, places = made(order, cov=0.2, fwhm_mm=4.5 + seed, seed=seed, where=where)

    found = identify_spheres(Shells.around(image, places), DIAMETERS_MM)

    assert sizes(found) == order
    assert all(one.is_clear and one.filling == 'hot' for one in found.spheres)
    assert found.signal == pytest.approx(20000.0, rel=0.04)
    assert abs(found.fwhm_mm - (4.5 + seed)) <= 1.5  # of the list that is tried
    assert max(abs(found.deviation(place)) for place in range(6)) < MAX_SIGNAL_DEVIATION


@pytest.mark.parametrize(
    ('cold', 'inside', 'filling'),
    [
        ((0, 1), 0.0, 'cold'),
        ((4, 5), 0.0, 'cold'),
        ((0,), 5000.0, 'none'),
        ((2, 5), 5000.0, 'none'),
    ],
)
def test_spheres_that_are_cold_or_hold_background_are_seen(cold, inside, filling):
    order = [0, 1, 2, 3, 4, 5]
    activities = Activities(hot=20000.0, cold=inside, background=5000.0)
    image, places = made(order, cold=cold, activities=activities, seed=2)

    found = identify_spheres(Shells.around(image, places), DIAMETERS_MM)

    hot = [size for size in order if size not in cold]
    assert [found.spheres[place].size for place in hot] == hot
    assert [found.spheres[place].filling for place in hot] == ['hot'] * len(hot)
    assert [found.spheres[place].filling for place in cold] == [filling] * len(cold)
    assert all(found.spheres[place].is_clear for place in hot)


def test_fewer_places_than_spheres():
    image, places = made([3, 1, 5, 0, 2, 4])

    found = identify_spheres(Shells.around(image, places[:3]), DIAMETERS_MM)

    assert sizes(found) == [3, 1, 5]


def test_a_wrong_diameter_is_contradicted_by_the_signals():
    image, places = made([0, 1, 2, 3, 4, 5])
    typed = np.where(DIAMETERS_MM == 37.0, 73.0, DIAMETERS_MM)

    found = identify_spheres(Shells.around(image, places), typed)

    assert max(abs(found.deviation(place)) for place in range(6)) > MAX_SIGNAL_DEVIATION


def test_where_noise_drowns_the_spheres_their_identity_is_open():
    activities = Activities(hot=7500.0, background=5000.0)
    image, places = made([0, 1, 2, 3, 5, 4], activities=activities, cov=0.4, seed=5)

    found = identify_spheres(Shells.around(image, places), DIAMETERS_MM)

    assert min(one.margin for one in found.spheres) < MIN_MARGIN


def test_values_and_their_unit_change_nothing_but_the_signal():
    image, places = made([1, 0, 2, 3, 5, 4])
    scaled = replace(image, voxels=image.voxels * np.float32(1e-3))

    one, other = (
        identify_spheres(Shells.around(each, places), DIAMETERS_MM) for each in (image, scaled)
    )

    assert sizes(one) == sizes(other)
    assert other.signal == pytest.approx(1e-3 * one.signal, rel=1e-4)


def test_a_place_outside_the_image_tells_nothing():
    image = PETImage(np.ones((4, 5, 6), np.float32), VolumeGeometry((4, 5, 6), np.eye(4)))

    assert identify_spheres(Shells.around(image, [(500.0, 0.0, 0.0)]), DIAMETERS_MM) is None


def test_an_even_image_holds_nothing():
    image = PETImage(np.ones((40, 50, 60), np.float32), VolumeGeometry((40, 50, 60), np.eye(4)))

    found = identify_spheres(Shells.around(image, [(30.0, 25.0, 20.0)]), DIAMETERS_MM)

    assert found.spheres[0].filling == 'none'


def test_signals_of_right_diameters_agree_and_one_size_more_or_less_does_not():
    image, places = made([0, 1, 2, 3, 4, 5])

    assert np.abs(compare_signals(Shells.around(image, places), DIAMETERS_MM)).max() < 0.15
    swapped = DIAMETERS_MM[[0, 1, 2, 3, 5, 4]]
    deviations = compare_signals(Shells.around(image, places), swapped)
    assert np.abs(deviations[:4]).max() < MAX_SIGNAL_DEVIATION
    assert deviations[4] > 0.5  # the 13 mm sphere taken for 10 mm: (13 / 10)^3 = 2.2
    assert deviations[5] < -MAX_SIGNAL_DEVIATION


def test_signals_are_not_compared_where_nothing_is_hot():
    image = PETImage(np.ones((40, 50, 60), np.float32), VolumeGeometry((40, 50, 60), np.eye(4)))

    assert not np.any(compare_signals(Shells.around(image, [(30.0, 25.0, 20.0)]), np.array([10.0])))


def test_usual_sizes_are_added_but_not_beside_the_phantoms_own():
    assert with_usual_sizes(DIAMETERS_MM.tolist()).tolist() == [*DIAMETERS_MM, 7.7, 48, 60]
    assert with_usual_sizes([73.0, 27.0]).tolist() == [73, 27, 7.7, 10, 13, 17, 22, 37, 48, 60]
