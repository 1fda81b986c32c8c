"""Centers of one reconstruction used for others of the same place."""

import json
from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.errors import InputFileError, SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.locate.shared import GivenCenter, SharedGeometry, at_given_centers
from VOIIdentificationLib.many.stored import read_shared_geometry
from VOIIdentificationLib.report.formats import write_results
from VOIIdentificationLib.report.workbook import write_workbooks
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import Noise, Pose, SyntheticPhantom, grid

PHANTOM = load_phantom('NEMA IEC body')
UID = '1.2.826.0.1.7'


def reconstruction(seed, cov=0.05, fwhm_mm=(5.0, 6.0)):
    """One fill at an odd pose; noise and resolution differ."""
    scene = SyntheticPhantom(
        grid((92, 84, 50), (3.1, 3.3, 2.9)),
        pose=Pose(rotation_deg=17.0),
        psf=PSF(*fwhm_mm),
        noise=Noise(cov),
        random_seed=seed,
    )
    return named(synthesize(scene)[0], UID)


def named(image, uid):
    """The same image in a frame of reference."""
    return replace(image, acquisition=replace(image.acquisition, frame_of_reference_uid=uid))


@pytest.fixture(scope='module')
def best():
    return analyze(reconstruction(1), (), PHANTOM)


@pytest.fixture(scope='module')
def centers(best, tmp_path_factory):
    folder = tmp_path_factory.mktemp('best')
    write_results(folder / 'results.json', best)
    return read_shared_geometry(folder)


def test_another_reconstruction_is_measured_at_the_given_centers(best, centers):
    image = reconstruction(2, 0.1, (7.0, 7.5))
    found = analyze(image, (), PHANTOM, known=Known(centers=centers))
    alone = analyze(image, (), PHANTOM)

    for given, one, own, known in zip(
        best.spheres, found.spheres, alone.spheres, found.shared.deviations, strict=True
    ):
        assert one.center_ras_mm == pytest.approx(given.center_ras_mm, abs=1e-9)
        offset = np.subtract(own.fit.center_ras_mm, given.center_ras_mm)
        assert known.offset_ras_mm == pytest.approx(offset, abs=0.05)
        sd = np.hypot(own.fit.center_sd_ras_mm, given.fit.center_sd_ras_mm)
        assert known.sd_ras_mm == pytest.approx(sd, rel=0.2)
        assert not known.beyond
        assert Flag.OFF_GIVEN_CENTER not in one.flags
    assert any('not found on this image' in note for note in found.notes)


def test_a_phantom_that_has_moved_is_flagged_at_every_strong_sphere(centers):
    """0.9 mm to the right and 0.4 mm to the head: the voxels stay, the grid moves."""
    image = reconstruction(3)
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] += (0.9, 0.0, 0.4)
    moved = replace(image, geometry=VolumeGeometry(image.geometry.shape_kji, matrix))

    found = analyze(moved, (), PHANTOM, known=Known(centers=centers))

    for one, known in zip(found.spheres, found.shared.deviations, strict=True):
        assert known.offset_ras_mm == pytest.approx((0.9, 0.0, 0.4), abs=0.35)
        if one.insert.diameter_mm > 12:
            assert known.beyond
            assert Flag.OFF_GIVEN_CENTER in one.flags


@pytest.mark.parametrize(
    ('there', 'here', 'says'),
    [
        (UID, '1.2.9', 'that of this image 1.2.9'),
        ('', UID, 'best names no frame of reference'),
        (UID, '', 'this image names no frame of reference'),
        ('', '', 'best and this image name no frame'),
    ],
)
def test_another_or_an_unknown_place_is_refused(there, here, says):
    given = GivenCenter('S37', (0.0, 0.0, 0.0), None)
    shared = SharedGeometry('best', '1.2', there, PHANTOM.name, (given,))
    image = named(reconstruction(1), here)
    with pytest.raises(SeedError, match=says):
        analyze(image, (), PHANTOM, known=Known(centers=shared))


def test_another_phantom_is_refused(centers):
    with pytest.raises(SeedError, match='those of the phantom other, not of NEMA IEC body'):
        analyze(
            reconstruction(1),
            (),
            PHANTOM,
            known=Known(centers=replace(centers, phantom_name='other')),
        )


