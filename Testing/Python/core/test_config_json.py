"""
The reader of people's JSON.

One dataclass has a field of every kind; each case spoils one of them. What is
read must come back from what is written, and a call in Python obeys the same rules.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from VOIIdentificationLib.core.config_json import (
    LengthMM,
    Name,
    NotNegative,
    Positive,
    Rule,
    check_fields,
    from_json,
    parse_json,
    read_json,
    to_json,
)
from VOIIdentificationLib.core.errors import ActivityError, InputFileError
from VOIIdentificationLib.core.phantom import Insert


@dataclass(frozen=True)
class Part:
    """An object within."""

    size_mm: LengthMM
    doubt: NotNegative = 0.0

    def __post_init__(self):
        if self.doubt > self.size_mm:
            msg = 'more doubt than size'
            raise ActivityError(msg)


@dataclass(frozen=True)
class Whole:
    """A field of every kind."""

    name: Name
    made: datetime
    kind: Literal['round', 'flat', 'odd'] = 'round'
    weight: Positive | None = None
    opened: datetime | None = None
    main: Part = Part(1.0)
    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()
    even: Annotated[float, Rule('be even', lambda value: value % 2 == 0)] = 0.0
    used: bool = True
    note: str = ''
    more: dict[str, Any] = field(default_factory=dict)
    spare: Part | None = None


DATA = {'schema': 'whole/1', 'name': 'it', 'made': '2026-03-01T09:15:00'}
WHOLE = Whole(
    'it',
    datetime(2026, 3, 1, 9, 15, 0, 250000),
    'odd',
    weight=2.5,
    opened=datetime(2026, 3, 2),
    main=Part(3.0, 0.5),
    parts=(Part(1.0), Part(2.0)),
    names=('a', 'b'),
    even=4.0,
    used=False,
    note='x',
    more={'any': [1, None, {'deep': True}]},
    spare=Part(7.0),
)


def read(**changes):
    return from_json(Whole, DATA | changes, 'it.json', schema='whole/1')


def test_what_is_left_out_has_its_default():
    assert read() == Whole('it', datetime(2026, 3, 1, 9, 15))


def test_what_was_written_is_read_back_through_a_file(tmp_path):
    path = tmp_path / 'it.json'
    path.write_text(json.dumps(to_json(WHOLE, 'whole/1')), encoding='utf-8')

    assert from_json(Whole, read_json(path, 'whole'), str(path), schema='whole/1') == WHOLE


def test_written_times_are_texts_at_every_depth():
    assert to_json(WHOLE)['made'] == '2026-03-01T09:15:00.250000'
    assert 'schema' not in to_json(WHOLE)


def test_whole_numbers_become_the_floats_that_the_field_asks_for():
    found = read(weight=3, parts=[{'size_mm': 2}])

    assert type(found.weight) is float
    assert type(found.parts[0].size_mm) is float


def test_null_and_absence_mean_none_where_none_is_allowed():
    @dataclass(frozen=True)
    class Loose:
        first: float | None
        second: str | None

    assert from_json(Loose, {'first': None}, 'x') == Loose(None, None)


def test_blanks_round_a_name_are_no_part_of_it_but_other_texts_stay_as_typed():
    found = read(name=' it ', note=' x ')

    assert (found.name, found.note) == ('it', ' x ')


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'name': 7}, 'it.json: "name" must be a text, got 7'),
        ({'name': ' '}, 'it.json: "name" must be a text that is not empty, got \' \''),
        ({'name': None}, 'it.json: "name" must be a text, got None'),
        ({'made': 'noon'}, '"made" must be a time like "2026-03-01T09:15:00", got \'noon\''),
        ({'made': 7}, '"made" must be a time like "2026-03-01T09:15:00", got 7'),
        ({'made': None}, '"made" must be a time like "2026-03-01T09:15:00", got None'),
        ({'opened': '2026-03-01T09:15+01:00'}, '"opened" must be local time without a time zone'),
        ({'kind': 'square'}, '"kind" must be "round", "flat" or "odd", got \'square\''),
        ({'kind': []}, '"kind" must be "round", "flat" or "odd", got []'),
        ({'weight': 0}, '"weight" must be more than 0, got 0'),
        ({'weight': '2'}, '"weight" must be a number, got \'2\''),
        ({'weight': True}, '"weight" must be a number, got True'),
        ({'weight': float('inf')}, '"weight" must be a number, got inf'),
        ({'even': 3}, '"even" must be even, got 3'),
        ({'used': 1}, '"used" must be true or false, got 1'),
        ({'more': []}, '"more" must be a JSON object, got []'),
        ({'names': 'ab'}, '"names" must be a list, got \'ab\''),
        ({'names': ['a', 2]}, '"names" must be a text, got 2'),
        ({'main': 3}, 'it.json: main: expected a JSON object, got int'),
        ({'main': {'size_mm': -1}}, 'it.json: main: "size_mm" must be more than 0 mm, got -1'),
        ({'spare': {'size_mm': 1, 'doubt': -1}}, 'spare: "doubt" must be 0 or more, got -1'),
        ({'spare': {'size_mm': 1, 'doubt': 2}}, 'it.json: spare: more doubt than size'),
        ({'parts': [{'size_mm': 1}, {}]}, 'it.json: part 2: size_mm missing'),
        ({'parts': [{'size_mm': 1, 'x': 1}]}, "part 1: unknown key 'x'; known are size_mm, doubt"),
        ({'size': 1}, "it.json: unknown key 'size'; known are schema, name, made"),
        ({'schema': 'whole/2'}, "it.json: \"schema\" is 'whole/2', expected 'whole/1'"),
    ],
)
def test_what_is_wrong_is_said_with_place_field_value_and_what_is_expected(changes, sentence):
    with pytest.raises(InputFileError) as caught:
        read(**changes)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith('it.json')
    assert str(caught.value).count('it.json') == 1


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(InputFileError, match=r'^it\.json: name, made missing$'):
        from_json(Whole, {'schema': 'whole/1'}, 'it.json', schema='whole/1')


@pytest.mark.parametrize('data', [[], 'text', 3, None])
def test_what_is_no_object_is_refused(data):
    with pytest.raises(InputFileError, match=f'expected a JSON object, got {type(data).__name__}'):
        from_json(Whole, data, 'it.json')


def test_unknown_keys_may_be_left_out():
    data = asdict(Part(2.0)) | {'color': 'red'}

    assert from_json(Part, data, 'x', strict=False) == Part(2.0)


@pytest.mark.parametrize(
    'change', [{'weight': -1.0}, {'kind': 'square'}, {'parts': ({'size_mm': 1},)}]
)
def test_a_call_in_python_obeys_the_same_rules(change):
    check_fields(WHOLE)

    with pytest.raises(ValueError, match=next(iter(change)).removesuffix('s')):
        check_fields(replace(WHOLE, **change))
    with pytest.raises(ActivityError):
        check_fields(replace(WHOLE, **change), ActivityError)


def test_text_that_is_no_json_is_named(tmp_path):
    path = tmp_path / 'it.json'
    with pytest.raises(InputFileError, match=r'the whole file .*it\.json cannot be read: No such'):
        read_json(path, 'whole')
    path.write_bytes(b'\xff\xfe{')
    with pytest.raises(InputFileError, match=r'it\.json is not text in UTF-8'):
        read_json(path, 'whole')
    with pytest.raises(InputFileError, match='the scene is not JSON'):
        parse_json('{', 'the scene')


@pytest.mark.parametrize('text', ['[' * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_without_end_is_a_sentence(text):
    with pytest.raises(InputFileError, match='the scene is nested too deep'):
        parse_json(text, 'the scene')


def test_a_key_that_stands_twice_is_refused():
    """JSON itself would keep the last one, without a word."""
    with pytest.raises(InputFileError, match="the key 'volume_ml' stands there twice"):
        parse_json('{"volume_ml": 1, "a": {}, "volume_ml": 2}', 'the scene')


@pytest.mark.parametrize('number', ['1' + '0' * 400, '-1' + '0' * 400, '1e999', 'NaN', 'Infinity'])
def test_a_number_that_no_float_can_hold_is_refused(number):
    with pytest.raises(InputFileError, match='"diameter_mm" must be'):
        from_json(Insert, parse_json(f'{{"label": "a", "diameter_mm": {number}}}', 'it'), 'it')


def test_a_message_quotes_a_large_value_in_short():
    with pytest.raises(InputFileError) as caught:
        from_json(Insert, {'label': ['x' * 1000] * 10_000, 'diameter_mm': 1}, 'it')
    assert len(str(caught.value)) < 1000
