"""Background VOIs in air, on an insert, in the lung; and where they belong, with no flag."""

from dataclasses import replace

import numpy as np
import pytest
from made_quality import quality_result
from VOIIdentificationLib.core.flags import DOUBTED_BACKGROUND, Flag
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.evaluate.background import PooledBackground
from VOIIdentificationLib.evaluate.background_vois import checked_background, left_out, undoubted
from VOIIdentificationLib.evaluate.recovery import measured_level
from VOIIdentificationLib.measure.voi import measure_voi, seeded

MADE = quality_result()
NORMAL = MADE.image.geometry.slice_normal_ras


def flags_at(point_ras_mm, *, nema=MADE.nema, diameter_mm=37.0):
    located = seeded(Insert('B0', diameter_mm), tuple(point_ras_mm))
    voi = measure_voi(MADE.image, located, 'partial')
    (checked,) = checked_background(MADE.image, [voi], MADE.spheres, nema)
    return set(checked.flags) & DOUBTED_BACKGROUND


def center_of(label):
    (sphere,) = [one for one in MADE.spheres if one.label == label]
    return np.array(sphere.center_ras_mm)


@pytest.mark.parametrize('n', range(12))
def test_where_the_standard_measures_there_is_no_flag(n):
    assert flags_at(MADE.nema.placement.rois[n].center_ras_mm) == set()


def test_on_an_insert():
    for label in ('S37', 'S10'):
        assert flags_at(center_of(label)) == {Flag.BACKGROUND_ON_INSERT}


def test_beside_an_insert_the_wall_decides():
    """Towards the edge of the body, where nothing else is."""
    center = center_of('S10')
    out = center - np.mean([center_of('S37'), center_of('S17')], axis=0)
    out /= np.linalg.norm(out)
    touching = (20.0 + 10.0) / 2

    assert Flag.BACKGROUND_ON_INSERT in flags_at(center + (touching - 0.5) * out, diameter_mm=20)
    assert flags_at(center + (touching + 2.0) * out, diameter_mm=20.0) == set()


@pytest.mark.parametrize('along_mm', [-36.0, 0.0, 36.0])
def test_in_the_lung_insert_wherever_along_it(along_mm):
    lung = np.array(MADE.nema.placement.lung.center_ras_mm)

    assert flags_at(lung + along_mm * NORMAL, diameter_mm=20.0) == {Flag.BACKGROUND_IN_LUNG}


def test_a_lung_that_is_only_assumed_doubts_no_background_by_its_place():
    """Where none is seen there may be warm water."""
    placement = MADE.nema.placement
    assumed = replace(placement, lung=replace(placement.lung, found=False))

    found = flags_at(
        placement.lung.center_ras_mm, nema=replace(MADE.nema, placement=assumed), diameter_mm=20.0
    )

    assert Flag.BACKGROUND_IN_LUNG not in found


def test_beside_the_lung_insert_its_edge_decides():
    lung = MADE.nema.placement.lung
    touching_mm = (lung.diameter_mm + 20.0) / 2
    toward = np.cross(NORMAL, (0.0, 1.0, 0.0))

    near = flags_at(lung.center_ras_mm + (touching_mm - 1.0) * toward, diameter_mm=20.0)
    off = flags_at(lung.center_ras_mm + (touching_mm + 1.0) * toward, diameter_mm=20.0)

    assert Flag.BACKGROUND_IN_LUNG in near
    assert Flag.BACKGROUND_IN_LUNG not in off


def test_in_air():
    assert flags_at((0.0, 138.0, 0.0), diameter_mm=30.0) == {Flag.BACKGROUND_IN_AIR}


def test_half_in_air():
    """Across the edge: not the background either."""
    (edge,) = [roi for roi in MADE.nema.placement.rois if roi.name == 'BG01']
    direction = np.array(edge.center_ras_mm) - MADE.nema.placement.lung.center_ras_mm
    direction /= np.linalg.norm(direction)
    out = np.array(edge.center_ras_mm) + (edge.edge_distance_mm + 9.0) * direction

    flags = flags_at(out)

    assert flags & {Flag.BACKGROUND_DEVIATES, Flag.BACKGROUND_IN_AIR}


def test_a_background_that_is_another_is_told_by_its_value():
    level = MADE.nema.background[0]
    other = replace(MADE.nema, background=(replace(level, mean=1.3 * level.mean),))

    flags = flags_at(MADE.nema.placement.rois[0].center_ras_mm, nema=other)

    assert flags == {Flag.BACKGROUND_DEVIATES}


def test_without_background_rois_only_inserts_are_told():
    assert flags_at(center_of('S37'), nema=None) == {Flag.BACKGROUND_ON_INSERT}
    assert flags_at((0.0, 138.0, 0.0), nema=None, diameter_mm=30.0) == set()


