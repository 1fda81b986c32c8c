"""The phantom: its inserts, read from JSON and checked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from .config_json import json_object, read_json, require_schema
from .errors import InputFileError
from .resources import resource_directory

Shape = Literal['sphere', 'cylinder']

PHANTOM_SCHEMA = 'voi-identification/phantom/1'
DEFAULT_PHANTOM = 'NEMA IEC body'


@dataclass(frozen=True)
class Insert:
    """
    One object of the phantom that is measured.

    Attributes
    ----------
    label : str
        Name shown to the user and written to every table, e.g. ``'S10'``.

    diameter_mm : float
        Inner diameter, in millimeter.

    shape : {'sphere', 'cylinder'}
        A cylinder stands along the slice normal.

    height_mm : float or None
        Inner height of a cylinder; None means as high as its diameter.

    ring_angle_deg : float or None
        Where it stands on the phantom's ring, if it does.

    hot : bool
        False for an insert filled with less activity than the background.

    use : bool
        False leaves the insert out of the analysis.

    aliases : tuple of str
        Other labels that seeds may carry, e.g. the original script's ``'B1'``.
    """

    label: str
    diameter_mm: float
    shape: Shape = 'sphere'
    height_mm: float | None = None
    ring_angle_deg: float | None = None
    hot: bool = True
    use: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phantom:
    """
    What was scanned.

    Attributes
    ----------
    name : str
        Shown to the user.

    inserts : tuple of Insert
        In the order of the phantom's ring, or of the user's table.

    background : Insert
        The VOI that background seeds get.

    ring_diameter_mm : float or None
        Diameter of the circle through the centers of the inserts.

    source : str
        Where the numbers come from.
    """

    name: str
    inserts: tuple[Insert, ...]
    background: Insert = Insert('B0', 37.0)
    ring_diameter_mm: float | None = None
    source: str = ''

    @property
    def used_inserts(self) -> tuple[Insert, ...]:
        """The inserts that are measured."""
        return tuple(insert for insert in self.inserts if insert.use)


def inserts_by_name(inserts: Iterable[Insert]) -> dict[str, Insert]:
    """
    Inserts by everything that a seed may call them.

    Parameters
    ----------
    inserts : iterable of Insert
        Of one phantom.

    Returns
    -------
    by_name : dict of str to Insert
        Keys are labels and aliases, `str.casefold`-ed.
    """
    return {
        name.casefold(): insert for insert in inserts for name in (insert.label, *insert.aliases)
    }


def preset_names() -> tuple[str, ...]:
    """
    Names of the phantoms that come with the module.

    Returns
    -------
    names : tuple of str
        The default phantom first.
    """
    names = sorted(_preset_files())
    return (DEFAULT_PHANTOM, *(name for name in names if name != DEFAULT_PHANTOM))


def load_phantom(name_or_path: str | Path) -> Phantom:
    """
    A phantom by the name of a preset or from a JSON file.

    Parameters
    ----------
    name_or_path : str or `pathlib.Path`
        Name of a preset, e.g. ``'NEMA IEC body'``, or path of a JSON file.

    Returns
    -------
    phantom : Phantom
        The checked phantom.

    Raises
    ------
    InputFileError
        If there is no such preset or file, or it does not hold a phantom.
    """
    path = Path(name_or_path)
    if path.suffix.lower() != '.json':
        presets = _preset_files()
        if str(name_or_path) not in presets:
            known = ', '.join(repr(name) for name in preset_names())
            msg = (
                f'there is no phantom named {str(name_or_path)!r}. '
                f'Known: {known}. A file of your own must end in .json.'
            )
            raise InputFileError(msg)
        path = presets[str(name_or_path)]
    return parse_phantom(read_json(path, 'phantom'), source_name=str(path))


def parse_phantom(data: object, *, source_name: str = 'the phantom') -> Phantom:
    """
    Check what was read from JSON and make a phantom of it.

    Parameters
    ----------
    data : object
        As `json.load` gives it.

    source_name : str, optional
        Names the file in messages.

    Returns
    -------
    phantom : Phantom
        The checked phantom.

    Raises
    ------
    InputFileError
        If something is missing, unknown, of the wrong kind, or twice.
    """
    known = ('schema', 'name', 'source', 'ring_diameter_mm', 'inserts', 'background')
    fields = json_object(data, known, source_name)
    require_schema(fields, PHANTOM_SCHEMA, source_name)
    rows = fields.get('inserts')
    if not isinstance(rows, (list, tuple)) or not rows:
        msg = f'{source_name}: "inserts" must be a list with at least one insert'
        raise InputFileError(msg)
    inserts = tuple(
        _insert(row, f'{source_name}: insert {n}') for n, row in enumerate(rows, start=1)
    )
    _refuse_repeated_labels(inserts, source_name)
    ring = fields.get('ring_diameter_mm')
    background = fields.get('background', {'label': 'B0', 'diameter_mm': 37.0})
    return Phantom(
        name=_text(fields, 'name', source_name),
        inserts=inserts,
        background=_insert(background, f'{source_name}: background'),
        ring_diameter_mm=None if ring is None else _length(fields, 'ring_diameter_mm', source_name),
        source=str(fields.get('source', '')),
    )


def phantom_to_json(phantom: Phantom) -> dict[str, Any]:
    """
    What `parse_phantom` reads back, for saving.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    data : dict
        Ready for `json.dump`.
    """
    return {'schema': PHANTOM_SCHEMA, **asdict(phantom)}


def _preset_files() -> dict[str, Path]:
    paths = sorted(resource_directory('Phantoms').glob('*.json'))
    return {str(read_json(path, 'phantom')['name']): path for path in paths}


def _insert(data: object, where: str) -> Insert:
    fields = json_object(data, tuple(Insert.__dataclass_fields__), where)
    shape = fields.get('shape', 'sphere')
    if shape not in {'sphere', 'cylinder'}:
        msg = f'{where}: "shape" must be "sphere" or "cylinder", got {shape!r}'
        raise InputFileError(msg)
    has_height = fields.get('height_mm') is not None
    has_angle = fields.get('ring_angle_deg') is not None
    return Insert(
        label=_text(fields, 'label', where),
        diameter_mm=_length(fields, 'diameter_mm', where),
        shape=shape,
        height_mm=_length(fields, 'height_mm', where) if has_height else None,
        ring_angle_deg=_number(fields, 'ring_angle_deg', where) if has_angle else None,
        hot=_truth(fields, 'hot', where),
        use=_truth(fields, 'use', where),
        aliases=tuple(str(alias) for alias in fields.get('aliases', ())),
    )


def _text(fields: dict[str, Any], key: str, where: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        msg = f'{where}: "{key}" must be a text, got {value!r}'
        raise InputFileError(msg)
    return value.strip()


def _truth(fields: dict[str, Any], key: str, where: str) -> bool:
    value = fields.get(key, True)
    if not isinstance(value, bool):
        msg = f'{where}: "{key}" must be true or false, got {value!r}'
        raise InputFileError(msg)
    return value


def _number(fields: dict[str, Any], key: str, where: str) -> float:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        msg = f'{where}: "{key}" must be a number, got {value!r}'
        raise InputFileError(msg)
    return float(value)


def _length(fields: dict[str, Any], key: str, where: str) -> float:
    value = _number(fields, key, where)
    if not value > 0:
        msg = f'{where}: "{key}" must be more than 0 mm, got {value:g}'
        raise InputFileError(msg)
    return value


def _refuse_repeated_labels(inserts: tuple[Insert, ...], where: str) -> None:
    seen: set[str] = set()
    for insert in inserts:
        for name in {insert.label.casefold(), *(alias.casefold() for alias in insert.aliases)}:
            if name in seen:
                msg = f'{where}: two inserts are called {insert.label!r}; every label must differ'
                raise InputFileError(msg)
            seen.add(name)
