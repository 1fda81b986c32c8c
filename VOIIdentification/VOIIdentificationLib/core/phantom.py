"""The phantom: its inserts, read from JSON and checked; their colors; points placed on them."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from .config_json import LengthMM, Name, Rule, from_json, read_json, to_json
from .errors import InputFileError
from .resources import resource_directory
from .sentence import sentences

if TYPE_CHECKING:  # the command line answers --help without numpy
    from .geometry import Point

_ = sentences(__name__)

Shape = Literal['sphere', 'cylinder']

NEMAEdition = Literal['2007', '2012', '2018']
"""Editions of NEMA NU 2, by year; what they ask for is in `evaluate.editions`."""

PHANTOM_SCHEMA = 'voi-identification/phantom/1'
DEFAULT_PHANTOM = 'NEMA IEC body'

UNIFORM_MARGIN_MM = 30.0
"""Of the VOI to wall and ends: own rule, as no guideline that fixes it could be read."""

MAX_INSERTS = 30
"""Of one phantom; six or seven are usual, and looking for more on a ring takes minutes."""


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

    Raises
    ------
    ValueError
        If a sphere has a height.
    """

    label: Name
    diameter_mm: LengthMM
    shape: Shape = 'sphere'
    height_mm: LengthMM | None = None
    ring_angle_deg: float | None = None
    hot: bool = True
    use: bool = True
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.height_mm is not None and self.shape != 'cylinder':
            msg = _(
                '{label} has a "height_mm" of {height:g}, but no "shape": "cylinder"; a sphere has '
                'no height'
            ).format(label=self.label, height=self.height_mm)
            raise ValueError(msg)


@dataclass(frozen=True)
class UniformCylinder:
    """
    A phantom that is one cylinder of uniform activity, without inserts.

    Attributes
    ----------
    diameter_mm, length_mm : float or None
        Inner size, in millimeter, for a check of the voxel size; None for any.

    wall_margin_mm, end_margin_mm : float
        How far inside the wall and inside both ends the VOI stays, in millimeter.
    """

    label: ClassVar[str] = 'Cylinder'
    diameter_mm: LengthMM | None = None
    length_mm: LengthMM | None = None
    wall_margin_mm: LengthMM = UNIFORM_MARGIN_MM
    end_margin_mm: LengthMM = UNIFORM_MARGIN_MM


Inserts = Annotated[
    tuple[Insert, ...],
    Rule(
        _('be a list of at most {most} inserts').format(most=MAX_INSERTS),
        lambda many: len(many) <= MAX_INSERTS,
    ),
]


@dataclass(frozen=True)
class Phantom:
    """
    What was scanned.

    Attributes
    ----------
    name : str
        Shown to the user.

    inserts : tuple of Insert
        In the order of the phantom's ring, or of the user's table. A file must
        name one, or a cylinder; a phantom without is a body to be made, not measured.

    background : Insert
        The VOI that background seeds get.

    ring_diameter_mm : float or None
        Diameter of the circle through the centers of the inserts.

    source : str
        Where the numbers come from.

    edition : {'2007', '2012', '2018'} or None
        Edition of NEMA NU 2 that it is filled for; None for the usual one.

    cylinder : UniformCylinder or None
        The whole phantom, if it is a uniform cylinder; there are no inserts then.

    Raises
    ------
    ValueError
        If two inserts have the same label or alias, or stand in a uniform cylinder.
    """

    name: Name
    inserts: Inserts = ()
    background: Insert = Insert('B0', 37.0)
    ring_diameter_mm: LengthMM | None = None
    source: str = ''
    edition: NEMAEdition | None = None
    cylinder: UniformCylinder | None = None

    def __post_init__(self) -> None:
        if self.cylinder is not None and self.inserts:
            msg = _('"cylinder" is a phantom without inserts: leave out one of both')
            raise ValueError(msg)
        _refuse_repeated_labels(self.inserts)

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
            msg = _(
                'there is no phantom named {name!r}. Known: {known}. A file of your own must end '
                'in .json.'
            ).format(name=str(name_or_path), known=known)
            raise InputFileError(msg)
        path = presets[str(name_or_path)]
    return parse_phantom(read_json(path, _('phantom')), source_name=str(path))


