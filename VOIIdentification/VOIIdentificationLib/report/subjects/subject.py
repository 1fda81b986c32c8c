"""
What a subject of the report is, and what several subjects share.

A subject is everything on how one group of numbers is shown: columns, tables,
words of the method, keys of ``results.json``, plots. Every format asks the
subjects in turn; none knows what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...core.flags import Flag
from ...core.sentence import joined, sentences
from ...results import AnalysisResult
from ..table import Cell, Measure, Row, Table, tabulate

_ = sentences(__name__)

Pair = tuple[str, Cell]
"""A name and what there is to say of it."""

FACT_DECIMALS = 3
PERCENT_DECIMALS = 2
MM_DECIMALS = 2
"""Decimals of positions and lengths: a tenth of the 0.1 mm that the software claims."""

_COUNT_WORDS = (
    *('no', 'one', 'two', 'three', 'four', 'five', 'six'),
    *('seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'),
)


@dataclass(frozen=True)
class Plot:
    """
    A picture of some columns of a table.

    Attributes
    ----------
    key, title : str
        Stable name, and what is shown above the plot.

    table_key : str
        The table that holds the columns.

    x_key : str
        Key of the column along the axis.

    y_keys : tuple of str
        Keys of the columns drawn against it.

    band_key : str
        First letters of the keys of columns that are drawn as thin lines: the
        limits of standards, as many as the table has. Empty for none.
    """

    key: str
    title: str
    table_key: str
    x_key: str
    y_keys: tuple[str, ...]
    band_key: str = ''

    def fits(self, tables: Mapping[str, Table]) -> bool:
        """
        Whether some tables hold what is drawn.

        Parameters
        ----------
        tables : mapping of str to Table
            By key.

        Returns
        -------
        fits : bool
            True if the table and all its columns are there and a value is known.
        """
        table = tables.get(self.table_key)
        if table is None:
            return False
        columns = {column.key: column for column in table.columns}
        wanted = [columns.get(key) for key in self.y_keys]
        return self.x_key in columns and all(
            column is not None and np.isfinite(np.asarray(column.values, dtype=float)).any()
            for column in wanted
        )


def _nothing(_result: AnalysisResult) -> Iterable[Any]:
    return ()


def _no_keys(_result: AnalysisResult) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Subject:
    """
    How one group of numbers is shown. What it does not need it leaves out.

    Attributes
    ----------
    key : str
        Its name.

    tables : callable
        From an `AnalysisResult` to the tables that people look at; none for
        what was not evaluated.

    definitions : callable
        To names and definitions, in words.

    sections : callable
        To names and values of this analysis, by section of the method.

    json : callable
        To the values of keys of ``results.json``; arrays, flags and times are
        made plain later. Keys are always there, None where nothing is known.

    flag_notes : callable
        To sentences on what is doubtful, each once.

    plots : tuple of Plot
        Pictures of the columns of its tables.

    summary : tuple of tuple of str
        Table and column of what one line a sphere should show.

    headline : tuple of tuple of str
        List of single values, by its key, and name of a value that a summary
        should show.
    """

    key: str
    tables: Callable[[AnalysisResult], Iterable[Table]] = _nothing
    definitions: Callable[[AnalysisResult], Iterable[Pair]] = _nothing
    sections: Callable[[AnalysisResult], Mapping[str, list[Pair]]] = _no_keys
    json: Callable[[AnalysisResult], Mapping[str, Any]] = _no_keys
    flag_notes: Callable[[AnalysisResult], Iterable[str]] = _nothing
    plots: tuple[Plot, ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    headline: tuple[tuple[str, str], ...] = ()


LABEL: Measure[Any] = Measure(
    'label', _('Sphere'), '', _('Label of the insert.'), lambda one: str(one.label)
)
FLAGS: Measure[Any] = Measure(
    'flags',
    _('Flags'),
    '',
    _('Reasons to doubt the values of this line; empty if there are none.'),
    lambda one: flag_words(one.flags),
)


def slice_column(slice_k: Callable[[Row], int]) -> Measure[Row]:
    """
    The column that names a slice.

    Parameters
    ----------
    slice_k : callable
        From a row to the index of its slice.

    Returns
    -------
    measure : Measure
        With the title of the original script.
    """
    return Measure(
        'slice_k',
        _('Slice NR'),
        '',
        _('Index k of the slice, counted from 0 as in numpy and in the IJK of Slicer.'),
        slice_k,
    )


class Fact(NamedTuple):
    """One line of a list of single values; None where a value is not known."""

    name: str
    value: float | None
    unit: str
    meaning: str
    sd_percent: float | None = None


def fact_table(
    key: str, title: str, facts: Sequence[Fact], decimals: int | None = FACT_DECIMALS
) -> Table:
    """
    A list of single values, each with its unit and meaning.

    Parameters
    ----------
    key, title : str
        As in `Table`.

    facts : sequence of Fact
        One a line.

    decimals : int, optional
        Of the values; None shows six digits of the largest.

    Returns
    -------
    table : Table
        Quantity, value, its uncertainty if any has one, unit and meaning.
    """
    columns: list[Measure[Fact]] = [
        Measure('quantity', _('Quantity'), '', _('What it is.'), lambda fact: fact.name),
        Measure(
            'value',
            _('Value'),
            '',
            _('In the unit of the line; empty where it is not known.'),
            lambda fact: fact.value,
            decimals=decimals,
        ),
        Measure(
            'sd_percent',
            _('u (k = 1)'),
            '%',
            _('Relative standard uncertainty (68 %).'),
            lambda fact: fact.sd_percent,
            decimals=PERCENT_DECIMALS,
            optional=True,
        ),
        Measure('unit', _('Unit'), '', _('Unit of the line.'), lambda fact: fact.unit),
        Measure('meaning', _('Meaning'), '', _('The definition.'), lambda fact: fact.meaning),
    ]
    return tabulate(key, title, columns, facts)


def numbered(name: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """
    Sentences under a common name, e.g. ``'Note 1'``.

    Parameters
    ----------
    name : str
        What they are.

    texts : iterable of str
        Sentences, in their order.

    Returns
    -------
    pairs : list of tuple
        Counted from 1.
    """
    return [(joined((name, str(n))), text) for n, text in enumerate(texts, start=1)]


def point_pairs(name: str, point_ras_mm: tuple[float, float, float]) -> list[Pair]:
    """
    The coordinates of a point, one a line.

    Parameters
    ----------
    name : str
        Of the point.

    point_ras_mm : tuple of float
        Where it is.

    Returns
    -------
    pairs : list of tuple
        ``'name R [mm]'`` and so on.
    """
    return [(f'{name} {axis} [mm]', x) for axis, x in zip('RAS', point_ras_mm, strict=True)]


def flag_pairs(flags: Iterable[Flag]) -> list[tuple[str, str]]:
    """
    Flags in words, under their stable names.

    Parameters
    ----------
    flags : iterable of Flag
        Doubts.

    Returns
    -------
    pairs : list of tuple
        ``'Flag off_slice'`` and the sentence.
    """
    return [(joined((_('Flag'), flag.value)), flag.text) for flag in flags]


def flag_words(flags: Iterable[Flag]) -> str:
    """
    Flags in words, in one cell.

    Parameters
    ----------
    flags : iterable of Flag
        Doubts.

    Returns
    -------
    text : str
        Empty if there are none.
    """
    return joined((flag.text for flag in flags), '; ')


def flag_notes(flagged: Iterable[tuple[str, Iterable[Flag]]]) -> list[str]:
    """
    The flags of named things as sentences.

    Parameters
    ----------
    flagged : iterable of tuple of (str, iterable of Flag)
        Name, e.g. of a sphere, and its flags.

    Returns
    -------
    notes : list of str
        ``'BG01: …'``.
    """
    return [f'{name}: {flag.text}' for name, flags in flagged for flag in flags]


def in_words(count: int) -> str:
    """
    A small number as people write it.

    Parameters
    ----------
    count : int
        From 0.

    Returns
    -------
    text : str
        In letters up to twelve.

    Examples
    --------
    >>> in_words(12), in_words(60)
    ('twelve', '60')
    """
    return _COUNT_WORDS[count] if count < len(_COUNT_WORDS) else str(count)
