"""The truth of a synthetic phantom as JSON, for whoever checks a measurement."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.progress import Progress, no_progress
from .phantom import SyntheticPhantom, TrueInsert, Truth, ball_mean, sampled_mean

TRUTH_SCHEMA = 'voi-identification/truth/1'


def write_truth(
    path: Path, image: PETImage, truth: Truth, progress: Progress = no_progress
) -> None:
    """
    Write what is true of an image.

    Parameters
    ----------
    path : `pathlib.Path`
        The JSON file.

    image : PETImage
        The image, with its noise.

    truth : Truth
        As it came with the image.

    progress : callable, optional
        Told how far the work is.

    Notes
    -----
    Of each sphere three means are given: of the voxels, weighted by counting
    points (`sampled_mean`), the same without noise, and of the continuous
    blurred scene, which the grid blurs no further.
    """
    clean = replace(image, voxels=truth.noise_free)
    inserts = []
    for number, true in enumerate(truth.inserts):
        progress(number / len(truth.inserts), 'sampling the true means')
        inserts.append(_insert_facts(true, image, clean, truth.scene))
    facts = {
        'schema': TRUTH_SCHEMA,
        'software': {'name': 'VOIIdentification', 'version': __version__},
        **_scene_facts(truth.scene),
        'inserts': inserts,
    }
    path.write_text(json.dumps(facts, indent=1, allow_nan=False), encoding='utf-8')


def _insert_facts(
    true: TrueInsert, image: PETImage, clean: PETImage, scene: SyntheticPhantom
) -> dict[str, Any]:
    """What is true of one insert; means only of spheres."""
    center, diameter = true.center_ras_mm, true.insert.diameter_mm
    sphere = true.insert.shape == 'sphere'
    return {
        'label': true.insert.label,
        'shape': true.insert.shape,
        'diameter_mm': diameter,
        'height_mm': true.insert.height_mm,
        'hot': true.insert.hot,
        'center_ras_mm': list(center),
        'center_ijk': image.geometry.index_ijk(center).tolist(),
        'activity': true.activity,
        'sampled_mean': sampled_mean(image, center, diameter) if sphere else None,
        'sampled_mean_noise_free': sampled_mean(clean, center, diameter) if sphere else None,
        'continuous_mean': ball_mean(scene, center, diameter) if sphere else None,
    }


def _scene_facts(scene: SyntheticPhantom) -> dict[str, Any]:
    return {
        'unit': scene.unit,
        'random_seed': scene.random_seed,
        'grid': _grid_facts(scene.geometry),
        'phantom': scene.phantom.name,
        'pose': asdict(scene.pose),
        'activities': asdict(scene.activities),
        'psf': asdict(scene.psf),
        'noise': asdict(scene.noise),
        'wall_mm': scene.wall_mm,
        'body': asdict(scene.body) if scene.body else None,
        'lung_diameter_mm': scene.lung_diameter_mm,
        'distractors': [asdict(solid) for solid in scene.distractors],
    }


def _grid_facts(geometry: VolumeGeometry) -> dict[str, Any]:
    return {
        'shape_ijk': geometry.size_ijk.tolist(),
        'spacing_ijk_mm': geometry.spacing_ijk_mm.tolist(),
        'ijk_to_ras': geometry.ijk_to_ras.tolist(),
    }
