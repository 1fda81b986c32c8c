"""The fill worksheet as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.config_json import from_json, read_json, to_json
from .worksheet import FillWorksheet

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
    return from_json(FillWorksheet, data, source_name, schema=ACTIVITY_SCHEMA)


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
    return to_json(worksheet, ACTIVITY_SCHEMA)


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