def flags_of_level(mean_over_level, sd_over_level):
    """Of a VOI whose mean is so many times that of the background ROIs."""
    located = seeded(Insert('B0', 37.0), MADE.nema.placement.rois[0].center_ras_mm)
    voi = measure_voi(MADE.image, located, 'partial')
    level = voi.statistics.mean / mean_over_level
    sd = None if sd_over_level is None else sd_over_level * level
    first = replace(MADE.nema.background[0], mean=level, sd=sd)
    nema = replace(MADE.nema, background=(first,))
    (checked,) = checked_background(MADE.image, [voi], MADE.spheres, nema)
    return set(checked.flags) & DOUBTED_BACKGROUND


@pytest.mark.parametrize(
    ('mean', 'sd', 'flag'),
    [
        (1.09, 0.01, None),
        (1.11, 0.01, Flag.BACKGROUND_DEVIATES),
        (0.91, 0.01, None),
        (0.89, 0.01, Flag.BACKGROUND_DEVIATES),
        # 5 SDs of 4 % are 20 %.
        (1.19, 0.04, None),
        (1.21, 0.04, Flag.BACKGROUND_DEVIATES),
        (0.81, 0.04, None),
        (0.51, 0.01, Flag.BACKGROUND_DEVIATES),
        (0.49, 0.01, Flag.BACKGROUND_IN_AIR),
        (0.49, 0.2, Flag.BACKGROUND_IN_AIR),
        (1.5, None, None),
    ],
)
def test_how_far_a_background_may_be_from_the_rois(mean, sd, flag):
    """A tenth, or what noise does; half of it is air whatever the noise."""
    assert flags_of_level(mean, sd) == ({flag} if flag else set())


def at_distance(gap_mm):
    """A VOI of 20 mm whose surface is so far from that of a sphere, moved along R."""
    sphere = replace(MADE.spheres[0], center_ras_mm=(0.0, 0.0, 0.0))
    away = (sphere.insert.diameter_mm + 20.0) / 2 + gap_mm
    voi = measure_voi(MADE.image, seeded(Insert('B0', 20.0), (away, 0.0, 0.0)), 'partial')
    (checked,) = checked_background(MADE.image, [voi], [sphere], None)
    return checked.flags


def test_a_voi_that_touches_an_insert_is_not_on_it():
    assert Flag.BACKGROUND_ON_INSERT not in at_distance(0.0)
    assert Flag.BACKGROUND_ON_INSERT in at_distance(-0.125)


def test_a_voi_that_touches_the_lung_insert_is_not_in_it():
    lung = replace(MADE.nema.placement.lung, center_ras_mm=(0.0, 0.0, 0.0), diameter_mm=50.0)
    nema = replace(MADE.nema, placement=replace(MADE.nema.placement, lung=lung), background=())
    for away, inside in [(35.0, False), (34.875, True)]:
        assert flags_at((away, 0.0, 20.0), nema=nema, diameter_mm=20.0) == (
            {Flag.BACKGROUND_IN_LUNG} if inside else set()
        )


def test_both_places_are_told_and_a_mean_is_not_asked_then():
    sphere = replace(MADE.spheres[0], center_ras_mm=(0.0, 0.0, 0.0))
    lung = replace(MADE.nema.placement.lung, center_ras_mm=(0.0, 0.0, 0.0))
    nema = replace(MADE.nema, placement=replace(MADE.nema.placement, lung=lung))
    voi = measure_voi(MADE.image, seeded(Insert('B0', 20.0), (0.0, 0.0, 0.0)), 'partial')
    (checked,) = checked_background(MADE.image, [voi], [sphere], nema)
    assert set(checked.flags) & DOUBTED_BACKGROUND == {
        Flag.BACKGROUND_ON_INSERT,
        Flag.BACKGROUND_IN_LUNG,
    }


def test_what_is_left_out_is_said_and_what_is_not_stays():
    located = seeded(Insert('B0', 20.0), MADE.nema.placement.rois[0].center_ras_mm)
    good = measure_voi(MADE.image, located, 'partial')
    bad = replace(good, flags=(Flag.CLIPPED, Flag.BACKGROUND_IN_AIR))
    seen = replace(good, flags=(Flag.CLIPPED,))

    assert undoubted([good, bad, seen]) == [good, seen]
    assert left_out([good, bad, seen]) == [
        f'B0 is not taken for background: {Flag.BACKGROUND_IN_AIR.text}.'
    ]


def test_the_level_for_a50_is_that_of_the_largest_rois():
    levels = [replace(one, mean=100.0 + n) for n, one in enumerate(MADE.nema.background)]
    nema = replace(MADE.nema, background=tuple(levels))
    rule = 'mean of the 60 background ROIs of 37 mm'

    assert measured_level(nema, None) == (100.0, rule)
    assert measured_level(nema, PooledBackground(None, None, None)) == (100.0, rule)
    assert measured_level(nema, PooledBackground(7.0, 1.0, 0.1))[0] == 7.0
    unknown = replace(nema, background=(replace(levels[0], mean=None), *levels[1:]))
    assert measured_level(unknown, None) is None
    assert measured_level(replace(nema, background=()), None) is None
