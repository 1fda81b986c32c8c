"""An earlier ``results.json`` as the baseline of a scan: whether both are of one kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import InputFileError
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.sentence import changed, joined, sentences
from ..evaluate.baseline import Baseline
from ..report.formats import scan_json
from .signature import RECONSTRUCTION_KEYS, SCANNER_KEYS
from .stored import StoredResults, read_results

_ = sentences(__name__)

_SAID_ONLY = ('software_versions', 'frame_duration_s')
"""What may change on one scanner and reconstruction: a baseline shows what it did."""

_NAMES = {
    'manufacturer': _('manufacturer'),
    'model': _('model'),
    'device_serial_number': _('serial number'),
    'station_name': _('station name'),
    'reconstruction_method': _('reconstruction method'),
    'iterations': _('number of iterations'),
    'subsets': _('number of subsets'),
    'convolution_kernel': _('filter'),
    'corrected_image': _('corrections'),
    'frame_duration_s': _('frame duration in s'),
    'software_versions': _('software of the scanner'),
}

_GRID_DECIMALS = 3
"""Voxel sizes differ from 0.001 mm on."""


def load_baseline(path: Path, image: PETImage, phantom: Phantom) -> Baseline:
    """
    Read a baseline, and refuse one that this scan cannot be compared with.

    Parameters
    ----------
    path : `pathlib.Path`
        A ``results.json``, or the folder that holds it.

    image : PETImage
        This scan.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    baseline : Baseline
        Without changes yet. Where a header does not say which scanner or
        reconstruction it is, `Baseline.unsure` says so.

    Raises
    ------
    InputFileError
        If it cannot be read, or is of another scanner, reconstruction or phantom.
    """
    before, now = read_results(path), scan_json(image.acquisition)
    _require_same(before, now, image, phantom)
    return Baseline(
        file=str(before.path),
        series_uid=before.series_uid,
        scanned_at=before.scanned_at,
        analyzed_at=before.analyzed_at,
        software=before.software,
        notes=tuple(_notes(before, now, image)),
        unsure=joined(_unknown(before.scan, now), '; '),
        values=before.measured,
    )


def _require_same(
    before: StoredResults, now: dict[str, Any], image: PETImage, phantom: Phantom
) -> None:
    serial = 'device_serial_number'
    same_serial = bool(now[serial]) and before.scan.get(serial) == now[serial]
    for key in SCANNER_KEYS:
        if not (key == 'station_name' and same_serial):  # stations are renamed
            _require_key(before, now, key, _('scanner'))
    for key in RECONSTRUCTION_KEYS:
        if key not in _SAID_ONLY:
            _require_key(before, now, key, _('reconstruction'))
    _require(before, _('reconstruction'), _('voxel size in mm'), before.spacing_mm, _spacing(image))
    _require(before, _('phantom'), _('phantom'), before.phantom, phantom.name)


def _require_key(before: StoredResults, now: dict[str, Any], key: str, kind: str) -> None:
    _require(before, kind, _NAMES[key], before.scan.get(key), now[key])


def _require(before: StoredResults, kind: str, name: str, old: object, new: object) -> None:
    """Only what both say can differ."""
    if not old or not new or _plain(old) == _plain(new):
        return
    msg = _(
        'the baseline {path} is of another {kind}: its {name} is {old}, that of this scan {new}. '
        'Give a baseline of the same scanner and reconstruction.'
    ).format(path=before.path, kind=kind, name=name, old=_plain(old), new=_plain(new))
    raise InputFileError(msg)


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ' + '.join(sorted(map(_plain, value)))
    return f'{round(value, _GRID_DECIMALS):g}' if isinstance(value, float) else str(value).strip()


def _spacing(image: PETImage) -> list[float]:
    return [float(step) for step in image.geometry.spacing_ijk_mm]


def _unknown(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Twins of one model are two scanners, so that the model alone is not enough."""
    whose = ('device_serial_number', 'station_name')
    if not any(before.get(key) and now.get(key) for key in whose):
        yield _('nothing says whether the baseline is of the same scanner: no serial number')
    if not (before.get('reconstruction_method') and now.get('reconstruction_method')):
        yield _('nothing says whether the baseline is of the same reconstruction')


def _as_sentence(text: str) -> str:
    return f'{text[0].upper()}{text[1:]}.'


def _notes(before: StoredResults, now: dict[str, Any], image: PETImage) -> Iterator[str]:
    for text in _unknown(before.scan, now):
        yield changed(text, _as_sentence)
    for key in _SAID_ONLY:
        old, new = before.scan.get(key), now[key]
        if old and new and _plain(old) != _plain(new):
            yield _('The {name} was {old}, now it is {new}.').format(
                name=_NAMES[key], old=_plain(old), new=_plain(new)
            )
    if before.voxels_sha256 == image.sha256():
        yield _('The baseline is of the same image.')
