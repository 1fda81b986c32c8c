"""The fill worksheet as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.config_json import from_json, read_json, to_json
from ..core.errors import InputFileError
from ..core.sentence import joined, sentence_of
from .clock import moment
from .worksheet import FillWorksheet

ACTIVITY_SCHEMA = 'voi-identification/activity/1'


def load_worksheet(path: Path, header: Mapping[str, Any] | None = None) -> FillWorksheet:
    """
    Read a worksheet that was saved, or one written by hand.

    Parameters
    ----------
    path : `pathlib.Path`
        A JSON file.

    header : mapping of str to object, optional
        As in `parse_worksheet`.

    Returns
    -------
    worksheet : FillWorksheet
        The checked worksheet.

    Raises
    ------
    InputFileError
        If the file cannot be read, or something in it is missing, unknown or senseless.
    """
    return parse_worksheet(read_json(path, 'activity'), source_name=str(path), header=header)


def read_worksheet_data(path: Path) -> dict[str, Any]:
    """
    Read a worksheet that headers are to complete.

    Parameters
    ----------
    path : `pathlib.Path`
        A JSON file.

    Returns
    -------
    data : dict
        As the file has it.

    Raises
    ------
    InputFileError
        If it cannot be read, or something in it is unknown or senseless, whatever a header says.
    """
    data = read_json(path, 'activity')
    parse_worksheet(data, source_name=str(path), header={'scan_start': _AFTER_ALL})
    return dict(data) if isinstance(data, Mapping) else {}


_AFTER_ALL = datetime.max.replace(microsecond=0)
"""Stands for a scan start that is not known yet: no other time is later."""


def parse_worksheet(
    data: object, *, source_name: str = 'the worksheet', header: Mapping[str, Any] | None = None
) -> FillWorksheet:
    """
    Check what was read from JSON and make a worksheet of it.

    Parameters
    ----------
    data : object
        As `json.load` gives it. A time without a date is on the day of the scan;
        that of the scan start itself on the day that the header has.

    source_name : str, optional
        Names the file in messages.

    header : mapping of str to object, optional
        What the header of the scan says, by keys of the worksheet: it stands
        where the worksheet leaves the key out.

    Returns
    -------
    worksheet : FillWorksheet
        The checked worksheet.

    Raises
    ------
    InputFileError
        If something is missing, unknown or senseless.
    """
    if isinstance(data, Mapping):
        taken = keys_from_header(data, header or {})
        data = {**data, **{key: (header or {})[key] for key in taken}}
        try:
            data = _with_whole_times(data, (header or {}).get('scan_start'))
        except InputFileError as error:
            raise InputFileError(joined((source_name, sentence_of(error)), ': ')) from error
    return from_json(FillWorksheet, data, source_name, schema=ACTIVITY_SCHEMA)


def keys_from_header(data: object, header: Mapping[str, Any]) -> tuple[str, ...]:
    """
    What a worksheet leaves to the header of the scan.

    Parameters
    ----------
    data : object
        As `json.load` gives it.

    header : mapping of str to object
        What the header says, by keys of the worksheet.

    Returns
    -------
    keys : tuple of str
        A half-life is only taken along with its isotope.
    """
    if not isinstance(data, Mapping):
        return ()
    own_isotope = 'isotope' in data
    return tuple(
        key for key in header if key not in data and not (key == 'half_life_s' and own_isotope)
    )


def _with_whole_times(data: Mapping[str, Any], scan: datetime | None) -> dict[str, Any]:
    """
    Times as `datetime`, by the rules of `moment`; what is no text is left to the reader.

    A scan start without a date is on the day that the header has.
    """
    start = data.get('scan_start')
    start = moment(start, '"scan_start"', scan) if isinstance(start, str) else start
    known = {} if start is None else {'scan_start': start}
    day = start if isinstance(start, datetime) else None
    fills = {
        name: _fill_with_times(data[name], name, day)
        for name in ('hot', 'background')
        if isinstance(data.get(name), Mapping)
    }
    return {**data, **known, **fills}


def _fill_with_times(fill: Mapping[str, Any], where: str, day: datetime | None) -> dict[str, Any]:
    times = {
        key: moment(fill[key], f'{where}: "{key}"', day)
        for key in ('assay_time', 'residual_time')
        if isinstance(fill.get(key), str)
    }
    return {**fill, **times}


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


def worksheet_text(worksheet: FillWorksheet) -> str:
    """
    What a worksheet's file holds.

    Parameters
    ----------
    worksheet : FillWorksheet
        The worksheet.

    Returns
    -------
    text : str
        JSON, ASCII, with a newline at its end.
    """
    return json.dumps(worksheet_to_json(worksheet), indent=2) + '\n'
