"""
JSON that people write: read into checked dataclasses, and refused in one sentence.

The dataclass is the description. Its annotations say what each field may hold,
and `Rule` adds what a type cannot: ``Annotated[float, Rule(_('be more than 0'), …)]``.
`from_json` reads an object, `to_json` writes what it reads back, and
`check_fields` holds a call in Python to the same rules. pydantic does more, but
is not bundled with Slicer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from datetime import datetime
from functools import cache
from numbers import Real
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .bounds import MAX_FLOAT, MAX_LENGTH_MM, MIN_LENGTH_MM, read_text_file
from .errors import InputFileError, PhantomError
from .plain_text import shown
from .sentence import joined, sentence_of, sentences

_ = sentences(__name__)

Config = TypeVar('Config')


class Rule(NamedTuple):
    """
    What a value must be besides its type.

    Attributes
    ----------
    text : str
        Follows "must" in the message, e.g. ``'be more than 0'``.

    holds : callable
        Takes the value, which has the right type already.

    clean : callable or None
        Applied to the value before it is judged and kept.
    """

    text: str
    holds: Callable[[Any], bool]
    clean: Callable[[Any], Any] | None = None


Positive = Annotated[float, Rule(_('be more than 0'), lambda value: value > 0)]
NotNegative = Annotated[float, Rule(_('be 0 or more'), lambda value: value >= 0)]
LengthMM = Annotated[
    float,
    Rule(_('be more than 0 mm'), lambda value: value > 0),
    Rule(
        _('be from {least:g} to {most:g} mm').format(least=MIN_LENGTH_MM, most=MAX_LENGTH_MM),
        lambda value: MIN_LENGTH_MM <= value <= MAX_LENGTH_MM,
    ),
]
Name = Annotated[str, Rule(_('be a text that is not empty'), bool, clean=str.strip)]


def read_json(path: Path, what: str) -> Any:
    """
    Read a JSON file.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    what : str
        What it is meant to be, e.g. ``'phantom'``; for the message.

    Returns
    -------
    data : object
        As `json.load` gives it.

    Raises
    ------
    InputFileError
        If it cannot be read, or is not JSON.
    """
    source = _('the {what} file {path}').format(what=what, path=path)
    return parse_json(read_text_file(path, source), source)


def parse_json(text: str, source: str) -> Any:
    """
    Read JSON that is at hand as text.

    Parameters
    ----------
    text : str
        The text.

    source : str
        Where it is from, for the message, e.g. ``'the phantom in the scene'``.

    Returns
    -------
    data : object
        As `json.loads` gives it.

    Raises
    ------
    InputFileError
        If it is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError as error:
        msg = _('{source} is nested too deep to be one').format(source=source)
        raise InputFileError(msg) from error
    except ValueError as error:
        msg = _('{source} is not JSON: {reason}').format(source=source, reason=sentence_of(error))
        raise InputFileError(msg) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One JSON object; a key that stands twice has two meanings."""
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = Counter(key for key, _value in pairs)
        msg = _('the key {key} stands there twice').format(key=shown(counts.most_common(1)[0][0]))
        raise ValueError(msg)
    return data


def from_json(
    kind: type[Config], data: object, where: str, *, schema: str = '', strict: bool = True
) -> Config:
    """
    Make a checked dataclass of a JSON object.

    Parameters
    ----------
    kind : type
        A dataclass. Its fields may be texts, numbers, truths, times, dicts,
        literals, dataclasses, tuples of one kind, and each of these or None. A
        field that has a default or may be None may be left out.

    data : object
        As `json.load` gives it.

    where : str
        Names the place in messages, e.g. the path of the file.

    schema : str, optional
        What the key ``"schema"`` must hold; by default there is none.

    strict : bool, optional
        False leaves out keys that are not known instead of refusing them.

    Returns
    -------
    config : object
        Of that kind.

    Raises
    ------
    InputFileError
        If something is missing, unknown, of the wrong kind or senseless: the
        sentence names place, field, value and what is expected.

    Examples
    --------
    >>> from VOIIdentificationLib.core.phantom import Insert
    >>> from_json(Insert, {'label': 10, 'diameter_mm': 10.0}, 'phantom.json')
    Traceback (most recent call last):
    VOIIdentificationLib.core.errors.InputFileError: phantom.json: "label" must be a text, got 10
    """
    given = _known_keys(kind, data, where, schema=schema, strict=strict)
    try:
        return kind(**{name: _value(kind, name, given[name], where) for name in given})
    except InputFileError:  # of an object within, which has named its place
        raise
    except (ValueError, PhantomError) as error:
        raise InputFileError(joined((where, sentence_of(error)), ': ')) from error


def to_json(config: Any, schema: str = '') -> dict[str, Any]:
    """
    What `from_json` reads back, for saving.

    Parameters
    ----------
    config : dataclass
        What is saved.

    schema : str, optional
        Written as the key ``"schema"``; by default there is none.

    Returns
    -------
    data : dict
        Ready for `json.dump`; times in ISO 8601.
    """
    head = {'schema': schema} if schema else {}
    return {**head, **_with_text_times(asdict(config))}


def check_fields(config: Any, error: type[Exception] = ValueError) -> None:
    """
    Refuse a dataclass whose fields do not hold what their annotations say.

    Parameters
    ----------
    config : dataclass
        Just made, e.g. in its ``__post_init__``.

    error : type, optional
        What is raised.

    Raises
    ------
    ValueError
        Or that error, if a field is of another kind or breaks a rule; the sentence names it.
    """
    try:
        for field in fields(config):
            _value(type(config), field.name, getattr(config, field.name))
    except ValueError as refused:
        raise error(sentence_of(refused)) from refused


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _known_keys(
    kind: Any, data: object, where: str, *, schema: str, strict: bool
) -> dict[str, Any]:
    """The values of a dataclass's fields as the object has them; None where it may be."""
    if not isinstance(data, Mapping):
        msg = _('{where}: expected a JSON object, got {kind}').format(
            where=where, kind=type(data).__name__
        )
        raise InputFileError(msg)
    if schema and data.get('schema') != schema:
        msg = _('{where}: "schema" is {found}, expected {schema!r}').format(
            where=where, found=shown(data.get('schema')), schema=schema
        )
        raise InputFileError(msg)
    names = [*(['schema'] if schema else []), *(field.name for field in fields(kind))]
    unknown = sorted(set(data) - set(names))
    if unknown and strict:
        msg = _('{where}: unknown key {key}; known are {known}').format(
            where=where, key=shown(unknown[0]), known=', '.join(names)
        )
        raise InputFileError(msg)
    needed = [field.name for field in fields(kind) if _has_no_default(field)]
    none = {name: None for name in needed if NoneType in get_args(_hints(kind)[name])}
    missing = [name for name in needed if name not in data and name not in none]
    if missing:
        msg = _('{where}: {keys} missing').format(where=where, keys=', '.join(missing))
        raise InputFileError(msg)
    return none | {name: data[name] for name in names if name in data and name != 'schema'}


