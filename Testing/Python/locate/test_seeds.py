"""Which seed is for which insert: by label, by what the image shows, or without seeds."""

import numpy as np
import pytest
from turned_grids import grid
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom, Seed, load_phantom
from VOIIdentificationLib.locate.seeds import assign_seeds, labeled_inserts, sort_seeds
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.scene import Noise, Pose, SyntheticPhantom
from VOIIdentificationLib.synthetic.scene import grid as scan_grid

NEMA = load_phantom('NEMA IEC body')
NO_RING = Phantom('two', (Insert('big', 22.0, aliases=('B1',)), Insert('small', 13.0)))
EMPTY = PETImage(np.zeros((30, 40, 50), np.float32), grid((2.0, 2.2, 2.5), shape_kji=(30, 40, 50)))


@pytest.fixture(scope='module')
def scan():
    """A phantom turned by 70 degrees and mirrored, with noise; and its true centers."""
    pose = Pose(rotation_deg=70, tilt_deg=3, mirrored=True, offset_ras_mm=(5.0, -8.0, 4.0))
    geometry = scan_grid((84, 80, 36), (3.9, 4.1, 4.3), middle_ras_mm=(5.0, -8.0, -15.0))
    scene = SyntheticPhantom(geometry, pose=pose, noise=Noise(0.05, 5.0), random_seed=3)
    image, truth = synthesize(scene)
    return image, {true.insert.label: true.center_ras_mm for true in truth.inserts}


def near(centers, labels, names=None):
    """Seeds 3 mm beside the true centers, with these names."""
    names = labels if names is None else names
    return [
        Seed(name, tuple(np.add(centers[label], (1.7, -1.7, 1.7))))
        for label, name in zip(labels, names, strict=True)
    ]


def test_seeds_match_by_label_in_any_case_and_by_alias():
    seeding = sort_seeds(EMPTY, [Seed('SMALL', (1, 1, 1)), Seed('b1', (2, 2, 2))], NO_RING)
    assert [(one.label, one.seed_ras_mm) for one in seeding.inserts] == [
        ('big', (2, 2, 2)),
        ('small', (1, 1, 1)),
    ]
    assert seeding.notes == ()


def test_without_a_ring_unlabeled_seeds_match_by_order_with_a_note():
    seeding = sort_seeds(EMPTY, [Seed('F-1', (1, 1, 1)), Seed('', (2, 2, 2))], NO_RING)
    assert [one.seed_ras_mm[0] for one in seeding.inserts] == [1, 2]
    assert 'in the order big, small' in seeding.notes[0]


@pytest.mark.parametrize(
    ('labels', 'words'),
    [
        (['big', 'huge'], "called 'huge'; label the seeds big, small"),
        (['big', 'BIG'], '2 seeds are labeled big'),
        (['F-1', 'F-2', 'F-3'], '3 seeds without a known label cannot be matched to 2 inserts'),
        ([], 'has no ring of spheres'),
    ],
)
def test_seeds_that_do_not_fit_are_refused_in_words(labels, words):
    with pytest.raises(SeedError) as caught:
        sort_seeds(EMPTY, [Seed(label, (0.0, 0.0, 0.0)) for label in labels], NO_RING)
    assert words in str(caught.value)


def test_labels_can_be_read_before_there_is_an_image():
    """The panel asks at every move of a point."""
    here = (0.0, 0.0, 0.0)
    placed = [Seed('small', here), Seed('B0-1', here), Seed('BG01', here), Seed('B1', here)]

    assert [insert.label for insert in labeled_inserts(placed, NO_RING)] == ['small', 'big']
    assert labeled_inserts([Seed('F-1', here), Seed('', here)], NO_RING) == ()
    with pytest.raises(SeedError, match='2 seeds are labeled big'):
        labeled_inserts([Seed('B1', here), Seed('big', here)], NO_RING)


