"""How an analysis is done: every choice that changes a number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from .config_json import Rule, check_fields, from_json, read_json, to_json
from .phantom import NEMAEdition
from .sentence import sentences

_ = sentences(__name__)

Counting = Literal['partial', 'hard']
"""``'partial'``: weight by volume inside. ``'hard'``: 1 where the voxel center is inside."""

Refinement = Literal['fit', 'search', 'none']

MAX_SEARCH_MM = 100.0
"""No sphere is looked for farther away: the ring of the IEC phantom is 114.4 mm across."""

_SearchMM = Annotated[
    float,
    Rule(
        _('be more than 0 mm and at most {most:g} mm').format(most=MAX_SEARCH_MM),
        lambda mm: 0 < mm <= MAX_SEARCH_MM,
    ),
]


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

    edition : {'2007', '2012', '2018'} or None
        Edition of NEMA NU 2; None for that of the phantom, or the usual one.

    Raises
    ------
    ValueError
        If a choice is not one of its words, or a length is out of range.
    """

    counting: Counting = 'partial'
    refinement: Refinement = 'fit'
    search_in_plane_mm: _SearchMM = 9.0
    search_axial_mm: _SearchMM = 6.0
    search_limit_mm: _SearchMM = 20.0
    edition: NEMAEdition | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    def to_json(self) -> dict[str, Any]:
        """Names and values, ready for `json.dump`."""
        return to_json(self)


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
    return from_json(Settings, read_json(path, 'settings'), str(path))
