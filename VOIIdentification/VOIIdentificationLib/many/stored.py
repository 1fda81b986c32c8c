"""Results that were written earlier, read back as what is compared and followed."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.bounds import read_text_file
from ..core.config_json import parse_json
from ..core.errors import InputFileError
from ..core.flags import Flag
from ..core.phantom import MAX_INSERTS
from ..core.plain_text import plain_data, shown
from ..core.sentence import sentence_of, sentences
from ..evaluate.quantities import Value, values_of_results
from ..files.target import real_path
from ..locate.shared import GivenCenter, SharedGeometry
from ..report.formats import RESULTS_SCHEMA
from .signature import Signature, signature_of_results

_ = sentences(__name__)

RESULTS_NAME = 'results.json'
_TEXT_KEYS = ('label', 'shape')
"""What is text in the entry of a sphere; all else are numbers, lists and objects."""

_SCHEMA_FAMILY = 'voi-identification/results/'


@dataclass(frozen=True)
class StoredResults:
    """
    One analysis, as its file tells it.

    Attributes
    ----------
    path : `pathlib.Path`
        The file.

    name : str
        Short name for tables and legends.

    series_uid : str
        Of the scan; empty for a volume file.

    voxels_sha256 : str
        Fingerprint of the voxels: the same scan has the same, whatever it is called.

    results_sha256 : str
        Fingerprint of the values and settings, not of the date of the analysis.

    scanned_at : str
        ISO 8601; empty if the header did not tell it.

    analyzed_at, software : str
        When, and by which version.

    signature : Signature
        Scanner, reconstruction and fill.

    measured : tuple of Value
        What was measured.

    scan : dict
        What the header says, by the keys of ``scan``.

    spacing_mm : list of float
        Of the voxels, along i, j and k.

    phantom : str
        Its name.
    """

    path: Path
    name: str
    series_uid: str = ''
    voxels_sha256: str = ''
    results_sha256: str = ''
    scanned_at: str = ''
    analyzed_at: str = ''
    software: str = ''
    signature: Signature = field(default_factory=Signature)
    measured: tuple[Value, ...] = ()
    scan: dict[str, Any] = field(default_factory=dict)
    spacing_mm: list[float] = field(default_factory=list)
    phantom: str = ''


def read_results(path: Path) -> StoredResults:
    """
    Read the results of an analysis.

    Parameters
    ----------
    path : `pathlib.Path`
        A ``results.json``, or the folder that holds it.

    Returns
    -------
    stored : StoredResults
        What it tells.

    Raises
    ------
    InputFileError
        If it cannot be read, or is something else.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
    results = _read_results_json(file)
    scan = results.get('scan') or {}
    software = results.get('software') or {}
    with _whole(file):
        return StoredResults(
            path=file,
            name=_name(file),
            series_uid=_text_of(results['input'], 'series_instance_uid'),
            voxels_sha256=_voxels_digest(results['input']),
            results_sha256=_fingerprint(results),
            scanned_at=str(scan.get('acquisition_datetime') or scan.get('series_datetime') or ''),
            analyzed_at=str(results.get('analyzed_at') or ''),
            software=f'{software.get("name", "")} {software.get("version", "")}'.strip(),
            signature=signature_of_results(results),
            measured=values_of_results(results),
            scan=dict(scan),
            spacing_mm=[float(x) for x in results['input'].get('spacing_ijk_mm') or ()],
            phantom=str((results.get('phantom') or {}).get('name') or ''),
        )


@contextmanager
def _whole(file: Path) -> Iterator[None]:
    """What results lack, or have as something else, is a sentence."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        msg = _('{file} is not a whole {name} ({kind}: {reason}). {advice}').format(
            file=file,
            name=RESULTS_NAME,
            kind=type(error).__name__,
            reason=sentence_of(error),
            advice=_ADVICE,
        )
        raise InputFileError(msg) from error


def find_results(folder: Path) -> tuple[StoredResults, ...]:
    """
    Read the results that a folder holds.

    Parameters
    ----------
    folder : `pathlib.Path`
        With a ``results.json``, or with folders below it that have one.

    Returns
    -------
    found : tuple of StoredResults
        At least one, by path; links to folders are not followed.

    Raises
    ------
    InputFileError
        If there is none, or one cannot be read.
    """
    if (folder / RESULTS_NAME).is_file():
        return (read_results(folder),)
    names = sorted(name for name, _below, files in os.walk(folder) if RESULTS_NAME in files)
    if not names:
        msg = _('{folder} and the folders below it hold no {name}. {advice}').format(
            folder=folder, name=RESULTS_NAME, advice=_ADVICE
        )
        raise InputFileError(msg)
    return tuple(read_results(Path(name)) for name in names)


def read_shared_geometry(path: Path) -> SharedGeometry:
    """
    Read the centers of an analysis, to be used for other images of the same place.

    Parameters
    ----------
    path : `pathlib.Path`
        A ``results.json``, or the folder that holds it.

    Returns
    -------
    shared : SharedGeometry
        Its centers, with the uncertainties of its fits.

    Raises
    ------
    InputFileError
        If it cannot be read, has no spheres, or its centers are those of another analysis.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
    results = _read_results_json(file)
    borrowed = results.get('shared_geometry')
    if borrowed:
        msg = _('the centers of {file} are those of {source}: name these results.').format(
            file=file, source=borrowed.get('source')
        )
        raise InputFileError(msg)
    with _whole(file):
        shared = SharedGeometry(
            source=_name(file),
            series_uid=str(results['input'].get('series_instance_uid') or ''),
            frame_of_reference_uid=str(results['input'].get('frame_of_reference_uid') or ''),
            phantom_name=str(results['phantom']['name']),
            centers=tuple(_given_center(sphere) for sphere in results['spheres']),
            notes=tuple(_doubts_there(results['spheres'])),
        )
    if not shared.centers:
        msg = _('{file} has no spheres, so no centers. {advice}').format(file=file, advice=_ADVICE)
        raise InputFileError(msg)
    return shared


