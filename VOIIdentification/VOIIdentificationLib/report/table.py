"""What a table is: columns that know their title, unit and meaning. No pandas, no Slicer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from ..core.image import UNKNOWN_UNIT
from ..core.sentence import Sentence, sentences

if TYPE_CHECKING:
    import pandas as pd

_ = sentences(__name__)

Row = TypeVar('Row')
Cell = float | int | str | None
Values = npt.NDArray[np.float64] | npt.NDArray[np.int64] | tuple[str, ...]

Book = Literal['targets', 'centers', 'background']
"""The workbooks of the original script, into which tables are sorted."""

VALUE_UNIT = '{unit}'
"""Stands for the unit of the image in the unit of a measure."""

SIGNIFICANT_DIGITS = 6
"""Digits shown of a column's largest value, where the column does not say its decimals."""


@dataclass(frozen=True, eq=False)
class Column:
    """
    One column of a table.

    Attributes
    ----------
    key : str
        Stable name for programs, e.g. ``'volume_ml'``.

    title : str
        Name for people; the original script's where it had one.

    unit : str
        Empty for text, counts, indices and ratios.

    description : str
        The definition, in one or two sentences.

    values : (N,) `numpy.ndarray` of float or int, or tuple of str
        NaN and the empty text are empty cells.

    decimals : int or None
        Decimals shown; None shows six digits of the largest value.
    """

    key: str
    title: str
    unit: str
    description: str
    values: Values
    decimals: int | None = None

    @property
    def header(self) -> str:
        """Title with its unit, e.g. ``'Mean [Bq/mL]'``."""
        return f'{self.title} [{self.unit}]' if self.unit else self.title

    @property
    def is_text(self) -> bool:
        """True if the values are words."""
        return isinstance(self.values, tuple)

    @property
    def shown_decimals(self) -> int:
        """Number of decimals that a reader should see; 0 for text and whole numbers."""
        if isinstance(self.values, tuple) or self.values.dtype.kind == 'i':
            return 0
        if self.decimals is not None:
            return self.decimals
        finite = np.abs(self.values[np.isfinite(self.values)])
        largest = float(finite.max()) if finite.size else 0.0
        before = math.floor(math.log10(largest)) + 1 if largest > 0 else 1
        return max(0, SIGNIFICANT_DIGITS - before)

    def texts(self) -> tuple[str, ...]:
        """
        The cells as shown to people.

        Returns
        -------
        texts : tuple of str
            Rounded to `shown_decimals`; empty where there is no value.
        """
        if isinstance(self.values, tuple):
            return self.values
        decimals = self.shown_decimals
        return tuple(
            f'{value:.{decimals}f}' if math.isfinite(value) else ''
            for value in self.values.tolist()
        )


@dataclass(frozen=True, eq=False)
class Table:
    """
    Columns of equal length.

    Attributes
    ----------
    key : str
        Stable name for programs, e.g. ``'spheres'``.

    title : str
        Name for people.

    columns : tuple of Column
        From left to right.

    book : {'targets', 'centers', 'background'}
        Which workbook it is a sheet of.

    why_empty : str
        What is said in place of lines where there are none.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    book: Book = 'targets'
    why_empty: str = 'Nothing was measured.'

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    def has(self, key: str) -> bool:
        """
        Whether there is a column.

        Parameters
        ----------
        key : str
            As in `Column`.

        Returns
        -------
        has : bool
            True if a column has this key.
        """
        return any(column.key == key for column in self.columns)

    def column(self, key: str) -> Column:
        """
        One column by its key.

        Parameters
        ----------
        key : str
            As in `Column`.

        Returns
        -------
        column : Column
            The column.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)

    def frame(self) -> pd.DataFrame:
        """
        The table for pandas.

        Returns
        -------
        frame : pandas.DataFrame
            Columns are named by their keys; ``frame.attrs`` holds the title
            of the table and, by key, ``'headers'`` (titles with units) and
            ``'definitions'``.
        """
        import pandas as pd

        frame = pd.DataFrame({column.key: column.values for column in self.columns})  # noqa: PD011 - our own values
        frame.attrs = {
            'title': self.title,
            'headers': {column.key: column.header for column in self.columns},
            'definitions': {column.key: column.description for column in self.columns},
        }
        return frame


@dataclass(frozen=True)
class Measure(Generic[Row]):
    """
    How to fill one column from whatever a row stands for.

    Attributes
    ----------
    key, title, unit, description : str
        As in `Column`; ``'{unit}'`` in `unit` becomes the unit of the image.

    value : callable
        From a row to a number, a text or None.

    decimals : int or None
        As in `Column`.

    optional : bool
        True leaves the column out where no row has a value.
    """

    key: str
    title: str
    unit: str
    description: str
    value: Callable[[Row], Cell]
    decimals: int | None = None
    optional: bool = False


def tabulate(
    key: str,
    title: str,
    measures: Iterable[Measure[Row]],
    rows: Sequence[Row],
    *,
    unit: str = UNKNOWN_UNIT,
    book: Book = 'targets',
) -> Table:
    """
    Fill a table, one column a measure and one line a row.

    Parameters
    ----------
    key, title : str
        As in `Table`.

    measures : iterable of Measure
        What to show, from left to right.

    rows : sequence
        What the measures read; any type they understand.

    unit : str, optional
        Unit of the image.

    book : {'targets', 'centers', 'background'}, optional
        As in `Table`.

    Returns
    -------
    table : Table
        Optional measures without any value are left out.

    Examples
    --------
    >>> length = Measure('length', 'Length', 'mm', 'From end to end.', float)
    >>> table = tabulate('rods', 'Rods', [length], [1.5, 20])
    >>> table.columns[0].header, table.columns[0].texts()
    ('Length [mm]', ('1.5000', '20.0000'))
    """
    columns = []
    for measure in measures:
        cells = [measure.value(row) for row in rows]
        if measure.optional and all(cell is None or cell == '' for cell in cells):
            continue
        columns.append(
            Column(
                measure.key,
                measure.title,
                unit_text(measure.unit, unit),
                measure.description,
                _values(cells),
                measure.decimals,
            )
        )
    return Table(key, title, tuple(columns), book)


def unit_text(unit: str, image_unit: str) -> str:
    """
    The unit of a column, in full.

    Parameters
    ----------
    unit : str
        Of a measure; may hold ``'{unit}'``.

    image_unit : str
        Unit of the image.

    Returns
    -------
    text : str
        An image whose unit is not known gives ``'unit unknown'``.

    Examples
    --------
    >>> unit_text('({unit})²', 'Bq/mL')
    '(Bq/mL)²'
    """
    known = _('unit unknown') if image_unit == UNKNOWN_UNIT else image_unit
    return Sentence(unit, '').format(unit=known) if VALUE_UNIT in unit else unit


def _values(cells: Sequence[Cell]) -> Values:
    if any(isinstance(cell, str) for cell in cells):
        return tuple(
            '' if cell is None else cell if isinstance(cell, str) else str(cell) for cell in cells
        )
    if cells and all(isinstance(cell, (int, np.integer)) for cell in cells):
        return np.array(cells, dtype=np.int64)
    return np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
