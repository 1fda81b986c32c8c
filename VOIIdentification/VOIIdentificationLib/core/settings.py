"""How an analysis is done: every choice that changes a number."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from .config_json import json_object, read_json
from .errors import InputFileError

Counting = Literal['partial', 'hard']
"""``'partial'``: weight by volume inside. ``'hard'``: 1 where the voxel center is inside."""

Refinement = Literal['fit', 'search', 'none']

MAX_SEARCH_MM = 100.0
"""No sphere is looked for farther away: the ring of the IEC phantom is 114.4 mm across."""


@dataclass(frozen=True)
class Settings:
    """
    Choices of one analysis.

    Attributes
    ----------
    counting : {'partial', 'hard'}
        Partial voxels by volume, or whole voxels as the original script.

    refinement : {'fit', 'search', 'none'}
        Whether seeds are moved to the maximum of the mean and from there to the
        center of a fitted sphere, only to the maximum, or used as they are.

    search_in_plane_mm, search_axial_mm : float
        Half widths of the search window round a seed, in the slice and across
        slices. The original's windows were about ±8 mm and ±3 mm.

    search_limit_mm : float
        The farthest from its seed that a moving window may take a center.
    """

    counting: Counting = 'partial'
    refinement: Refinement = 'fit'
    search_in_plane_mm: float = 9.0
    search_axial_mm: float = 6.0
    search_limit_mm: float = 20.0

    def __post_init__(self) -> None:
        _require_choice('counting', self.counting, ('partial', 'hard'))
        _require_choice('refinement', self.refinement, ('fit', 'search', 'none'))
        for name in ('search_in_plane_mm', 'search_axial_mm', 'search_limit_mm'):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not 0 < value <= MAX_SEARCH_MM:
                msg = (
                    f'{name} must be a length above 0 mm, at most {MAX_SEARCH_MM:g} mm, '
                    f'got {value!r}'
                )
                raise ValueError(msg)

    def to_json(self) -> dict[str, Any]:
        """Names and values, ready for `json.dump`."""
        return asdict(self)


def load_settings(path: Path) -> Settings:
    """
    Read settings from a JSON file; what it leaves out keeps its default.

    Parameters
    ----------
    path : `pathlib.Path`
        A JSON object with the attribute names of `Settings`.

    Returns
    -------
    settings : Settings
        The checked settings.

    Raises
    ------
    InputFileError
        If the file cannot be read or holds an unknown name or a bad value.
    """
    known = [field.name for field in fields(Settings)]
    data = json_object(read_json(path, 'settings'), known, str(path))
    try:
        return Settings(**data)
    except ValueError as error:
        msg = f'{path}: {error}'
        raise InputFileError(msg) from error


def _require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        msg = f'{name} must be one of {", ".join(choices)}, got {value!r}'
        raise ValueError(msg)