def _given_center(sphere: dict[str, Any]) -> GivenCenter:
    """The uncertainty is that of the fit, if the center is the fitted one."""
    r, a, s = map(float, sphere['center_ras_mm'])
    if not all(map(math.isfinite, (r, a, s))):
        msg = _('the center of {label} is {center}').format(
            label=sphere['label'], center=sphere['center_ras_mm']
        )
        raise ValueError(msg)
    fit = sphere.get('fit') or {}
    sd = fit.get('center_sd_ras_mm')
    if not sd or math.dist(fit['center_ras_mm'], (r, a, s)) > _SAME_CENTER_MM:
        return GivenCenter(str(sphere['label']), (r, a, s), None)
    sd_r, sd_a, sd_s = map(float, sd)
    return GivenCenter(str(sphere['label']), (r, a, s), (sd_r, sd_a, sd_s))


def _doubts_there(spheres: list[dict[str, Any]]) -> list[str]:
    """What was doubtful where the centers come from."""
    texts = {flag.value: flag.text for flag in Flag}
    return [
        _('Where the centers were found, {label} was flagged: {doubt}.').format(
            label=sphere['label'], doubt=texts.get(name, name)
        )
        for sphere in spheres
        for name in sphere.get('flags') or ()
    ]


_SAME_CENTER_MM = 1e-6

_ADVICE = _('Give the folder that `analyze` has written, or analyze the scan again.')


def _read_results_json(file: Path) -> dict[str, Any]:
    """
    The content of a ``results.json``.

    Parameters
    ----------
    file : `pathlib.Path`
        The file.

    Returns
    -------
    results : dict
        Of a schema that is known.

    Raises
    ------
    InputFileError
        If it cannot be read, or is something else.
    """
    source = _('the results {file}').format(file=file)
    read = parse_json(read_text_file(file, source), source)
    _require_known_schema(read, file)
    try:
        results = plain_data(read)  # as we write it; who edits a file can put anything into it
    except RecursionError as error:
        msg = _('{source} is nested too deep to be one').format(source=source)
        raise InputFileError(msg) from error
    _require_whole_spheres(results, file)
    return dict(results)


def _require_known_schema(results: Any, file: Path) -> None:
    schema = results.get('schema') if isinstance(results, dict) else None
    if schema == RESULTS_SCHEMA:
        return
    if isinstance(schema, str) and schema.startswith(_SCHEMA_FAMILY):
        msg = _(
            '{file} is of the schema {schema}, this version knows {known}. Read it with the '
            'version that wrote it, or analyze the scan again.'
        ).format(file=file, schema=shown(schema), known=RESULTS_SCHEMA)
        raise InputFileError(msg)
    msg = _('{file} holds no results: its "schema" is {schema}, not {known}. {advice}').format(
        file=file, schema=shown(schema), known=RESULTS_SCHEMA, advice=_ADVICE
    )
    raise InputFileError(msg)


def _require_whole_spheres(results: dict[str, Any], file: Path) -> None:
    """A file that somebody has edited, or a program has cut, is no measurement."""
    spheres = results.get('spheres', [])
    problem = ''
    if not isinstance(spheres, list) or not all(isinstance(one, dict) for one in spheres):
        problem = _('its "spheres" are no list of objects')
    else:
        labels = [str(one.get('label')) for one in spheres]
        twice = next((label for label, count in Counter(labels).items() if count > 1), None)
        nameless = [one.get('label') for one in spheres if not _is_name(one.get('label'))]
        odd = [
            (one.get('label'), key, value)
            for one in spheres
            for key, value in one.items()
            if key not in _TEXT_KEYS and isinstance(value, (str, bool))
        ]
        if len(spheres) > MAX_INSERTS:
            problem = _('it has {count} spheres').format(count=len(spheres))
        elif twice is not None:
            problem = _('the sphere {label} stands there twice').format(label=shown(twice))
        elif nameless:
            problem = _('the label of a sphere is {label}').format(label=shown(nameless[0]))
        elif odd:
            label, key, value = odd[0]
            problem = _('"{key}" of the sphere {label} is {value}, no number').format(
                key=key, label=shown(label), value=shown(value)
            )
    if problem:
        msg = _('{file} is not a whole {name} ({problem}). {advice}').format(
            file=file, name=RESULTS_NAME, problem=problem, advice=_ADVICE
        )
        raise InputFileError(msg)


def _is_name(label: object) -> bool:
    return isinstance(label, str) and bool(label)


def _text_of(part: dict[str, Any], key: str) -> str:
    text = part.get(key) or ''
    if not isinstance(text, str):
        msg = _('"{key}" is {value}, no text').format(key=key, value=shown(text))
        raise TypeError(msg)
    return text


def _voxels_digest(part: dict[str, Any]) -> str:
    """A scan is known by it: nothing would be the same scan as any other nothing."""
    digest = _text_of(part, 'sha256')
    if not digest:
        msg = '"sha256" is missing'
        raise ValueError(msg)
    return digest


def _fingerprint(results: dict[str, Any]) -> str:
    """
    SHA-256 of results without the date of their analysis.

    Parameters
    ----------
    results : dict
        The content of a ``results.json``.

    Returns
    -------
    digest : str
        The same for two analyses that found the same.
    """
    lasting = {key: value for key, value in results.items() if key != 'analyzed_at'}
    text = json.dumps(lasting, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _name(file: Path) -> str:
    folder = real_path(file).parent
    return folder.name if file.name == RESULTS_NAME else file.stem
