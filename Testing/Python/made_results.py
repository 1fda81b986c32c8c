"""
Results of an analysis made by hand, for tests of what shows them.

The statistics are plain numpy on the weights: nothing here calls `analyze`.
"""

import numpy as np
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import Acquisition, PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.evaluate.background import pooled_background
from VOIIdentificationLib.measure.statistics import SliceStatistics, VOIStatistics
from VOIIdentificationLib.measure.voi import SearchTable, VOIResult
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask
from VOIIdentificationLib.results import AnalysisResult

UID = '1.2.826.0.1.3680043.8.498.1'

SPACINGS_MM = (2.0, 2.5, 3.0)
SHAPE_KJI = (20, 44, 50)


def made_geometry(kind='flipped'):
    """No two axes alike; sheared as by a tilted gantry."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(SPACINGS_MM) @ np.diag([-1.0, -1.0, 1.0])
    if kind == 'oblique':
        c, s = np.cos(0.4), np.sin(0.4)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
            [[1, 0, 0], [0, c, -s], [0, s, c]]
        )
        matrix[:3, :3] = turn @ matrix[:3, :3]
    if kind == 'sheared':
        matrix[:3, 1] += 0.4 * matrix[:3, 0]
        matrix[:3, 2] += 0.3 * matrix[:3, 1]
    matrix[:3, 3] = (30.0, 41.0, -17.0)
    return VolumeGeometry(SHAPE_KJI, matrix)


def made_image(geometry, unit='Bq/mL'):
    """A ramp with noise; every voxel differs from its neighbors."""
    rng = np.random.default_rng(7)
    k, j, i = np.indices(geometry.shape_kji)
    voxels = (1000.0 + 10 * i + 3 * j + 7 * k + rng.normal(0, 20, i.shape)).astype(np.float32)
    acquisition = Acquisition(
        series_instance_uid=UID,
        series_description='=HYPERLINK("http://example.org")',
        series_datetime='2026-03-01T10:15:00',
        manufacturer='Made & Sons',
        model='Vision <600>',
        device_serial_number='11029',
        station_name='PET1',
        software_versions=('VG60A',),
        reconstruction_method='PSF+TOF 4i5s',
        iterations=4,
        subsets=5,
        convolution_kernel=('XYZ Gauss2.00',),
        corrected_image=('ATTN', 'DECY'),
        decay_correction='START',
        acquisition_datetime='2026-03-01T10:16:00',
        frame_duration_s=600.0,
        isotope='F-18',
        injected_activity_bq=70e6,
        notes=('2 files passed over: no image.',),
    )
    return PETImage(voxels, geometry, unit, acquisition)


def made_voi(image, insert, center_ijk, *, flags=(), searched=True):
    """One sphere at an index, measured with plain numpy."""
    geometry = image.geometry
    center = tuple(geometry.position_ras_mm(center_ijk).tolist())
    solid = Sphere(insert.label, center, insert.diameter_mm)
    mask = voi_mask(solid, geometry)
    values = image.voxels[mask.slices_kji].astype(float)
    return VOIResult(
        insert=insert,
        seed_ras_mm=(center[0] + 2.0, center[1] - 1.0, center[2] + 2.0),
        center_ras_mm=center,
        center_ijk=tuple(float(x) for x in center_ijk),
        mask=mask,
        statistics=_statistics(values, mask.weights, geometry.voxel_volume_mm3),
        slices=_slices(values, mask, solid, geometry, center_ijk[2]),
        search=_search(center_ijk) if searched else None,
        flags=tuple(flags),
    )


def _statistics(values, weights, voxel_mm3):
    mean = float(np.average(values, weights=weights))
    variance = float(np.average((values - mean) ** 2, weights=weights))
    half = values[weights >= 0.5]
    return VOIStatistics(
        mean=mean,
        sd=variance**0.5,
        variance=variance,
        max=float(half.max()),
        min=float(half.min()),
        percentile_5=mean - 2,
        percentile_25=mean - 1,
        median=mean,
        percentile_75=mean + 1,
        percentile_95=mean + 2,
        voxel_cov=variance**0.5 / mean,
        voxel_count=int(np.count_nonzero(weights)),
        volume_ml=float(weights.sum() * voxel_mm3 / 1000),
    )


def _slices(values, mask, solid, geometry, center_k):
    step = geometry.voxel_volume_mm3 / np.prod(geometry.spacing_ijk_mm[:2])
    slices = []
    for n, (plane, weights) in enumerate(zip(values, mask.weights, strict=True)):
        k = mask.slices_kji[0].start + n
        if not weights.any():
            continue
        distance = (k - center_k) * step
        radius = max((solid.diameter_mm / 2) ** 2 - distance**2, 0.0) ** 0.5
        half = plane[weights >= 0.5]
        slices.append(
            SliceStatistics(
                slice_k=k,
                radius_mm=float(radius),
                mean=float(np.average(plane, weights=weights)),
                max=float(half.max()) if half.size else None,
                voxel_count=int(np.count_nonzero(weights)),
                area_mm2=float(weights.sum() * np.prod(geometry.spacing_ijk_mm[:2])),
            )
        )
    return tuple(slices)


def _search(center_ijk):
    around = np.indices((3, 3, 3)).reshape(3, -1).T - 1
    index = np.floor(center_ijk).astype(np.int64) + around
    mean = 500.0 + np.arange(27) / 3
    mean[3] = np.nan
    return SearchTable(index, mean, mean + 100)


INSERTS = (Insert('S22', 22.0), Insert('S17', 17.0), Insert('S10', 10.0))


def made_result(
    kind='flipped', *, background=True, unit='Bq/mL', inserts=INSERTS, notes=('Seeds by label.',)
):
    """Three spheres, one of them flagged and not searched, and a background."""
    geometry = made_geometry(kind)
    image = made_image(geometry, unit)
    places = [(12.3, 11.2, 9.1), (36.6, 12.7, 8.4), (22.2, 33.9, 10.8)]
    vois = [
        made_voi(image, insert, place) for insert, place in zip(inserts[:2], places, strict=False)
    ]
    vois.append(
        made_voi(
            image,
            inserts[2],
            places[2],
            flags=(Flag.SEARCH_AT_LIMIT, Flag.FEW_VOXELS),
            searched=False,
        )
    )
    phantom = Phantom('Made by hand', tuple(inserts), background=Insert('B0', 15.0))
    behind = (made_voi(image, phantom.background, (38.0, 34.0, 6.0), searched=False),)
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=Settings(),
        spheres=tuple(vois),
        background=behind if background else (),
        pooled_background=pooled_background(behind) if background else None,
        flags=(Flag.SEEDS_OVERLAP,),
        notes=notes,
        analyzed_at='2026-03-02T08:00:00',
    )
