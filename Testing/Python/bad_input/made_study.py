"""A phantom scan of known truth, made once: coarse and small, but measured as any other."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from bad_input.case import Outcome

HOT_BQML, BACKGROUND_BQML = 20_000.0, 2000.0
SPACING_MM = (4.4, 4.6, 4.2)
SCAN = '2026-03-01T10:15:00'
"""What `make-phantom` writes into the header; F-18."""

LABELS = ('S37', 'S28', 'S22', 'S17', 'S13', 'S10')
DIAMETERS_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)

SAME_PLACE_MM = 5.0
"""Sphere and truth this near are one; the spheres stand 57 mm apart."""


@cache
def workshop() -> Path:
    """A folder for what is made once."""
    folder = Path(tempfile.mkdtemp(prefix='bad-input-'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def study() -> Path:
    """A study of `make-phantom`: dicom/, seeds.mrk.json, truth.json."""
    from VOIIdentificationLib.cli import main as cli

    folder = workshop() / 'study'
    options = ['--voxel', *map(str, SPACING_MM), '--cov', '0.05', '--fwhm', '6']
    options += ['--contrast', '10', '--background', '2000', '--seed-shift', '1']
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = cli.main(['make-phantom', str(folder), '--shape', '60', '52', '26', *options])
    assert status == 0
    return folder


def measured(*options: str) -> Callable[[Path], list[str]]:
    """Analyze the study at its seeds, without moving them."""

    def _make(folder: Path) -> list[str]:
        seeds = ['--seeds', str(study() / 'seeds.mrk.json'), '--refinement', 'none']
        return [*_analyze(folder), *seeds, *options]

    return _make


def _analyze(folder: Path) -> list[str]:
    return ['analyze', str(study() / 'dicom'), '--output', str(folder / 'out')]


def with_seeds(text: str, name: str = 'seeds.csv', *options: str) -> Callable[[Path], list[str]]:
    """Analyze the study with a seeds file of that text."""

    def _make(folder: Path) -> list[str]:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [*_analyze(folder), '--seeds', str(path), *options]

    return _make


def with_json(option: str, data: object, *more: str) -> Callable[[Path], list[str]]:
    """Analyze the study with a JSON file for an option; text is written as it is."""

    def _make(folder: Path) -> list[str]:
        path = folder / 'given.json'
        text = data if isinstance(data, (str, bytes)) else json.dumps(data)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [*measured(*more)(folder), option, str(path)]

    return _make


def preset() -> dict:
    """The IEC phantom as its file has it."""
    from VOIIdentificationLib.core.phantom import DEFAULT_PHANTOM
    from VOIIdentificationLib.core.resources import resource_directory

    files = resource_directory('Phantoms').glob('*.json')
    every = [json.loads(path.read_text(encoding='utf-8')) for path in files]
    return next(one for one in every if one['name'] == DEFAULT_PHANTOM)


def phantom_of(diameters_mm: tuple[float | None, ...]) -> dict:
    """The IEC phantom with other spheres at its six places; None for an empty one."""
    data = preset()
    filled = []
    for insert, diameter in zip(data['inserts'], diameters_mm, strict=True):
        if diameter is not None:
            label = f'S{diameter:g}'
            filled.append({**insert, 'label': label, 'diameter_mm': diameter, 'aliases': []})
    return {**data, 'inserts': filled}


@cache
def scan_of(diameters_mm: tuple[float | None, ...]) -> Path:
    """A volume file of the ring alone, with these spheres at the preset's places."""
    from VOIIdentificationLib.core.phantom import load_phantom
    from VOIIdentificationLib.files.volume import write_volume
    from VOIIdentificationLib.synthetic.phantom import (
        PSF,
        Activities,
        Noise,
        SyntheticPhantom,
        grid,
        synthesize,
    )

    name = '-'.join('0' if one is None else f'{one:g}' for one in diameters_mm)
    given = workshop() / f'{name}.json'
    given.write_text(json.dumps(phantom_of(diameters_mm)), encoding='utf-8')
    scene = SyntheticPhantom(
        geometry=grid((46, 44, 18), (4.0, 4.2, 4.0), middle_ras_mm=(0.0, 0.0, 0.0)),
        phantom=load_phantom(str(given)),
        activities=Activities(hot=HOT_BQML, background=BACKGROUND_BQML),
        psf=PSF(6.0),
        noise=Noise(0.05, 5.0),
    )
    path = workshop() / f'{name}.nrrd'
    write_volume(synthesize(scene)[0], path)
    return path


def found_in(
    scan: tuple[float | None, ...], said: tuple[float | None, ...] | None = None
) -> Callable[[Path], list[str]]:
    """Find the spheres of a scan, by the preset or by what is said of it."""

    def _make(folder: Path) -> list[str]:
        arguments = ['analyze', str(scan_of(scan)), '--output', str(folder / 'out')]
        arguments += ['--unit', 'BQML', '--refinement', 'search']
        if said is not None:
            path = folder / 'phantom.json'
            path.write_text(json.dumps(phantom_of(said)), encoding='utf-8')
            arguments += ['--phantom', str(path)]
        return arguments

    return _make


def wrong_labels(scan: tuple[float | None, ...]) -> Callable[[Outcome], list[str]]:
    """A check: a sphere that is not what its label says carries a flag, or all are right."""

    def _check(found: Outcome) -> list[str]:
        places, wrong = _places(), []
        for sphere in found.results[0].spheres:
            off = np.linalg.norm(places - np.array(sphere.center_ras_mm), axis=1)
            true = scan[int(off.argmin())] if off.min() < SAME_PLACE_MM else None
            if true != sphere.insert.diameter_mm and not sphere.flags:
                wrong.append(f'wrong: {sphere.label} measures {true} mm, unflagged')
        return wrong

    return _check


def _places() -> np.ndarray:
    """Where the preset's six spheres stand in the scans above."""
    radius = preset()['ring_diameter_mm'] / 2
    angles = np.radians([one['ring_angle_deg'] for one in preset()['inserts']])
    return radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)


def no_verdict(found: Outcome) -> list[str]:
    """A check: nothing passes and nothing fails."""
    recovery = found.results[0].recovery
    spheres = recovery.spheres if recovery is not None else ()
    given = [one for sphere in spheres for one in sphere.verdicts if one.passed is not None]
    return [f'wrong: {len(given)} verdicts in spite of it'] if given else []


def has_verdicts(found: Outcome) -> list[str]:
    """A check: the good worksheet is judged."""
    return [] if no_verdict(found) else ['wrong: no verdict although all is good']


def worksheet(**changes: object) -> dict:
    """The fill that made the study; `hot__x` and `background__x` change a syringe, None drops."""
    data = {
        'schema': 'voi-identification/activity/1',
        'hot': {'assay_mbq': 20.0, 'assay_time': SCAN, 'volume_ml': 1000.0},
        'background': {'assay_mbq': 19.4, 'assay_time': SCAN, 'volume_ml': 9700.0},
        'scan_start': SCAN,
        'scan_duration_s': 600.0,
    }
    for name, value in changes.items():
        part, _, key = name.rpartition('__')
        (data[part] if part else data)[key] = value
    return data