@pytest.mark.parametrize('place', [(500.0, 0.0, 0.0), (-500.0, 0.0, 0.0)])
def test_a_seed_outside_the_image_is_named_with_its_place(place):
    words = rf'seed big at RAS \({place[0]}, 0\.0, 0\.0\) mm lies outside the image of 50 x 40 x 30'
    with pytest.raises(SeedError, match=words):
        sort_seeds(EMPTY, [Seed('big', place)], NO_RING)


def test_background_seeds_and_rois_are_set_apart():
    labels = ['big', 'B0', 'b0-2', 'B0 3', 'BG01', 'bg12']
    seeding = sort_seeds(EMPTY, [Seed(label, (0.0, 0.0, 0.0)) for label in labels], NO_RING)
    assert [one.label for one in seeding.inserts] == ['big']
    assert [one.label for one in seeding.background] == ['B0', 'b0-2', 'B0 3']
    assert [seed.label for seed in seeding.rois] == ['BG01', 'bg12']


def test_unlabeled_seeds_in_any_order_get_the_spheres_they_lie_on(scan):
    image, centers = scan
    order = ['S17', 'S37', 'S10', 'S28', 'S13', 'S22']
    seeds = near(centers, order, names=[f'F-{n}' for n in range(1, 7)])

    seeding = sort_seeds(image, seeds, NEMA)

    assert [one.label for one in seeding.inserts] == [i.label for i in NEMA.inserts]
    for one in seeding.inserts:
        assert one.seed_ras_mm == seeds[order.index(one.label)].position_ras_mm
        assert one.flags == ()
    assert 'F-1 = S17' in seeding.notes[0]


@pytest.mark.parametrize('names', [['S22', 'S17', 'S10'], ['', '', '']])
def test_three_seeds_are_enough_and_the_rest_is_predicted(scan, names):
    image, centers = scan
    seeding = sort_seeds(image, near(centers, ['S22', 'S17', 'S10'], names), NEMA)
    assert len(seeding.inserts) == 6
    for one in seeding.inserts:
        off = np.linalg.norm(np.subtract(one.seed_ras_mm, centers[one.label]))
        assert off < 5.0
        predicted = one.label in {'S37', 'S28', 'S13'}
        assert one.flags == ((Flag.PREDICTED,) if predicted else ())


def test_a_seed_with_the_name_of_another_sphere_is_flagged_and_named(scan):
    image, centers = scan
    labels = [insert.label for insert in NEMA.inserts]
    names = ['S10', *labels[1:5], 'S37']

    seeding = sort_seeds(image, near(centers, labels, names), NEMA)

    flagged = {one.label for one in seeding.inserts if Flag.SEED_MISNAMED in one.flags}
    assert flagged == {'S10', 'S37'}
    assert any('the seed S10 lies on the 37 mm sphere, S37' in note for note in seeding.notes)


def test_nothing_is_predicted_from_seeds_whose_names_are_wrong(scan):
    image, centers = scan
    seeds = near(centers, ['S22', 'S17', 'S10'], names=['S10', 'S17', 'S22'])
    seeding = sort_seeds(image, seeds, NEMA)
    assert [one.label for one in seeding.inserts] == ['S22', 'S17', 'S10']
    assert seeding.inserts[0].flags == (Flag.SEED_MISNAMED,)
    assert seeding.notes[-1] == 'No seed for S37, S28, S13: not measured.'


def test_a_point_file_with_left_and_right_mixed_up_is_suspected(scan):
    image, centers = scan
    labels = [insert.label for insert in NEMA.inserts]
    flipped = [
        Seed(seed.label, (-seed.position_ras_mm[0], -seed.position_ras_mm[1], 4.0))
        for seed in near(centers, labels)
    ]
    seeding = sort_seeds(image, flipped, NEMA)
    assert all(one.flags for one in seeding.inserts)
    assert 'whether LPS or RAS' in seeding.notes[-1]


