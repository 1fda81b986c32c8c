"""Real-world value mappings: what else a header says of scale and unit of stored numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..core.errors import SeriesError
from ..core.sentence import sentences
from ..core.units import row_of_code, row_of_units
from .attributes import MAPPING
from .file import DicomFile
from .header import Header
from .slices import PETSlice, slice_of_file

_ = sentences(__name__)

_RELATIVE_SLOPE_TOLERANCE = 1e-6
"""Slopes that differ less are one: the real-world unit then holds for the rescaled values."""


class Scale(NamedTuple):
    """
    How stored numbers become values.

    Attributes
    ----------
    slope, intercept : tuple of one float, or None
        As the header has them.

    code : str
        UCUM code of the unit; empty if it is not named.

    mapped : tuple of float
        First and last stored number for which a real-world mapping holds;
        empty if it names none.
    """

    slope: tuple[float, ...] | None
    intercept: tuple[float, ...] | None
    code: str = ''
    mapped: tuple[float, ...] = ()


def plane_of_file(file: DicomFile) -> PETSlice:
    """
    The plane of a file that holds one image, held against its real-world mappings.

    Parameters
    ----------
    file : DicomFile
        A file of PET Image Storage.

    Returns
    -------
    plane : PETSlice
        As from `slice_of_file`.

    Raises
    ------
    SeriesError
        Also if a mapping, or the type of the rescaled values, names another scale or unit.
    """
    plane = slice_of_file(file)
    kind = row_of_units(file.text('RescaleType'))
    agreed_units(plane.name, [plane.units, kind.units if kind else ''])
    return with_mappings(plane, real_world_scales(file.items(MAPPING)))


def with_mappings(plane: PETSlice, mappings: Sequence[Scale]) -> PETSlice:
    """
    Hold a plane against real-world mappings of its stored numbers.

    Parameters
    ----------
    plane : PETSlice
        With its scale and unit.

    mappings : sequence of Scale
        As from `real_world_scales`.

    Returns
    -------
    plane : PETSlice
        With what one says of the SUV.

    Raises
    ------
    SeriesError
        If a mapping contradicts scale or unit.
    """
    own, factor = Scale((plane.slope,), (plane.intercept,)), None
    for mapping in mappings if plane.units and plane.has_slope else ():
        same_unit = _units_of_code(mapping.code) == _units_of_code(plane.units)
        row = row_of_code(mapping.code)
        if row is not None and same_unit != same_scale(own, mapping):
            raise SeriesError(_contradiction(plane, mapping))
        if row is not None and row.suv_type == 'BW' and mapping.slope and not plane.intercept:
            factor = mapping.slope[0] / plane.slope
    return replace(plane, mapped_suv_factor=factor)


def _contradiction(plane: PETSlice, mapping: Scale) -> str:
    slope = mapping.slope[0] if mapping.slope else 1.0
    return _(
        '{name}: its values have the slope {slope:g} and the unit {unit}, but its real-world '
        'mapping (0040,9096) has {other:g} and {other_unit}; export the series again from its '
        'source.'
    ).format(
        name=plane.name, slope=plane.slope, unit=plane.units, other=slope, other_unit=mapping.code
    )


def mapped_scale(name: str, own: Scale, mappings: Sequence[Scale]) -> Scale:
    """
    A scale and its unit, with the help of real-world mappings.

    Parameters
    ----------
    name : str
        The slice, for messages.

    own : Scale
        Of the rescaling; a mapping takes its place where it has no numbers,
        one of activity if there is one.

    mappings : sequence of Scale
        Of the same stored numbers.

    Returns
    -------
    scale : Scale
        With the unit of the mapping that says the same, if there is one.

    Raises
    ------
    SeriesError
        If a mapping to one unit has several pieces.
    """
    chosen: Scale | None = None
    if own.slope is None and own.intercept is None:
        ranked = sorted(mappings, key=lambda mapping: _units_of_code(mapping.code) != 'BQML')
        own = chosen = next(iter(ranked), own)
    else:
        chosen = next((mapping for mapping in mappings if same_scale(own, mapping)), None)
    if chosen is None or not chosen.code:
        return own
    _require_one_piece(name, chosen, mappings)
    return own._replace(code=chosen.code)


def real_world_scales(items: Iterable[Header]) -> list[Scale]:
    """
    The linear ones among real-world mappings.

    Parameters
    ----------
    items : iterable of Header
        Items of Real World Value Mapping Sequence.

    Returns
    -------
    scales : list of Scale
        In their order.
    """
    return [
        Scale(
            slope,
            item.numbers('RealWorldValueIntercept', 1) or (0.0,),
            _unit_code(item),
            _mapped(item),
        )
        for item in items
        if (slope := item.numbers('RealWorldValueSlope', 1)) is not None
    ]


def _unit_code(item: Header) -> str:
    """The one unit of a mapping (PS3.3, C.7.6.16.2.11)."""
    units = item.items('MeasurementUnitsCodeSequence')
    return agreed_units(item.name, [unit.text('CodeValue') for unit in units])


def _mapped(item: Header) -> tuple[float, ...]:
    """First and last stored number of a mapping; whole numbers, or those of float pixels."""
    for prefix in ('RealWorldValue', 'DoubleFloatRealWorldValue'):
        ends = [item.number(f'{prefix}{end}ValueMapped') for end in ('First', 'Last')]
        if None not in ends:
            return tuple(end for end in ends if end is not None)
    return ()


def same_scale(one: Scale, other: Scale) -> bool:
    """
    Whether two scales give one value.

    Parameters
    ----------
    one, other : Scale
        Of the same stored numbers.

    Returns
    -------
    same : bool
        False if one has no slope.
    """
    if one.slope is None or other.slope is None:
        return False
    same = abs(one.slope[0] - other.slope[0]) <= _RELATIVE_SLOPE_TOLERANCE * abs(one.slope[0])
    return same and (one.intercept or (0.0,))[0] == (other.intercept or (0.0,))[0]


def _require_one_piece(name: str, chosen: Scale, mappings: Sequence[Scale]) -> None:
    for other in mappings:
        if other.code == chosen.code and not same_scale(other, chosen):
            assert chosen.slope is not None
            assert other.slope is not None
            msg = _(
                '{name}: its real-world mapping (0040,9096) to {code} has several pieces, of '
                'slopes {first:g} and {other:g}, which cannot be read; export the series with one '
                'slope a frame.'
            ).format(name=name, code=chosen.code, first=chosen.slope[0], other=other.slope[0])
            raise SeriesError(msg)


def agreed_units(name: str, codes: Iterable[str]) -> str:
    """
    The unit on which all places that may name one agree.

    Parameters
    ----------
    name : str
        The slice, for messages.

    codes : iterable of str
        Terms of Units (0054,1001) or of UCUM; empty ones do not count.

    Returns
    -------
    code : str
        The first; empty if there is none.

    Raises
    ------
    SeriesError
        If they name different units.
    """
    named = [code for code in codes if code]
    if len({_units_of_code(code) for code in named}) > 1:
        msg = _(
            '{name} names several units of one value: {units}; export the series again from its '
            'source.'
        ).format(name=name, units=', '.join(dict.fromkeys(named)))
        raise SeriesError(msg)
    return named[0] if named else ''


def _units_of_code(code: str) -> str:
    """Units (0054,1001) of a code of either kind; an unknown code stays."""
    row = row_of_code(code) or row_of_units(code)
    return row.units if row and row.units else code.upper()
