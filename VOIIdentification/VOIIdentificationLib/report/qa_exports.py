"""The results as a hospital's QC systems take them: QuAAC, QATrack+, WAD-QC."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from .. import __version__
from ..core.flags import Flag
from ..core.phantom import Insert
from ..evaluate.quantities import QUANTITIES, RELATIVE, Quantity, Value, values_of_results
from ..results import AnalysisResult
from .formats import SOFTWARE_NAME, results_json

_SHORT_NAMES = {
    'variability_percent': 'n',
    'background_mean': 'cb',
    'lung_error_percent': 'lung',
    'calibration_error_percent': 'calibration',
    'cov_percent': 'cov',
}
"""Macro names of quantities that physicists call otherwise than ``results.json``."""

_CONTRAST = 'contrast_percent'

MAX_USER_KEY = 255
"""Characters of QATrack+'s user_key."""

MAX_WAD_STRING = 100
"""Characters of a string of WAD-QC."""

SOFTWARE_EMAIL = 'voi-identification@example.org'
"""QuAAC demands an address of the performer; example.org belongs to nobody (RFC 2606)."""

UNKNOWN = 'unknown'
"""Stands where QuAAC demands a text that the header does not give."""


class QAValue(NamedTuple):
    """
    One number as QC systems store it.

    Attributes
    ----------
    macro : str
        Lower case letters, digits and underscores: ``'qh_10'``, ``'lung'``.

    name : str
        For people.

    unit : str
        Empty for a ratio.

    value : float or None
        None where it could not be measured.

    comment : str
        Doubts in words, or why there is no value.
    """

    macro: str
    name: str
    unit: str
    value: float | None
    comment: str = ''


def qa_values(result: AnalysisResult) -> tuple[QAValue, ...]:
    """
    Every number that a QC system follows, whether measured or not.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    values : tuple of QAValue
        The same macros for every scan of a phantom, so that a test list can
        be made of them; those of several spheres of one size end with the
        sphere's label.
    """
    found = {(one.quantity, one.label): one for one in values_of_results(results_json(result))}
    names = _size_names(result.phantom.used_inserts)
    return tuple(
        _qa_value(result, quantity, insert, names, found.get((quantity.key, _label(insert))))
        for quantity in QUANTITIES
        for insert in _inserts(result, quantity)
        if not quantity.key.startswith(RELATIVE) or (quantity.key, _label(insert)) in found
    )


def _inserts(result: AnalysisResult, quantity: Quantity) -> tuple[Insert | None, ...]:
    """The spheres that have the quantity; a quantity of the scan has none."""
    if quantity.part in ('scan', 'cylinder'):
        asked = (quantity.part == 'cylinder') == (result.cylinder is not None)
        return (None,) if asked else ()
    hot_only = quantity.part == 'recovery'
    return tuple(one for one in result.phantom.used_inserts if one.hot or not hot_only)


def _qa_value(
    result: AnalysisResult,
    quantity: Quantity,
    insert: Insert | None,
    size_names: dict[str, str],
    value: Value | None,
) -> QAValue:
    stem = _stem(quantity.key, insert)
    unit = value.unit if value else quantity.unit.replace('image', result.image.unit)
    if insert is None:
        macro, name = stem, quantity.title
    else:
        macro = f'{stem}_{size_names[insert.label]}'
        name = f'{quantity.title}, {insert.label} ({insert.diameter_mm:g} mm)'
    if value is None:
        return QAValue(macro, name, unit, None, 'Not measured: see the notes of the results.')
    doubts = '; '.join(Flag(flag).text for flag in value.flags)
    return QAValue(macro, name, unit, value.value, doubts)


def _stem(key: str, insert: Insert | None) -> str:
    if key == _CONTRAST:
        return 'qh' if insert is None or insert.hot else 'qc'
    return _SHORT_NAMES.get(key, key)


def _label(insert: Insert | None) -> str:
    return '' if insert is None else insert.label


def _size_names(inserts: tuple[Insert, ...]) -> dict[str, str]:
    """End of a macro for each label: the size, and the label where sizes repeat."""
    sizes = Counter(insert.diameter_mm for insert in inserts)
    return {
        insert.label: _word(f'{insert.diameter_mm:g}')
        + (f'_{_word(insert.label)}' if sizes[insert.diameter_mm] > 1 else '')
        for insert in inserts
    }


def _word(text: str) -> str:
    return re.sub(r'[^a-z0-9]+', '_', text.lower()).strip('_')


def _quaac_json(result: AnalysisResult) -> dict[str, Any]:
    """
    A QuAAC 1.0 document.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    document : dict
        A data point for each number that was measured; the scanner is the
        equipment, the software the performer.
    """
    scan, image = results_json(result).get('scan') or {}, result.image.acquisition
    user = _hashed({'name': f'{SOFTWARE_NAME} {__version__}', 'email': SOFTWARE_EMAIL})
    maker, model = image.manufacturer or UNKNOWN, image.model or UNKNOWN
    scanner = _hashed(
        {
            'name': f'{maker} {model}',
            'type': 'PET scanner',
            'serial number': str(scan.get('device_serial_number') or UNKNOWN),
            'manufacturer': maker,
            'model': model,
        }
    )
    return {
        'version': '1.0',
        'datapoints': [
            _data_point(result, value, user, scanner)
            for value in qa_values(result)
            if value.value is not None
        ],
        'equipment': [scanner],
        'users': [user],
        'attachments': [],
    }


