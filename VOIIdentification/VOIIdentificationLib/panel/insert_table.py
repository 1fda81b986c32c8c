"""The inserts of a phantom as rows of text that a user edits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..core.config_json import parse_json
from ..core.errors import InputFileError
from ..core.phantom import (
    DEFAULT_PHANTOM,
    Insert,
    Phantom,
    load_phantom,
    parse_phantom,
    phantom_to_json,
)

_CHANGED = ', changed'
"""Ends the name of a preset whose inserts were edited: its results are no longer the preset's."""


@dataclass(frozen=True)
class InsertRow:
    """
    One row of the table.

    Attributes
    ----------
    label, diameter, height : str
        As typed; lengths in millimeter. An empty height of a cylinder means
        as high as its diameter.

    use, cylinder : bool
        As ticked.
    """

    label: str
    diameter: str
    height: str = ''
    use: bool = True
    cylinder: bool = False


def insert_rows(phantom: Phantom) -> tuple[InsertRow, ...]:
    """
    The rows that show a phantom.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    rows : tuple of InsertRow
        In its order.
    """
    return tuple(
        InsertRow(
            label=insert.label,
            diameter=f'{insert.diameter_mm:g}',
            height='' if insert.height_mm is None else f'{insert.height_mm:g}',
            use=insert.use,
            cylinder=insert.shape == 'cylinder',
        )
        for insert in phantom.inserts
    )


def phantom_from_rows(rows: Sequence[InsertRow], phantom: Phantom) -> Phantom:
    """
    The phantom after its rows were edited.

    Parameters
    ----------
    rows : sequence of InsertRow
        What the table shows now.

    phantom : Phantom
        What it showed before. Inserts keep what the table does not show.

    Returns
    -------
    phantom : Phantom
        The same object if nothing changed; else its name says so.

    Raises
    ------
    InputFileError
        If a length is not a number above 0, or a label is empty or repeated.
    """
    if tuple(rows) == insert_rows(phantom):
        return phantom
    data = phantom_to_json(phantom)
    before = {insert.label: insert for insert in phantom.inserts}
    data['inserts'] = [
        _insert_json(row, _insert_before(row, n, phantom, before)) for n, row in enumerate(rows)
    ]
    data['name'] = phantom.name.removesuffix(_CHANGED) + _CHANGED
    return parse_phantom(data, source_name='the table of inserts')


def phantom_from_text(text: str) -> Phantom:
    """
    The phantom that a scene remembers.

    Parameters
    ----------
    text : str
        From `phantom_to_text`; empty for the default phantom.

    Returns
    -------
    phantom : Phantom
        The checked phantom.

    Raises
    ------
    InputFileError
        If the text does not hold a phantom.
    """
    if not text:
        return load_phantom(DEFAULT_PHANTOM)
    source = 'the phantom in the scene'
    return parse_phantom(parse_json(text, source), source_name=source)


def phantom_to_text(phantom: Phantom) -> str:
    """
    A phantom as the text that a scene keeps.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    text : str
        JSON in one line.
    """
    return json.dumps(phantom_to_json(phantom), ensure_ascii=False)


def _insert_before(
    row: InsertRow, place: int, phantom: Phantom, before: dict[str, Insert]
) -> Insert:
    """The insert that a row came from: of the same label, else of the same place."""
    if row.label in before:
        return before[row.label]
    if place < len(phantom.inserts):
        return phantom.inserts[place]
    return Insert(row.label, 1.0)


def _insert_json(row: InsertRow, before: Insert) -> dict[str, Any]:
    renamed = row.label != before.label
    return {
        **asdict(before),
        'label': row.label,
        'diameter_mm': _length(row.diameter, 'diameter', row),
        'height_mm': _length(row.height, 'height', row)
        if row.cylinder and row.height.strip()
        else None,
        'shape': 'cylinder' if row.cylinder else 'sphere',
        'use': row.use,
        'aliases': () if renamed else before.aliases,
    }


def _length(text: str, what: str, row: InsertRow) -> float:
    try:
        return float(text.replace(',', '.').removesuffix('mm'))
    except ValueError as error:
        msg = f'the {what} of insert {row.label!r} must be a length in mm, got {text!r}'
        raise InputFileError(msg) from error
