"""Where the VOI of a cylinder ends and what is doubted, for cylinders whose shape is given."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import median_abs_deviation
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import UniformCylinder
from VOIIdentificationLib.evaluate.uniform_cylinder import measure_cylinder
from VOIIdentificationLib.locate.cylinder_fit import Ends, Shape
from VOIIdentificationLib.locate.uniform_cylinder import FoundCylinder
from VOIIdentificationLib.suv.scale import SUVScale

SPACING_MM = (4.0, 4.2, 5.0)
SIZE_IJK = (30, 28, 20)
"""120 x 117.6 x 100 mm around the origin, z from -50 to 50 mm."""

WANTED = UniformCylinder(100.0, 80.0, wall_margin_mm=20.0, end_margin_mm=10.0)


def image_of(slices=1.0):
    """7000 everywhere, times a factor for each slice."""
    matrix = np.diag([*SPACING_MM, 1.0])
    matrix[:3, 3] = -np.array(SPACING_MM) * (np.array(SIZE_IJK) - 1) / 2
    voxels = np.full(SIZE_IJK[::-1], 7000.0) * np.reshape(slices * np.ones(20), (-1, 1, 1))
    geometry = VolumeGeometry(SIZE_IJK[::-1], matrix)
    return PETImage(voxels.astype(np.float32), geometry, 'Bq/mL')


def found(*, ends=(True, True), bubble_ml=0.0, **shape):
    along = {'start_mm': -40.0, 'stop_mm': 40.0, 'radius_mm': 50.0, **shape}
    plain = Shape(
        (0.0, 0.0, 0.0),
        (0.0, 0.0, 1.0),
        sigma_mm=3,
        axial_sigma_mm=3,
        level=1,
        **{
            name: value
            for name, value in along.items()
            if name not in ('center_ras_mm', 'axis_ras')
        },
    )
    places = {name: along[name] for name in ('center_ras_mm', 'axis_ras') if name in along}
    return FoundCylinder(replace(plain, **places), Ends(*ends), 0.0, bubble_ml)


def z_of_voi(cylinder):
    middle, half = cylinder.voi.center_ras_mm[2], cylinder.voi.insert.height_mm / 2
    return middle - half, middle + half


@pytest.mark.parametrize(
    ('seen', 'length_mm', 'z_mm'),
    [
        ((True, True), 80.0, (-30.0, 30.0)),
        ((True, True), None, (-30.0, 30.0)),
        # An end that is not seen lies where the length puts it, with its margin …
        ((True, False), 70.0, (-30.0, 20.0)),
        ((False, True), 70.0, (-20.0, 30.0)),
        # … or beyond the image, whose edge needs none.
        ((True, False), 200.0, (-30.0, 50.0)),
        ((False, True), 200.0, (-50.0, 30.0)),
        ((True, False), None, (-30.0, 50.0)),
        ((False, True), None, (-50.0, 30.0)),
        ((False, False), 70.0, (-50.0, 50.0)),
        ((False, False), None, (-50.0, 50.0)),
        # Inside the image by less than the margin.
        ((True, False), 85.0, (-30.0, 35.0)),
    ],
)
def test_the_voi_ends_where_both_cylinder_and_image_allow(seen, length_mm, z_mm):
    wanted = replace(WANTED, length_mm=length_mm)

    cylinder = measure_cylinder(image_of(), found(ends=seen), wanted)

    assert z_of_voi(cylinder) == pytest.approx(z_mm, abs=1e-6)
    assert cylinder.voi.center_ras_mm[:2] == pytest.approx((0.0, 0.0))
    assert cylinder.voi.insert.diameter_mm == pytest.approx(60.0)
    assert (Flag.CYLINDER_CUT in cylinder.flags) == (not all(seen))
    assert [text for text in cylinder.notes if 'does not show' in text] == [
        text
        for text in cylinder.notes
        if f'does not show {"one end" if any(seen) else "both ends"} of the' in text
    ]
    whole = all(seen)
    assert cylinder.length_mm == (80.0 if whole else None)
    assert cylinder.volume_ml == (pytest.approx(np.pi * 50**2 * 80 / 1000) if whole else None)


@pytest.mark.parametrize('sign', [1, -1])
def test_a_tilted_voi_stays_in_the_image_with_its_whole_rim(sign):
    """A tube of 30 mm radius, 12 degrees off the normal: (50 - 30 sin) / cos to both sides."""
    angle = np.radians(12.0)
    axis = (sign * float(np.sin(angle)), 0.0, float(np.cos(angle)))

    cylinder = measure_cylinder(
        image_of(), found(ends=(False, False), axis_ras=axis), replace(WANTED, length_mm=None)
    )

    assert cylinder.tilt_deg == pytest.approx(12.0)
    half = (50.0 - 30.0 * np.sin(angle)) / np.cos(angle)
    assert cylinder.voi.insert.height_mm == pytest.approx(2 * half, rel=2e-3)
    assert not cylinder.voi.mask.clipped


def test_a_cylinder_against_the_slices_is_not_tilted():
    cylinder = measure_cylinder(image_of(), found(axis_ras=(0.0, 0.0, -1.0)), WANTED)
    assert cylinder.tilt_deg == pytest.approx(0.0, abs=1e-5)
    assert z_of_voi(cylinder) == pytest.approx((-30.0, 30.0))


@pytest.mark.parametrize(
    ('wall_mm', 'end_mm', 'fits'),
    [(45.0, 10.0, True), (45.1, 10.0, False), (20.0, 35.0, True), (20.0, 35.1, False),
     (60.0, 10.0, False)],
)  # fmt: skip
def test_a_voi_of_ten_millimeter_is_the_smallest(wall_mm, end_mm, fits):
    wanted = replace(WANTED, wall_margin_mm=wall_mm, end_margin_mm=end_mm)
    if fits:
        insert = measure_cylinder(image_of(), found(), wanted).voi.insert
        assert min(insert.diameter_mm, insert.height_mm) == 10.0
    else:
        with pytest.raises(InputFileError, match='is 100 mm wide and 80 mm long: margins'):
            measure_cylinder(image_of(), found(), wanted)


@pytest.mark.parametrize('value', [0.0, -1.0, np.nan])
def test_a_cylinder_that_holds_nothing_is_refused(value):
    with pytest.raises(InputFileError, match='holds nothing'):
        measure_cylinder(image_of(value), found(), WANTED)


@pytest.mark.parametrize(
    ('name', 'size_mm', 'sd_mm', 'differs'),
    [
        ('diameter', 101.0, 0.01, False),
        ('diameter', 103.0, 1.0, False),
        ('length', 83.0, 1.0, False),
        ('length', 79.0, None, True),
        ('diameter', 101.1, 0.01, True),
        ('diameter', 98.9, 0.01, True),
        ('diameter', 103.0, 1.05, False),  # within 3 SDs
        ('diameter', 103.0, 0.95, True),
        ('diameter', 101.1, None, True),
        ('length', 80.7, 0.01, False),
        ('length', 80.9, 0.01, True),
        ('length', 79.1, 0.01, True),
        ('length', 83.0, 1.05, False),
        ('length', 83.0, 0.95, True),
        ('length', 81.0, None, True),
    ],
)
def test_a_size_differs_by_one_percent_and_three_sds(name, size_mm, sd_mm, differs):
    if name == 'diameter':
        shape = {'radius_mm': size_mm / 2, 'radius_sd_mm': sd_mm and sd_mm / 2}
    else:
        shape = {'start_mm': -size_mm / 2, 'stop_mm': size_mm / 2, 'length_sd_mm': sd_mm}

    cylinder = measure_cylinder(image_of(), found(**shape), WANTED)

    assert (Flag.CYLINDER_SIZE in cylinder.flags) == differs
    nominal = 100.0 if name == 'diameter' else 80.0
    told = f'The {name} of the cylinder is {size_mm:.1f} mm in the image and {nominal:g} mm'
    assert any(text.startswith(told) for text in cylinder.notes) == differs
    if differs:
        assert f'({100 * (size_mm / nominal - 1):+.1f} %)' in cylinder.notes[0]


@pytest.mark.parametrize(
    ('size_mm', 'said'), [((100.0, None), True), ((None, 80.0), True), ((100.0, 80.0), False)]
)
def test_a_phantom_without_a_size_says_that_nothing_checks_the_voxels(size_mm, said):
    wanted = replace(WANTED, diameter_mm=size_mm[0], length_mm=size_mm[1])
    notes = measure_cylinder(image_of(), found(), wanted).notes
    assert [one.startswith('The phantom names no size') for one in notes] == [True] * said


@pytest.mark.parametrize('bubble_ml', [0.0, 12.4])
def test_a_bubble_is_said_with_its_volume(bubble_ml):
    cylinder = measure_cylinder(image_of(), found(bubble_ml=bubble_ml), WANTED)
    assert cylinder.flags == ((Flag.CYLINDER_BUBBLE,) if bubble_ml else ())
    assert any('About 12 mL of the cylinder' in one for one in cylinder.notes) == bool(bubble_ml)


def with_slices(**factors):
    """Factors by slice; the VOI reaches from slice 4 to 15."""
    slices = np.ones(20)
    for name, factor in factors.items():
        slices[int(name[1:])] = factor
    return slices


def deviation_of(slices, k):
    """In percent of the mean of the twelve slices of the VOI."""
    return 100 * (slices[k] / slices[4:16].mean() - 1)


@pytest.mark.parametrize(
    ('factor', 'said'), [(0.951, False), (0.943, True), (1.05, False), (1.059, True)]
)
def test_a_slice_deviates_by_more_than_five_percent(factor, said):
    slices = with_slices(k9=factor)
    assert (abs(deviation_of(slices, 9)) > 5) == said

    cylinder = measure_cylinder(image_of(slices), found(), WANTED)

    assert (Flag.SLICES_DEVIATE in cylinder.flags) == said
    if said:
        told = f'by more than 5.0 %: 9 ({deviation_of(slices, 9):+.1f} %).'
        assert cylinder.notes[0].endswith(told)


@pytest.mark.parametrize('off', [0.84, 0.9])
def test_what_slices_scatter_is_no_deviation(off):
    """The limit is 4 robust SDs where these are more than 5 %."""
    slices = np.ones(20)
    slices[4:16] += [
        0.02,
        -0.025,
        0.01,
        -0.03,
        0.015,
        off - 1,
        0.03,
        -0.02,
        0.0,
        0.022,
        -0.01,
        0.03,
    ]
    deviations = np.array([deviation_of(slices, k) for k in range(4, 16)])
    limit = 4 * median_abs_deviation(deviations, scale='normal')
    assert limit > 6

    cylinder = measure_cylinder(image_of(slices), found(), WANTED)

    said = abs(deviations[5]) > limit
    assert said == (off == 0.84)
    assert (Flag.SLICES_DEVIATE in cylinder.flags) == said
    if said:
        assert f'by more than {limit:.1f} %: 9 (' in cylinder.notes[0]


@pytest.mark.parametrize(('count', 'more'), [(6, ''), (8, ''), (9, ' and 1 more')])
def test_at_most_eight_slices_are_named(count, more):
    """Of 20 slices, as many too high as too low, or one more: the others stay within 5 %."""
    slices = np.ones(20)
    slices[:count:2], slices[1:count:2] = 0.8, 1.2

    found_all = found(ends=(False, False))
    notes = measure_cylinder(image_of(slices), found_all, replace(WANTED, length_mm=None)).notes

    (told,) = [one for one in notes if one.startswith('Slices deviate')]
    deviations = 100 * (slices / slices.mean() - 1)
    named = [f'{k} ({deviations[k]:+.1f} %)' for k in range(min(count, 8))]
    assert told.endswith(f'more than 5.0 %: {", ".join(named)}{more}.')


def test_the_suv_is_that_of_finite_voxels():
    image = image_of()
    image.voxels[9, 14, 15] = np.nan
    factors = np.linspace(1.0, 3.0, 20)
    scale = SUVScale('bw', 'g/mL', factors)

    cylinder = measure_cylinder(image, found(), WANTED, suv=scale)

    mask = cylinder.voi.mask
    k = mask.slices_kji[0]
    weights = mask.weights.sum(axis=(1, 2))
    j, i = 14 - mask.slices_kji[1].start, 15 - mask.slices_kji[2].start
    weights[9 - k.start] -= mask.weights[9 - k.start, j, i]
    assert cylinder.suv_mean == pytest.approx(7000.0 * np.average(factors[k], weights=weights))


def test_a_cylinder_may_hold_values_far_below_one():
    assert measure_cylinder(image_of(1e-7), found(), WANTED).voi.statistics.mean == pytest.approx(
        7e-4
    )
