"""Slices that are copies and values that are cut off: flagged, and nothing where all is right."""

from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.evaluate.damage import image_damage
from VOIIdentificationLib.measure.voi import measure_voi, seeded
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    SyntheticPhantom,
    grid,
    synthesize,
)


def made(cov=0.08, fwhm_mm=6.0):
    scene = SyntheticPhantom(
        geometry=grid((66, 62, 30), (4.2, 4.1, 4.0)),
        activities=Activities(hot=20_000.0, background=2500.0),
        psf=PSF(fwhm_mm),
        noise=Noise(cov, 5.0),
    )
    image, truth = synthesize(scene)
    return image, [seeded(one.insert, one.center_ras_mm) for one in truth.inserts]


@pytest.fixture(scope='module')
def scan():
    return made()


def damage_of(image, located):
    return image_damage(image, [measure_voi(image, one, 'partial') for one in located])


def saturated(damage):
    return [one.label for one in damage.spheres if Flag.SATURATED in one.flags]


@pytest.mark.parametrize(('cov', 'fwhm_mm'), [(0.0, 4.0), (0.0, 7.0), (0.02, 4.0), (0.3, 5.0)])
def test_a_good_image_is_left_alone_with_and_without_noise(cov, fwhm_mm):
    found = damage_of(*made(cov, fwhm_mm))

    assert (saturated(found), found.flags, found.notes) == ([], (), ())


@pytest.mark.parametrize(('most', 'labels'), [(17_000.0, {'S37', 'S28', 'S22'}), (25_000.0, set())])
def test_values_that_are_cut_off_are_flagged(scan, most, labels):
    image, located = scan
    cut = replace(image, voxels=np.minimum(image.voxels, np.float32(most)))

    assert set(saturated(damage_of(cut, located))) >= labels
    assert bool(saturated(damage_of(cut, located))) == bool(labels)


@pytest.mark.parametrize('step', [1, -1])
def test_a_slice_over_its_neighbor_is_flagged_by_its_number(scan, step):
    image, located = scan
    voxels = image.voxels.copy()
    voxels[12 + step] = voxels[12]

    found = damage_of(replace(image, voxels=voxels), located)

    assert found.flags == (Flag.SLICES_COPIED,)
    first = 13 if step == 1 else 12
    assert found.notes[0].startswith(
        f'Slice {first} of the image holds exactly the values of slice {first + 1}'
    )


def test_empty_slices_and_one_equal_line_are_no_copies(scan):
    image, located = scan
    voxels = image.voxels.copy()
    voxels[:3] = 0.0
    voxels[12, voxels.shape[1] // 2] = voxels[13, voxels.shape[1] // 2]

    assert damage_of(replace(image, voxels=voxels), located).flags == ()
