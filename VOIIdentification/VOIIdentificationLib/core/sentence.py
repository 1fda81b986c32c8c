"""
Sentences for people: in English, with what a translation of them needs.

A file binds ``_ = sentences(__name__)`` and writes its sentences as
``_('{name} is no file').format(name=path)``, as Slicer's tools look for them. What comes of it
is an ordinary string; the panel alone asks what it was made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePath
from string import Formatter

Translate = Callable[[str, str], str]
"""Gives the translation of a text in a context, or the text itself where there is none."""

Change = Callable[[str], str]
"""Makes one text of another in any language; a function of a module, so that it can be pickled."""


class Sentence(str):
    """
    English text that remembers how it was made.

    Attributes
    ----------
    template : str
        With placeholders, if it is to be formatted.

    context : str
        Where translators find the template; empty for one that is not translated.

    values : mapping of str to object or None
        Of the placeholders; sentences among them are translated too. None for a text that was
        not formatted, whose braces stay.

    changes : tuple of callable
        What was done to the text afterwards, e.g. begun with a capital.
    """

    template: str
    context: str
    values: Mapping[str, object] | None
    changes: tuple[Change, ...]

    def __new__(  # noqa: PYI034 - Self came with Python 3.11
        cls,
        template: str,
        context: str,
        values: Mapping[str, object] | None = None,
        changes: tuple[Change, ...] = (),
    ) -> Sentence:
        """Make the English text; everything else is kept beside it."""
        template = str(template)
        sentence = super().__new__(cls, _said(template, values, changes))
        sentence.template, sentence.context = template, context
        sentence.values, sentence.changes = values, changes
        return sentence

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """What a copy begins with, in another process too; the attributes follow."""
        return str(self), self.context

    def format(self, /, **values: object) -> Sentence:  # type: ignore[override]
        """
        Fill the placeholders in.

        Parameters
        ----------
        **values : object
            By the names of the placeholders; a translator may need another order.

        Returns
        -------
        sentence : Sentence
            In English.
        """
        return Sentence(self.template, self.context, values, self.changes)

    def translated(self, translate: Translate) -> str:
        """
        Say it in another language.

        Parameters
        ----------
        translate : callable
            Of the application.

        Returns
        -------
        text : str
            In English where there is no translation, or one that lost a placeholder.
        """
        template = translate(self.context, self.template) if self.context else self.template
        values = self.values and {
            name: value.translated(translate) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        try:
            kept = values is None or _placeholders(template) == _placeholders(self.template)
            return _said(template, values, self.changes) if kept else str(self)
        except ValueError:
            return str(self)

    def with_values(self, change: Change) -> Sentence:
        """
        Change names and texts from elsewhere that it holds, and not its own words.

        Parameters
        ----------
        change : callable
            Takes a text and gives another, e.g. one that stays on its line.

        Returns
        -------
        sentence : Sentence
            Its line feeds and those of sentences within it stay.
        """
        values = self.values and {name: _other(x, change) for name, x in self.values.items()}
        return Sentence(self.template, self.context, values, self.changes)


def _other(value: object, change: Change) -> object:
    if isinstance(value, Sentence):
        return value.with_values(change)
    return change(str(value)) if isinstance(value, (str, PurePath, BaseException)) else value


def _said(template: str, values: Mapping[str, object] | None, changes: tuple[Change, ...]) -> str:
    text = template if values is None else template.format(**values)
    for change in changes:
        text = change(text)
    return text


def _placeholders(template: str) -> set[str]:
    """Names; a ValueError if its braces do not match."""
    return {name for _text, name, *_spec in Formatter().parse(template) if name is not None}


def sentences(module_name: str) -> Callable[[str], Sentence]:
    """
    Give what marks the texts of a file for translators.

    Parameters
    ----------
    module_name : str
        Its ``__name__``.

    Returns
    -------
    mark : callable
        To be called ``_``. It makes a sentence in the context that Slicer's tools make of the
        place of the file: folder and file.
    """
    return partial(Sentence, context='.'.join(module_name.split('.')[-2:]))


def joined(parts: Iterable[str], separator: str = ' ') -> Sentence:
    """
    Join texts so that each can still be translated.

    Parameters
    ----------
    parts : iterable of str
        Sentences, or texts that stay as they are.

    separator : str, optional
        Between them; a sentence too, if it holds a word.

    Returns
    -------
    sentence : Sentence
        Of all.
    """
    values = {f'part_{n}': part for n, part in enumerate(parts)}
    template = '{separator}'.join(f'{{{name}}}' for name in values)
    if not isinstance(separator, Sentence):
        separator = Sentence(separator, '')  # our own: not a name from elsewhere
    return Sentence(template, '', {'separator': separator, **values})


def changed(text: str, change: Change) -> str:
    """
    Change how a text begins or ends, so that it can still be translated.

    Parameters
    ----------
    text : str
        A sentence, or a text that stays as it is.

    change : callable
        Takes a text and gives another; a function of a module.

    Returns
    -------
    text : str
        A sentence if it was one, changed in English and in every translation.
    """
    if not isinstance(text, Sentence):
        return change(text)
    return Sentence(text.template, text.context, text.values, (*text.changes, change))


def sentence_of(error: BaseException) -> str:
    """
    What an error says.

    Parameters
    ----------
    error : BaseException
        Any.

    Returns
    -------
    text : str
        A `Sentence` if it was raised with one; `str` of an error would forget how it was made.
    """
    said = error.args[0] if error.args else None
    return said if isinstance(said, Sentence) else str(error)