def test_a_seed_on_no_sphere_is_flagged_and_named(scan):
    image, centers = scan
    seeds = near(centers, [insert.label for insert in NEMA.inserts])
    seeds[3] = Seed('S17', tuple(np.add(centers['S17'], (0.0, 0.0, -35.0))))

    seeding = sort_seeds(image, seeds, NEMA)

    assert [one.flags for one in seeding.inserts] == [(), (), (), (Flag.SEED_ASTRAY,), (), ()]
    assert any('the seed S17 at RAS' in note for note in seeding.notes)


def test_without_seeds_the_spheres_are_found(scan):
    image, centers = scan
    seeding = sort_seeds(image, [], NEMA)
    assert len(seeding.inserts) == 6
    for one in seeding.inserts:
        off = np.linalg.norm(np.subtract(one.seed_ras_mm, centers[one.label]))
        assert off < 1.0
    assert 'found without seeds, confidence' in seeding.notes[0]


def test_background_seeds_alone_do_not_keep_the_spheres_from_being_found(scan):
    image, _ = scan
    seeding = sort_seeds(image, [Seed('B0', (5.0, 60.0, 0.0))], NEMA)
    assert (len(seeding.inserts), len(seeding.background)) == (6, 1)


def test_an_image_without_the_phantom_is_refused_rather_than_guessed():
    noise = np.random.default_rng(1).normal(100.0, 10.0, (40, 80, 84)).astype(np.float32)
    image = PETImage(noise, scan_grid((84, 80, 40), (4.0, 4.0, 4.0)))
    with pytest.raises(SeedError, match='Place a seed on each sphere'):
        sort_seeds(image, [], NEMA)


def test_an_image_that_shows_no_ring_leaves_labels_alone():
    noise = np.random.default_rng(1).normal(100.0, 10.0, (40, 80, 84)).astype(np.float32)
    image = PETImage(noise, scan_grid((84, 80, 40), (4.0, 4.0, 4.0)))
    seeds = [Seed('S37', (0.0, 0.0, 0.0)), Seed('S10', (50.0, 10.0, 0.0))]

    seeding = sort_seeds(image, seeds, NEMA)

    assert [(one.label, one.flags) for one in seeding.inserts] == [('S37', ()), ('S10', ())]
    assert seeding.notes == ('No seed for S28, S22, S17, S13: not measured.',)


def clicks(centers, labels):
    """Seeds without names, up to 6 mm off."""
    rng = np.random.default_rng(1)
    return [
        Seed('', tuple((np.array(centers[label]) + rng.uniform(-3.5, 3.5, 3)).tolist()))
        for label in labels
    ]


@pytest.mark.parametrize(
    'labels',
    [
        ['S13', 'S37', 'S10', 'S22', 'S28', 'S17'],
        ['S10', 'S28', 'S17'],
        ['S17', 'S10'],
        ['S22', 'S13'],
        ['S10'],
    ],
    ids=lambda labels: f'{len(labels)} {labels[0]}',
)
def test_seeds_in_any_order_and_number_get_their_spheres(scan, labels):
    image, centers = scan

    assigned, ring = assign_seeds(image, clicks(centers, labels), NEMA)
    predicted = {n: c for n, c in ring.centers_ras_mm.items() if n not in assigned}

    assert list(assigned) == labels
    assert predicted.keys() == centers.keys() - labels
    for label, place in predicted.items():
        assert np.linalg.norm(np.subtract(place, centers[label])) < 5.0


def test_wrongly_named_and_stray_seeds_are_said(scan):
    image, centers = scan
    seeds = [
        Seed('S37', centers['S10']),
        Seed('S28', centers['S28']),
        Seed('b3', centers['S22']),
        Seed('S17', (5.0, -8.0, 4.0)),
    ]

    assert assign_seeds(image, seeds, NEMA)[0] == ('S10', 'S28', 'S22', '')

    notes = sort_seeds(image, seeds, NEMA).notes
    assert 'the seed S37 lies on the 10 mm sphere, S10' in notes[0]
    assert 'the seed S17 at RAS (5.0, -8.0, 4.0) mm lies on no sphere' in notes[1]
    assert len(notes) == 3  # the third says what is not measured
