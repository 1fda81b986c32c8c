"""Sentences: English for everybody, translated by who asks what they were made of."""

import copy
import json
import pickle
from datetime import datetime
from pathlib import Path

import pytest
from paths import LIBRARY
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.core.sentence import (
    Sentence,
    changed,
    joined,
    sentence_of,
    sentences,
)

_ = sentences('VOIIdentificationLib.dicom.suv')

GERMAN = {
    '{count} files of {folder}': '{folder} hat {count} Dateien',
    'the worksheet': 'das Arbeitsblatt',
    '{what} was written at {time:%H:%M}': '{time:%H.%M}: {what} geschrieben',
    ' and ': ' und ',
}


def in_german(context, text):
    assert context == 'dicom.suv'
    return GERMAN.get(text, text)


def marked(_context, text):
    return f'«{text}»'


def capital(text):
    return text[:1].upper() + text[1:]


def test_it_is_english_for_everybody_else():
    text = _('{count:.1f} files of {folder}').format(count=2, folder=Path('a'))

    assert text == '2.0 files of a'
    assert str(text) == f'{text}' == '2.0 files of a'
    assert type(str(text)) is str
    assert json.loads(json.dumps({text: text})) == {'2.0 files of a': '2.0 files of a'}
    assert {text: 1}['2.0 files of a'] == 1
    assert str(SeriesError(text)) == '2.0 files of a'


def test_braces_stay_until_it_is_formatted():
    assert _('a {brace} and {{two}}') == 'a {brace} and {{two}}'
    assert _('{{two}} and {value}').format(value='{x}') == '{two} and {x}'


def test_a_translator_may_need_another_order_and_another_format():
    text = _('{count} files of {folder}').format(count=2, folder='x')
    written = _('{what} was written at {time:%H:%M}').format(
        what=_('the worksheet'), time=datetime(2026, 3, 1, 9, 15)
    )

    assert text.translated(in_german) == 'x hat 2 Dateien'
    assert written == 'the worksheet was written at 09:15'
    assert written.translated(in_german) == '09.15: das Arbeitsblatt geschrieben'


def test_a_value_may_have_any_name():
    assert _('{self} of {template}').format(self=1, template=2) == '1 of 2'


@pytest.mark.parametrize(
    'broken',
    [
        '{count} Dateien',
        '{count} Dateien in {ordner}',
        '{count} Dateien in {folder} von {whom}',
        '{count} Dateien in {folder',
        '{count} Dateien in {}',
        '{count:%%} Dateien in {folder}',
        '{folder.parent} hat {count} Dateien',
    ],
)
def test_a_translation_that_lost_a_placeholder_is_left_for_english(broken):
    text = _('{count} files of {folder}').format(count=2, folder='x')

    assert text.translated(lambda _context, _text: broken) == '2 files of x'


def test_what_is_not_formatted_needs_no_placeholders():
    assert _('write {name}').translated(lambda *_: 'schreibe {namen}') == 'schreibe {namen}'


def test_sentences_within_a_sentence_are_translated_too():
    inner = _('{count} files of {folder}').format(count=2, folder=_('the worksheet'))
    outer = _('{what} was written at {time:%H:%M}').format(
        what=inner, time=datetime(2026, 3, 1, 9, 15)
    )

    assert outer == '2 files of the worksheet was written at 09:15'
    assert outer.translated(in_german) == '09.15: das Arbeitsblatt hat 2 Dateien geschrieben'
    assert outer.translated(marked) == '««2 files of «the worksheet»» was written at 09:15»'


def test_joined_sentences_are_translated_one_by_one():
    text = joined([_('the worksheet'), 'x {y}', _('{n} more').format(n=3)], _(' and '))

    assert text == 'the worksheet and x {y} and 3 more'
    assert text.translated(in_german) == 'das Arbeitsblatt und x {y} und 3 more'
    assert text.translated(marked) == '«the worksheet»« and »x {y}« and »«3 more»'
    assert joined([]) == ''
    assert joined(['one'], '; ') == 'one'
    assert joined(['one', 'two']) == 'one two'


def test_what_was_done_to_a_sentence_is_done_to_its_translation():
    text = changed(_('the worksheet'), capital)

    assert text == 'The worksheet'
    assert text.translated(in_german) == 'Das Arbeitsblatt'
    assert changed(text, str.upper).translated(in_german) == 'DAS ARBEITSBLATT'
    assert changed('plain', capital) == 'Plain'


def test_names_within_can_be_changed_and_its_own_words_stay():
    inner = _('a\nb of {name}').format(name='x\ny')
    text = joined((_('{path}: {error}, {count:d}').format(
        path=Path('c\nd'), error=OSError('e\nf'), count=3), inner), '\n')  # fmt: skip

    assert text.with_values(lambda value: value.replace('\n', '/')) == 'c/d: e/f, 3\na\nb of x/y'
    assert text == 'c\nd: e\nf, 3\na\nb of x\ny'
    assert _('{brace}').with_values(str.upper) == '{brace}'


@pytest.mark.parametrize('copied', [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy])
def test_it_survives_the_way_to_another_process(copied):
    inner = _('{count} files of {folder}').format(count=2, folder=Path('x'))
    text = changed(joined([inner, _('the worksheet')], '; '), capital)

    there = copied(text)

    assert type(there) is Sentence
    assert there == text
    assert vars(there) == vars(text)
    assert there.translated(in_german) == 'X hat 2 Dateien; das Arbeitsblatt'
    error = copied(SeriesError(text))
    assert sentence_of(error).translated(in_german) == 'X hat 2 Dateien; das Arbeitsblatt'


def test_an_error_gives_its_sentence_or_its_text():
    text = _('the worksheet')

    assert sentence_of(SeriesError(text)) is text
    assert sentence_of(SeriesError('plain')) == 'plain'
    assert sentence_of(OSError(2, 'gone')) == '[Errno 2] gone'
    assert sentence_of(ValueError()) == ''


@pytest.mark.parametrize(
    'path', sorted(LIBRARY.rglob('*.py')), ids=lambda path: path.relative_to(LIBRARY).as_posix()
)
def test_the_context_is_what_slicer_makes_of_the_file(path):
    """As update_translations.py does: folder, if it is a package, and file."""
    assert (path.parent / '__init__.py').is_file()
    parts = path.relative_to(LIBRARY.parent).with_suffix('').parts

    assert sentences('.'.join(parts))('x').context == f'{path.parent.name}.{path.stem}'
