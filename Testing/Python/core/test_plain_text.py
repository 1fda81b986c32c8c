"""Text that no terminal obeys, whoever wrote it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from VOIIdentificationLib.core.plain_text import plain_data, plain_line, plain_text, shown

HARMFUL = (
    '\x00',
    '\x07',
    '\x08',
    '\r',
    '\x1b',
    '\x7f',
    '\x85',
    '\x9b',
    '\u202e',
    '\u2066',
    '\ud800',
)


@pytest.mark.parametrize('character', HARMFUL)
def test_what_a_terminal_obeys_is_written_as_an_escape(character):
    text = plain_text(f'a{character}b')
    assert text.startswith('a\\')
    assert text.endswith('b')
    assert text.isprintable()


@pytest.mark.parametrize(
    'text', ['Größe 37 mm', 'S37 ± 0.1 µm', '球 37', 'कि', 'a\nb\tc', '👩‍🔬', 'a\\x1b']
)
def test_what_people_write_stays(text):
    assert plain_text(text) == text


def test_a_line_stays_one_line():
    assert plain_line('S37\nResults: /elsewhere\t') == r'S37\nResults: /elsewhere\t'


@given(st.text(st.characters()))
def test_nothing_gets_through(text):
    """By the categories of the Unicode database, not by the list in the code."""
    plain = plain_text(text)
    assert {unicodedata.category(c) for c in plain if c not in '\n\t'}.isdisjoint(
        {'Cc', 'Cs', 'Zl', 'Zp'}
    )
    assert not any(unicodedata.bidirectional(c) in BIDI_CONTROLS for c in plain)
    assert plain_text(plain) == plain
    plain.encode('utf-8')
    assert plain_line(text).splitlines() in ([], [plain_line(text)])


BIDI_CONTROLS = {'LRE', 'RLE', 'LRO', 'RLO', 'PDF', 'LRI', 'RLI', 'FSI', 'PDI'}


def test_data_keep_their_shape():
    data = {'a\x1b': [1, None, ('b\x9b', True)], 'c': 2.5}
    assert plain_data(data) == {r'a\x1b': [1, None, [r'b\x9b', True]], 'c': 2.5}
    json.dumps(plain_data(data))


def test_a_long_value_is_shown_in_short():
    assert shown('ab') == "'ab'"
    assert len(shown('x' * 10**6)) < 100
    assert len(shown({'k' * 1000: ['v' * 1000] * 1000})) < 1000
