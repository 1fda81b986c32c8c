"""The page: everything in one file, every text escaped, nobody named unasked."""

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_quality import quality_result
from made_results import INSERTS, made_result
from VOIIdentificationLib.core.plain_text import plain_text
from VOIIdentificationLib.report import export
from VOIIdentificationLib.report.export import export_results
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.page import write
from VOIIdentificationLib.report.page.write import page_hindrance, page_html

pytest.importorskip('jinja2')

VOID = {'meta', 'link', 'br', 'img', 'input'}
HOSTILE = (
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '{{ 7*7 }}{% raw %}',
    '=HYPERLINK("http://example.org")',
    '../../etc/passwd',
    'x' * 300,
    '🧪 S37',
    '\u202eثلث',
    'a\x00b\ud800',
)


class Page(HTMLParser):
    """Tags, attributes and text; complains of a tag that is not closed."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self._open = [], [], []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def values(self, name):
        return [attrs[name] for _tag, attrs in self.tags if attrs.get(name)]


@pytest.fixture(scope='module')
def html():
    return page_html(quality_result())


@pytest.fixture(scope='module')
def page(html):
    return Page(html)


def test_nothing_is_asked_for_outside_the_file(page):
    for address in (*page.values('src'), *page.values('href')):
        assert address.startswith(('data:', '#')), address
    style = ''.join(page.text)
    assert 'url(' not in style
    assert '@import' not in style


def test_no_script_is_needed(page):
    assert not [tag for tag, _attrs in page.tags if tag == 'script']
    assert not [name for _tag, attrs in page.tags for name in attrs if name.startswith('on')]


def test_every_name_is_given_once_and_every_link_has_a_target(page):
    names = page.values('id')

    assert len(set(names)) == len(names)
    assert {href[1:] for href in page.values('href') if href.startswith('#')} <= set(names)


def test_every_table_of_the_result_is_there_with_every_number(page):
    tables = result_tables(quality_result())

    assert {f'table-{table.key}' for table in tables} <= set(page.values('id'))
    text = ' '.join(page.text)
    for sphere in quality_result().recovery.spheres:
        assert f'{sphere.rc_max:.3f} ± ' in text
    for sphere in quality_result().nema.spheres:
        assert re.search(rf'{sphere.contrast_percent:.1f}\d? ± \d', text)


def test_a_picture_says_in_words_what_it_shows(page):
    pictures = [attrs for tag, attrs in page.tags if tag == 'svg' and 'aria-hidden' not in attrs]

    assert len(pictures) > 20
    assert all(attrs['role'] == 'img' and attrs['aria-label'] for attrs in pictures)


@pytest.mark.parametrize('text', HOSTILE)
def test_text_from_outside_is_shown_as_text(text):
    insert = replace(INSERTS[0], label=text)
    made = made_result(inserts=(insert, *INSERTS[1:]), notes=(text,))
    scan = replace(
        made.image.acquisition,
        **dict.fromkeys(('series_description', 'manufacturer', 'model', 'patient_id'), text),
    )
    named = replace(made, image=replace(made.image, acquisition=scan), analyzed_at=text)
    named = replace(named, phantom=replace(named.phantom, name=text))
    shown = plain_text(text)

    html = page_html(named, identify=True)

    page = Page(html)
    html.encode('utf-8')
    assert not [tag for tag, _attrs in page.tags if tag in ('script', 'img')]
    assert sum(shown in part for part in page.text) > 5
    assert not [value for value in page.values('href') if 'example' in value]


def test_the_patient_is_named_only_if_asked_for():
    made = made_result()
    scan = replace(made.image.acquisition, patient_id='ID-4711')
    result = replace(made, image=replace(made.image, acquisition=scan))

    assert 'ID-4711' not in page_html(result)
    assert 'ID-4711' in page_html(result, identify=True)


@pytest.mark.parametrize('known', [True, False])
def test_the_page_is_small_and_quick(known):
    result = quality_result(known=known)
    page_html(result)
    start = time.process_time()

    html = page_html(result)

    assert time.process_time() - start < 1.0
    assert len(html.encode()) < 3_000_000


def test_a_result_without_spheres_still_has_a_page():
    made = made_result(background=False)

    html = page_html(replace(made, spheres=()))

    assert 'not judged' in html
    Page(html)


def test_rois_that_are_nearer_than_the_rule_are_named_once(page):
    """No phantom has room for twelve: a note of the method, not a doubt of every run."""
    text = [part for part in page.text if part.startswith("to the phantom's edge, less")]

    assert len(text) == 1
    assert 'BG04' in text[0]


def test_without_jinja_every_other_file_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(write, 'TEMPLATE_PACKAGE', 'no_such_package')

    paths = export_results(made_result(), tmp_path / 'out')

    names = {path.name for path in paths}
    assert 'report.html' not in names
    assert {'results.json', 'results.csv', 'outputMetaTargets.xlsx'} <= names
    assert 'no_such_package' in page_hindrance()
    assert 'report.html' in page_hindrance()


def test_an_export_writes_the_page_and_replaces_it(tmp_path, monkeypatch):
    monkeypatch.setattr(export, 'write_workbooks', lambda *_args, **_more: None)
    export_results(made_result(notes=('first',)), tmp_path)

    paths = export_results(made_result(notes=('second',)), tmp_path, overwrite=True)

    assert tmp_path / 'report.html' in paths
    text = (tmp_path / 'report.html').read_text(encoding='utf-8')
    assert 'second' in text
    assert 'first</bdi>' not in text
