"""
Spheres in other orders, unfilled and cold ones, found without seeds.

Truth is the generator's; all orders and subsets are in Testing/Benchmarks/bench_identity.py.
"""

from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import Insert, load_phantom
from VOIIdentificationLib.locate.detect import detect
from VOIIdentificationLib.locate.identity import Identification, Identity
from VOIIdentificationLib.locate.reading import read_ring
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import Activities, Noise, Pose, SyntheticPhantom, grid

PRESET = load_phantom('NEMA IEC body')
LABELS = [insert.label for insert in PRESET.inserts]
IN_ORDER = (0, 1, 2, 3, 4, 5)


def made(order=IN_ORDER, *, unfilled=(), inside=0.0, seed=0, cov=0.1):
    """An image of spheres in this order; the centers by label."""
    inserts = tuple(
        replace(PRESET.inserts[size], ring_angle_deg=60.0 * place, hot=size not in unfilled)
        for place, size in enumerate(order)
    )
    scene = SyntheticPhantom(
        geometry=grid((76, 70, 36), (4.0, 4.1, 4.2)),
        phantom=replace(PRESET, inserts=inserts),
        pose=Pose(rotation_deg=31.0 * seed, tilt_deg=4.0, mirrored=bool(seed % 2)),
        activities=Activities(hot=20000.0, cold=inside, background=5000.0),
        psf=PSF(6.0),
        noise=Noise(cov, 4.0, grows_with_signal=True),
        random_seed=seed,
    )
    image, truth = synthesize(scene)
    return image, {true.insert.label: true.center_ras_mm for true in truth.inserts}


def errors_mm(ring, truth):
    return {
        label: np.linalg.norm(np.subtract(center, truth[label]))
        for label, center in ring.centers_ras_mm.items()
    }


@pytest.mark.parametrize(
    'order', [(0, 1, 2, 3, 5, 4), (0, 1, 3, 2, 4, 5), (3, 0, 5, 1, 4, 2)], ids=str
)
def test_labels_follow_the_image_where_the_order_is_another(order):
    image, truth = made(order, seed=1 + order[0])

    ring = detect(image, PRESET)

    assert max(errors_mm(ring, truth).values()) < 2.0
    assert 'in another order than in the phantom NEMA IEC body' in ring.notes[0]
    assert ring.flags == {}
    angles = {i.label: i.ring_angle_deg for i in ring.phantom.inserts}
    steps = [(angles[LABELS[order[n]]] - angles[LABELS[order[n - 1]]]) % 360 for n in range(6)]
    assert np.allclose(steps, steps[0])  # round the ring one way, in the image's order
    assert steps[0] in {60.0, 300.0}


def test_the_phantoms_own_order_needs_no_word():
    image, truth = made(seed=4)

    ring = detect(image, PRESET)

    assert ring.notes == ()
    assert ring.flags == {}
    assert ring.phantom == PRESET
    assert max(errors_mm(ring, truth).values()) < 2.0


@pytest.mark.parametrize('cold', [(0, 1), (4, 5)], ids=str)
def test_cold_spheres_are_seen_as_cold(cold):
    image, truth = made(unfilled=cold, seed=2)

    ring = detect(image, PRESET)

    assert max(errors_mm(ring, truth).values()) < 4.0
    labels = [LABELS[n] for n in cold]
    assert [i.label for i in ring.phantom.inserts if not i.hot] == labels
    assert f'shows {labels[0]} and {labels[1]} colder than the background' in ring.notes[0]


@pytest.mark.parametrize('empty', [(0,), (2, 5)], ids=str)
def test_spheres_that_hold_background_are_left_out_by_name(empty):
    image, truth = made(unfilled=empty, inside=5000.0, seed=3)

    ring = detect(image, PRESET)

    labels = {LABELS[n] for n in empty}
    assert ring.centers_ras_mm.keys() == set(LABELS) - labels
    assert max(errors_mm(ring, truth).values()) < 2.0
    assert {i.label for i in ring.phantom.inserts if not i.use} == labels
    assert f'Nothing stands out where {" and ".join(sorted(labels))}' in ring.notes[0].replace(
        'S22 and S10', 'S10 and S22'
    )


def test_spheres_that_are_hot_though_the_phantom_has_them_cold():
    image, truth = made(seed=5)
    old = tuple(replace(i, hot=i.diameter_mm < 25) for i in PRESET.inserts)

    ring = detect(image, replace(PRESET, inserts=old))

    assert max(errors_mm(ring, truth).values()) < 2.0
    assert all(insert.hot for insert in ring.phantom.inserts)
    assert 'shows S37 and S28 hotter than the background' in ring.notes[0]


def test_with_four_unfilled_spheres_it_is_said_what_can_be_told():
    image, _ = made(unfilled=(0, 2, 3, 5), inside=5000.0)

    with pytest.raises(SeedError, match=r'were not found: .*(hold the background|explains)'):
        detect(image, PRESET)


def test_a_diameter_typed_wrong_is_named():
    image, _ = made(seed=6)
    typed = (replace(PRESET.inserts[0], diameter_mm=73.0), *PRESET.inserts[1:])

    with pytest.raises(SeedError, match=r'S37 has 73 mm in the phantom and about 37 mm'):
        detect(image, replace(PRESET, inserts=typed))


def shown(*sizes, margins=()):
    """What an image might show: sizes, None for nothing; margins of 100 if not given."""
    margin = dict(margins)
    hot = {'hot': 0.0, 'cold': 100.0, 'none': 100.0}
    return Identification(
        tuple(
            Identity(
                size,
                'none' if size is None else 'hot',
                margin.get(place, 100.0),
                hot,
                100.0,
                None if size is None else 1.0,
            )
            for place, size in enumerate(sizes)
        ),
        signal=1.0,
        fwhm_mm=6.0,
    )


def test_where_the_image_is_in_doubt_the_phantom_is_believed_and_the_sphere_flagged():
    reading = read_ring(PRESET, shown(0, 1, 2, 3, 5, 4, margins=[(4, 10.0), (5, 12.0)]), IN_ORDER)

    assert reading.order == IN_ORDER
    assert reading.is_known
    assert reading.flags == {'S13': (Flag.SIZE_OPEN,), 'S10': (Flag.SIZE_OPEN,)}
    assert reading.sure == ('S37', 'S28', 'S22', 'S17')


def test_a_clear_image_beats_the_expected_order():
    reading = read_ring(PRESET, shown(1, 2, 3, 4, 5, 0), IN_ORDER)

    assert reading.order == (1, 2, 3, 4, 5, 0)  # the preset, turned
    assert not reading.is_known
    assert reading.notes == ()
    assert reading.phantom == PRESET


def test_a_size_that_the_phantom_does_not_have_is_not_moved_to_another_sphere():
    reading = read_ring(PRESET, shown(7, 1, 2, 3, 4, 5), IN_ORDER)

    assert reading.order == IN_ORDER
    assert reading.other_sizes == {'S37': 7}
    assert not reading.is_known
    assert 'S37' not in reading.sure


def test_spheres_of_one_size_that_could_be_exchanged_are_ambiguous():
    alike = replace(
        PRESET,
        inserts=tuple(
            Insert(f'{n}', 22.0 if n else 37.0, ring_angle_deg=60.0 * n) for n in range(6)
        ),
    )

    assert read_ring(alike, shown(*IN_ORDER)).is_ambiguous
    assert not read_ring(PRESET, shown(*IN_ORDER)).is_ambiguous
