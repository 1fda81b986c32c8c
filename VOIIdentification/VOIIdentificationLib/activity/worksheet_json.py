"""The fill worksheet as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.config_json import json_object, read_json, require_schema
from ..core.errors import ActivityError, InputFileError
from .worksheet import Fill, FillWorksheet

ACTIVITY_SCHEMA = 'voi-identification/activity/1'


def load_worksheet(path: Path) -> FillWorksheet:
    """
    Read a worksheet that `save_worksheet` wrote, or one written by hand.

    Parameters
    ----------
    path : `pathlib.Path`
        A JSON file.

    Returns
    -------
    worksheet : FillWorksheet
        The checked worksheet.

    Raises
    ------
    InputFileError
        If the file cannot be read, or something in it is missing, unknown or senseless.
    """
    return parse_worksheet(read_json(path, 'activity'), source_name=str(path))


def parse_worksheet(data: object, *, source_name: str = 'the worksheet') -> FillWorksheet:
    """
    Check what was read from JSON and make a worksheet of it.

    Parameters
    ----------
    data : object
        As `json.load` gives it.

    source_name : str, optional
        Names the file in messages.

    Returns
    -------
    worksheet : FillWorksheet
        The checked worksheet.

    Raises
    ------
    InputFileError
        If something is missing, unknown or senseless.
    """
    known = ('schema', *(field.name for field in fields(FillWorksheet)))
    values = dict(json_object(data, known, source_name))
    require_schema(values, ACTIVITY_SCHEMA, source_name)
    del values['schema']
    for name in ('hot', 'background'):
        if values.setdefault(name, None) is not None:
            values[name] = _parsed(Fill, values[name], f'{source_name}: {name}')
    worksheet: FillWorksheet = _parsed(FillWorksheet, values, source_name)
    return worksheet


def worksheet_to_json(worksheet: FillWorksheet) -> dict[str, Any]:
    """
    What `parse_worksheet` reads back, for saving.

    Parameters
    ----------
    worksheet : FillWorksheet
        The worksheet.

    Returns
    -------
    data : dict
        Ready for `json.dump`; times in ISO 8601.
    """
    return {'schema': ACTIVITY_SCHEMA, **_with_text_times(asdict(worksheet))}


def save_worksheet(worksheet: FillWorksheet, path: Path) -> None:
    """
    Write a worksheet as JSON.

    Parameters
    ----------
    worksheet : FillWorksheet
        The worksheet.

    path : `pathlib.Path`
        Where to; an existing file is replaced at once, never half.
    """
    beside = path.with_name(f'.{path.name}.part')
    beside.write_text(json.dumps(worksheet_to_json(worksheet), indent=2) + '\n', encoding='utf-8')
    beside.replace(path)


def _parsed(kind: Any, data: object, where: str) -> Any:
    """A `Fill` or `FillWorksheet` of what JSON holds."""
    known = {field.name for field in fields(kind)}
    values = dict(json_object(data, sorted(known), where))
    for name in known & {'assay_time', 'residual_time', 'scan_start'} & set(values):
        values[name] = _local_time(values[name], f'{where}: "{name}"')
    try:
        return kind(**values)
    except ActivityError as error:
        msg = f'{where}: {error}'
        raise InputFileError(msg) from error
    except TypeError as error:
        needed = {'assay_mbq', 'assay_time', 'volume_ml', 'scan_start'} & known
        missing = ', '.join(sorted(needed - set(values)))
        msg = f'{where}: {missing} missing' if missing else f'{where}: {error}'
        raise InputFileError(msg) from error


def _local_time(value: object, where: str) -> datetime | None:
    if value is None and 'residual_time' in where:
        return None
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError as error:
        msg = f'{where} must be a time like "2026-03-01T09:15:00", got {value!r}'
        raise InputFileError(msg) from error
    if time.tzinfo is not None:
        msg = f'{where} must be local time without a time zone, got {value!r}'
        raise InputFileError(msg)
    return time


def _with_text_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_text_times(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