def test_centers_that_are_borrowed_are_refused_and_said_in_every_file(centers, tmp_path):
    openpyxl = pytest.importorskip('openpyxl')
    found = analyze(reconstruction(4), (), PHANTOM, known=Known(centers=centers))
    write_results(tmp_path / 'results.json', found)
    write_workbooks(found, tmp_path)

    data = json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))
    assert data['shared_geometry']['source'] == centers.source
    assert [one['label'] for one in data['shared_geometry']['deviations']] == [
        one['label'] for one in data['spheres']
    ]
    book = openpyxl.load_workbook(tmp_path / 'outputMidPoints3D.xlsx')
    assert 'Given centers' in book.sheetnames
    for name in ('outputMetaTargets.xlsx', 'outputMetaBackground.xlsx', 'outputTargets.xlsx'):
        method = openpyxl.load_workbook(tmp_path / name)['Method']
        said = {row[1].value: row[2].value for row in method.iter_rows(min_row=2)}
        assert 'another image' in said['Center']
    with pytest.raises(InputFileError, match=f'are those of {centers.source}: name these results'):
        read_shared_geometry(tmp_path)


def test_uncertainties_are_those_of_fitted_centers_alone(best, tmp_path):
    held = replace(best.spheres[0], center_ras_mm=(1.0, 2.0, 3.0), flags=(Flag.BOUND_BY_RING,))
    write_results(tmp_path / 'results.json', replace(best, spheres=(held, *best.spheres[1:])))

    shared = read_shared_geometry(tmp_path / 'results.json')

    assert shared.centers[0].sd_ras_mm is None
    assert shared.centers[1].sd_ras_mm == pytest.approx(best.spheres[1].fit.center_sd_ras_mm)
    assert shared.notes == (
        f'Where the centers were found, S37 was flagged: {Flag.BOUND_BY_RING.text}.',
    )


def test_a_given_center_off_its_ring_is_flagged_and_without_a_fit_nothing_is_compared(best):
    """Of three spheres: one has no fit of its own, one no uncertainty, one neither fault."""
    spheres = list(best.spheres)
    spheres[0] = replace(spheres[0], fit=None)
    spheres[1] = replace(spheres[1], fit=replace(spheres[1].fit, center_sd_ras_mm=None))
    given = [GivenCenter(one.label, one.center_ras_mm, (0.1, 0.1, 0.1)) for one in best.spheres]
    r, a, s = given[3].center_ras_mm
    given[3] = given[3]._replace(center_ras_mm=(r, a, s + 15.0))
    r, a, s = given[1].center_ras_mm
    given[1] = given[1]._replace(center_ras_mm=(r + 1.0, a, s))
    shared = SharedGeometry('best', '', UID, PHANTOM.name, tuple(given))

    placed, pose, told = at_given_centers(best.image, spheres, PHANTOM, shared)

    assert pose is not None
    assert told.deviations[0][1:] == (None, None, False)
    expected = np.subtract(spheres[1].fit.center_ras_mm, given[1].center_ras_mm)
    assert told.deviations[1].offset_ras_mm == pytest.approx(expected)
    assert (told.deviations[1].sd_ras_mm, told.deviations[1].beyond) == (None, False)
    assert told.deviations[3].beyond
    assert Flag.OFF_RING in placed[3].flags
    assert Flag.OFF_RING not in placed[0].flags
    assert placed[3].center_ras_mm == given[3].center_ras_mm


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda data: data.pop('phantom'), r'not a whole results\.json \(KeyError'),
        (lambda data: data['spheres'][0].pop('center_ras_mm'), r'not a whole results\.json'),
        (lambda data: data['spheres'][0].update(center_ras_mm=[1.0, None, 3.0]), 'not a whole'),
        (lambda data: data['spheres'][0].update(center_ras_mm=[1.0, 2.0]), 'not a whole'),
        (lambda data: data['spheres'][1].update(center_ras_mm=[1.0, 'nan', 3.0]), 'center of S28'),
        (lambda data: data.update(spheres=[]), 'has no spheres, so no centers'),
    ],
)
def test_centers_that_are_missing_or_no_numbers_are_never_used(best, tmp_path, change, words):
    write_results(tmp_path / 'results.json', best)
    data = json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))
    change(data)
    (tmp_path / 'results.json').write_text(json.dumps(data), encoding='utf-8')
    with pytest.raises(InputFileError, match=words) as caught:
        read_shared_geometry(tmp_path)
    assert 'analyze the scan again' in str(caught.value)
