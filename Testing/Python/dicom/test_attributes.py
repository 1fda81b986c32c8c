"""The table of attributes is what the document says and what the readers ask for."""

import re

import pytest
from paths import LIBRARY, ROOT
from VOIIdentificationLib.dicom.attributes import ATTRIBUTES, WANTED, known, tag_of, tag_text

DOCUMENT = (ROOT / 'docs' / 'dicom.md').read_text(encoding='utf-8')


@pytest.mark.parametrize('row', ATTRIBUTES, ids=lambda row: row.keyword)
def test_every_attribute_is_documented_as_it_is_handled(row):
    line = (
        f'| {tag_text(row.keyword)} | {row.use} | {row.missing} | {row.odd} | '
        f'{row.differs.value} | {row.partly.value} |'
    )
    assert line in DOCUMENT


def test_the_document_lists_no_other_attribute():
    table = DOCUMENT.partition('## Every attribute that is read')[2]
    documented = re.findall(r'^\| (\w+) \([\dA-F]{4},[\dA-F]{4}\) \|', table, re.MULTILINE)
    assert documented == [row.keyword for row in ATTRIBUTES]
    assert len(set(documented)) == len(documented)


def test_every_keyword_of_a_header_that_the_library_asks_for_is_in_the_table():
    listed = {row.keyword for row in ATTRIBUTES} | set(WANTED)
    asked = set()
    for path in (LIBRARY / 'dicom').glob('*.py'):
        text = path.read_text(encoding='utf-8')
        asked |= set(re.findall(r"file\.(?:text|texts|line|number|integer|numbers)\('(\w+)'", text))
    assert len(asked) > 15
    assert asked <= listed


def test_tags_are_those_of_dicom():
    assert tag_of('Units') == 0x00541001
    assert known('PatientWeight') == (0x00101030, 'DS')
    assert tag_text('DecayFactor') == 'DecayFactor (0054,1321)'