def _data_point(
    result: AnalysisResult, value: QAValue, user: dict[str, str], scanner: dict[str, str]
) -> dict[str, Any]:
    return {
        'name': value.name,
        'perform datetime': _scan_time(result),
        'measurement value': value.value,
        'measurement unit': value.unit,
        'reference value': None,
        'description': value.macro,
        'procedure': '',
        'performer': f'({user["name"]}) {user["hash"]}',
        'performer comment': value.comment,
        'primary equipment': f'({scanner["name"]}) {scanner["hash"]}',
        'reviewer': None,
        'parameters': {
            'phantom': result.phantom.name,
            'series': result.image.acquisition.series_instance_uid,
            'sha256': result.image.sha256(),
        },
        'ancillary equipment': [],
        'attachments': [],
    }


def _hashed(entry: dict[str, str]) -> dict[str, str]:
    """With the key by which QuAAC refers to it: MD5 of the entry under its Python names."""
    named = {key.replace(' ', '_'): text for key, text in entry.items()}
    digest = hashlib.md5(json.dumps(named, sort_keys=True).encode(), usedforsecurity=False)
    return {**entry, 'hash': digest.hexdigest()}


def _qatrack_json(result: AnalysisResult) -> dict[str, Any]:
    """
    What is posted to ``/api/qa/testlistinstances/`` of QATrack+.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    payload : dict
        Complete but for ``unit_test_collection``, the address of the test
        list in the hospital's own installation.
    """
    results = results_json(result)
    key = f'{result.image.acquisition.series_instance_uid or results["input"]["sha256"]}'
    return {
        'unit_test_collection': None,
        'work_started': _scan_time(result).replace('T', ' ')[:19],
        'work_completed': result.analyzed_at.replace('T', ' ')[:19],
        'user_key': f'{key} {SOFTWARE_NAME} {__version__}'[:MAX_USER_KEY],
        'comment': ' '.join(f'{flag.text}.' for flag in result.flags),
        'tests': {value.macro: _test(value) for value in qa_values(result)},
        'attachments': [
            {
                'filename': 'results.json',
                'value': base64.b64encode(json.dumps(results).encode()).decode(),
                'encoding': 'base64',
            }
        ],
    }


def _test(value: QAValue) -> dict[str, Any]:
    told = {'comment': value.comment} if value.comment else {}
    return {'skipped': True, **told} if value.value is None else {'value': value.value, **told}


def _wadqc_json(result: AnalysisResult) -> list[dict[str, Any]]:
    """
    The results of a WAD-QC 2 module.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    rows : list of dict
        Category, name and value; numbers that were not measured are missing,
        so that their limits report them as such.
    """
    return [*_wad_facts(result), *_wad_numbers(result)]


def _wad_facts(result: AnalysisResult) -> Iterator[dict[str, Any]]:
    yield _wad('datetime', 'AcquisitionDateTime', _scan_time(result).replace('T', ' ')[:19])
    flags = {flag.value for flag in result.flags}
    for value in values_of_results(results_json(result)):
        flags.update(value.flags)
    for name, text in (
        ('phantom', result.phantom.name),
        ('software', f'{SOFTWARE_NAME} {__version__}'),
        ('doubts', ', '.join(sorted(flags))),
    ):
        yield _wad('string', name, _ascii(text))
    yield _wad('bool', 'complete', all(value.value is not None for value in qa_values(result)))


def _wad_numbers(result: AnalysisResult) -> Iterator[dict[str, Any]]:
    for value in qa_values(result):
        if value.value is not None:
            yield _wad('float', value.macro, value.value)


def _wad(category: str, name: str, value: Any) -> dict[str, Any]:
    return {'category': category, 'name': name, 'val': value}


def _ascii(text: str) -> str:
    """A string as WAD-QC stores it: ASCII, 100 characters at most."""
    return text.encode('ascii', 'replace').decode()[:MAX_WAD_STRING]


def _scan_time(result: AnalysisResult) -> str:
    """When the scan was made, else when it was analyzed; ISO 8601, local time."""
    acquisition = result.image.acquisition
    for text in (acquisition.acquisition_datetime, acquisition.series_datetime):
        if 'T' in text:
            return datetime.fromisoformat(text[:19]).isoformat()
    return result.analyzed_at[:19]


QA_FORMATS: dict[str, Callable[[AnalysisResult], Any]] = {
    'quaac': _quaac_json,
    'qatrack': _qatrack_json,
    'wadqc': _wadqc_json,
}
"""What each system takes, as plain JSON data."""


def qa_text(result: AnalysisResult, system: str) -> str:
    """
    The results as the text of a file.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    system : str
        One of `QA_FORMATS`.

    Returns
    -------
    text : str
        JSON.
    """
    data = QA_FORMATS[system](result)
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + '\n'
