"""JSON that people write: read, and refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .errors import InputFileError


def read_json(path: Path, what: str) -> Any:
    """
    Read a JSON file.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    what : str
        What it is meant to be, e.g. ``'phantom'``; for the message.

    Returns
    -------
    data : object
        As `json.load` gives it.

    Raises
    ------
    InputFileError
        If it cannot be read, or is not JSON.
    """
    source = f'the {what} file {path}'
    try:
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        msg = f'{source} cannot be read: {error.strerror or error}'
        raise InputFileError(msg) from error
    except UnicodeDecodeError as error:
        msg = f'{source} is not JSON: {error}'
        raise InputFileError(msg) from error
    return parse_json(text, source)


def parse_json(text: str, source: str) -> Any:
    """
    Read JSON that is at hand as text.

    Parameters
    ----------
    text : str
        The text.

    source : str
        Where it is from, for the message, e.g. ``'the phantom in the scene'``.

    Returns
    -------
    data : object
        As `json.loads` gives it.

    Raises
    ------
    InputFileError
        If it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f'{source} is not JSON: {error}'
        raise InputFileError(msg) from error


def json_object(data: object, known: Iterable[str], where: str) -> dict[str, Any]:
    """
    Check that something is a JSON object with known keys only.

    Parameters
    ----------
    data : object
        As `json.load` gives it.

    known : iterable of str
        Keys that it may have.

    where : str
        Names the place in the message.

    Returns
    -------
    fields : dict
        The same.

    Raises
    ------
    InputFileError
        If it is something else, or has an unknown key.
    """
    if not isinstance(data, dict):
        msg = f'{where}: expected a JSON object, got {type(data).__name__}'
        raise InputFileError(msg)
    names = list(known)
    unknown = sorted(set(data) - set(names))
    if unknown:
        msg = f'{where}: unknown key {unknown[0]!r}; known are {", ".join(names)}'
        raise InputFileError(msg)
    return data


def require_schema(fields: dict[str, Any], schema: str, where: str) -> None:
    """
    Refuse a file of another kind or version.

    Parameters
    ----------
    fields : dict
        The file's object.

    schema : str
        What its key ``"schema"`` must hold.

    where : str
        Names the file in the message.

    Raises
    ------
    InputFileError
        If it holds something else.
    """
    if fields.get('schema') != schema:
        msg = f'{where}: "schema" is {fields.get("schema")!r}, expected {schema!r}'
        raise InputFileError(msg)
