"""What other wings say, in the language of the application: sentences, flags, errors, tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..core.errors import PhantomError
from ..core.sentence import Sentence, sentence_of
from ..report.table import Column, Table

try:
    from slicer.i18n import translate
except ImportError:  # slicer-core has no translations

    def translate(_context: str, text: str) -> str:
        """Leave it in English."""
        return text


def translated(text: str) -> str:
    """
    A text in the language of the application.

    Parameters
    ----------
    text : str
        A `Sentence` is translated in the context of the file that made it,
        every other text is shown as it is.

    Returns
    -------
    text : str
        In English where there is no translation.
    """
    return text.translated(_translate) if isinstance(text, Sentence) else text


def _translate(context: str, text: str) -> str:
    return str(translate(context, text))


def translated_table(table: Table) -> Table:
    """
    A table in the language of the application.

    Parameters
    ----------
    table : Table
        Titles, units, descriptions and words of cells that are sentences are translated.

    Returns
    -------
    table : Table
        With the same keys and numbers.
    """
    columns = tuple(map(_translated_column, table.columns))
    return replace(table, title=translated(table.title), columns=columns)


def _translated_column(column: Column) -> Column:
    values = column.values
    return replace(
        column,
        title=translated(column.title),
        unit=translated(column.unit),
        description=translated(column.description),
        values=tuple(map(translated, values)) if isinstance(values, tuple) else values,
    )


def reason_of(error: BaseException) -> str:
    """
    What an error says.

    Parameters
    ----------
    error : BaseException
        Any.

    Returns
    -------
    text : str
        In the language of the application.
    """
    return translated(sentence_of(error))


@contextmanager
def errors_translated() -> Iterator[None]:
    """
    Let errors speak the language of the application, for what shows them by `str`.

    Yields
    ------
    None
        The body is run once.

    Raises
    ------
    PhantomError
        Of the same kind as that of the body, which is its cause.
    """
    try:
        yield
    except PhantomError as error:
        text = reason_of(error)
        if text == str(error):
            raise
        raise type(error)(text) from error