def _has_no_default(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(kind: type, name: str, value: object, where: str = '') -> Any:
    """
    The value of a field, checked and as the field wants it: a ValueError says what is wrong.

    It comes from JSON if there is a `where`, else from a call in Python.
    """
    return _Reader(name, where).read(_hints(kind)[name], value)


class _Reader(NamedTuple):
    """Reads the value of one field."""

    name: str
    where: str

    def read(self, hint: Any, value: Any) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._ruled(arguments[0], arguments[1:], value)
        if origin in (Union, UnionType):
            (inner,) = (one for one in arguments if one is not NoneType)
            return None if value is None else self.read(inner, value)
        if origin is Literal:
            self._require(
                value in arguments, _('be {choices}').format(choices=_either(arguments)), value
            )
            return value
        if origin is tuple:
            return self._many(arguments[0], value)
        if is_dataclass(hint):
            return self._nested(hint, self.name, value)
        return self._plain(origin or hint, value)

    def _ruled(self, inner: Any, rules: tuple[Rule, ...], value: Any) -> Any:
        read = self.read(inner, value)
        for rule in rules:
            read = rule.clean(read) if rule.clean else read
            self._require(rule.holds(read), rule.text, value)
        return read

    def _many(self, inner: Any, value: Any) -> tuple[Any, ...]:
        self._require(isinstance(value, (list, tuple)), _('be a list'), value)
        if not is_dataclass(inner):
            return tuple(self.read(inner, one) for one in value)
        called = str(getattr(inner, '__name__', '')).casefold()
        return tuple(self._nested(inner, f'{called} {n}', one) for n, one in enumerate(value, 1))

    def _nested(self, kind: Any, called: str, value: Any) -> Any:
        if self.where:
            return from_json(kind, value, joined((self.where, called), ': '))
        self._require(isinstance(value, kind), _('hold {kind}').format(kind=kind.__name__), value)
        return value

    def _plain(self, kind: Any, value: Any) -> Any:
        if kind is datetime:
            return value if isinstance(value, datetime) else self._local_time(value)
        text, fits = _PLAIN[kind]
        self._require(fits(value), text, value)
        return float(value) if kind is float else value

    def _local_time(self, value: object) -> datetime:
        try:
            time = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            time = None
        expected = _('be a time like "2026-03-01T09:15:00"')
        self._require(time is not None, expected, value)
        assert time is not None
        self._require(time.tzinfo is None, _('be local time without a time zone'), value)
        return time

    def _require(self, fits: bool, expected: str, value: object) -> None:
        if not fits:
            msg = _('"{name}" must {expected}, got {value}').format(
                name=self.name, expected=expected, value=shown(value)
            )
            raise ValueError(msg)


def _is_number(value: Any) -> bool:
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and bool(abs(value) <= MAX_FLOAT)  # a whole number may have hundreds of digits


_PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    Any: (_('be given'), lambda _value: True),
    bool: (_('be true or false'), lambda value: isinstance(value, bool)),
    dict: (_('be a JSON object'), lambda value: isinstance(value, dict)),
    float: (_('be a number'), _is_number),
    str: (_('be a text'), lambda value: isinstance(value, str)),
}
"""Kinds that JSON has itself: what follows "must", and whether a value is of the kind."""


def _either(choices: tuple[object, ...]) -> str:
    *others, last = (f'"{choice}"' for choice in choices)
    if not others:
        return last
    return _('{others} or {last}').format(others=', '.join(others), last=last)


def _with_text_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_text_times(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