def parse_phantom(data: object, *, source_name: str = _('the phantom')) -> Phantom:
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
    phantom = from_json(Phantom, data, source_name, schema=PHANTOM_SCHEMA)
    if not phantom.inserts and phantom.cylinder is None:
        msg = _('{source}: "inserts" must be a list with at least one insert, got []').format(
            source=source_name
        )
        raise InputFileError(msg)
    return phantom


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
    return to_json(phantom, PHANTOM_SCHEMA)


def _preset_files() -> dict[str, Path]:
    paths = sorted(resource_directory('Phantoms').glob('*.json'))
    return {str(read_json(path, _('phantom'))['name']): path for path in paths}


def _refuse_repeated_labels(inserts: tuple[Insert, ...]) -> None:
    seen: set[str] = set()
    for insert in inserts:
        for name in {insert.label.casefold(), *(alias.casefold() for alias in insert.aliases)}:
            if name in seen:
                msg = _('two inserts are called {label!r}; every label must differ').format(
                    label=insert.label
                )
                raise ValueError(msg)
            seen.add(name)


RGB = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""

PALETTE: tuple[RGB, ...] = (
    (0.902, 0.624, 0.000),  # orange
    (0.337, 0.706, 0.914),  # sky blue
    (0.000, 0.620, 0.451),  # bluish green
    (0.941, 0.894, 0.259),  # yellow
    (0.835, 0.369, 0.000),  # vermilion
    (0.800, 0.475, 0.655),  # reddish purple
    (0.000, 0.447, 0.698),  # blue
)
"""Told apart by color-blind readers too: Okabe and Ito 2008, https://jfly.uni-koeln.de/color/."""

BACKGROUND_COLOR: RGB = (0.6, 0.6, 0.6)
"""Of everything that belongs to the background VOIs."""

SERIES_COLORS: tuple[RGB, ...] = ((0.15, 0.15, 0.15), (0.45, 0.45, 0.75), (0.55, 0.35, 0.25))
"""Of the curves of a plot, where one curve passes through all inserts: none of the palette."""

BAND_COLORS: tuple[RGB, ...] = ((0.55, 0.70, 0.90), (0.95, 0.70, 0.45), (0.65, 0.85, 0.60))
"""Of the limits of the first, second … standard."""

_GOLDEN_RATIO = 0.618033988749895
"""Steps of this part of the color circle never come back to a hue already used."""


def color_of_index(index: int) -> RGB:
    """
    Color of the insert at a place in the phantom's list.

    Parameters
    ----------
    index : int
        Place in `Phantom.inserts`, from 0.

    Returns
    -------
    color : tuple of float
        Red, green and blue, from 0 to 1.
    """
    if index < len(PALETTE):
        return PALETTE[index]
    # Paler than the palette, so that they differ from it too.
    return colorsys.hsv_to_rgb((index * _GOLDEN_RATIO) % 1.0, 0.55, 1.0)


def insert_colors(phantom: Phantom) -> dict[str, RGB]:
    """
    Each insert's color, by its label.

    Parameters
    ----------
    phantom : Phantom
        Unused inserts keep their color, so that leaving one out changes no other.

    Returns
    -------
    colors : dict of str to tuple of float
        Red, green and blue, from 0 to 1. Any other label has the background's
        color: its VOIs are called as the user calls the points.
    """
    labels = [insert.label for insert in phantom.inserts] or [UniformCylinder.label]
    return _Colors({label: color_of_index(n) for n, label in enumerate(labels)})


class _Colors(dict[str, RGB]):
    def __missing__(self, label: str) -> RGB:
        return BACKGROUND_COLOR


@dataclass(frozen=True)
class Seed:
    """
    A point that somebody placed.

    Attributes
    ----------
    label : str
        Name of the insert it is meant for; may be empty.

    position_ras_mm : tuple of float
        Position ``(r, a, s)``, in millimeter.
    """

    label: str
    position_ras_mm: Point
