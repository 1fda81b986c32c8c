"""The page in a real browser: silent, self-contained, readable at every width, accessible."""

import re

import pytest
from chromium import Chromium, axe_source
from made_quality import quality_result
from made_results import INSERTS, made_result
from VOIIdentificationLib.report.page.pdf import write_pdf
from VOIIdentificationLib.report.page.write import write_page

pytest.importorskip('jinja2')

VIEWS = [(390, 'light'), (390, 'dark'), (1024, 'light'), (1920, 'dark'), (1920, 'light')]


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """Three results: everything known, the activity unknown, and hardly anything."""
    folder = tmp_path_factory.mktemp('pages')
    results = {
        'whole': quality_result(),
        'unknown': quality_result(known=False),
        'small': made_result('oblique', notes=('<b>' + 'x' * 300, '\u202eثلث'), inserts=INSERTS),
    }
    for name, result in results.items():
        write_page(folder / f'{name}.html', result)
    return folder


@pytest.fixture(scope='module')
def browser():
    with Chromium() as opened:
        yield opened


@pytest.mark.parametrize('name', ['whole', 'unknown', 'small'])
@pytest.mark.parametrize(('width', 'scheme'), VIEWS)
def test_it_is_silent_and_fits(browser, pages, name, width, scheme):
    path = pages / f'{name}.html'

    browser.open(path, width=width, scheme=scheme)

    assert browser.messages == []
    outside = [url for url in browser.requests if not url.startswith('data:')]
    assert outside == [path.as_uri()]
    assert browser.evaluate('document.documentElement.scrollWidth') <= width
    broken = 'document.querySelectorAll("svg image").length'
    assert browser.evaluate(broken) > 5


@pytest.mark.parametrize('name', ['whole', 'unknown', 'small'])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_no_violation(browser, pages, name, scheme):
    axe_source()
    browser.open(pages / f'{name}.html', width=1280, scheme=scheme)
    assert browser.violations() == []


def test_axe_would_find_one(browser, pages):
    axe_source()
    browser.open(pages / 'small.html')
    browser.evaluate('document.querySelector("svg.picture").removeAttribute("aria-label")')
    browser.evaluate('document.querySelector("p").style.color = "#999"')

    found = ' '.join(browser.violations())

    assert 'svg-img-alt' in found
    assert 'color-contrast' in found


def test_a_slice_is_enlarged_without_javascript(browser, pages):
    browser.open(pages / 'whole.html')
    width = 'document.querySelector(".strip figure:nth-child(3)").offsetWidth'
    before = browser.evaluate(width)

    browser.evaluate('document.querySelector(".strip figure:nth-child(3) a").click()')

    assert browser.evaluate(width) > 2 * before


def test_a_table_is_reached_by_keyboard(browser, pages):
    browser.open(pages / 'whole.html', width=390)
    browser.evaluate('document.querySelector("#table-summary").parentElement.focus()')

    assert browser.evaluate('document.activeElement.className') == 'scroll'
    assert browser.evaluate('document.activeElement.scrollWidth > innerWidth')


@pytest.mark.parametrize('name', ['whole', 'unknown'])
def test_it_prints_on_two_or_three_pages_of_a4(browser, pages, tmp_path, name):
    browser.open(pages / f'{name}.html')

    browser.pdf(tmp_path / 'page.pdf')

    data = (tmp_path / 'page.pdf').read_bytes()
    assert 2 <= len(re.findall(rb'/Type\s*/Page\b', data)) <= 3
    sizes = re.findall(rb'/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]', data)
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)}


def test_dark_mode_is_not_printed(browser, pages):
    browser.open(pages / 'whole.html', scheme='dark')
    color = 'getComputedStyle(document.documentElement).backgroundColor'
    dark = browser.evaluate(color)

    browser.call('Emulation.setEmulatedMedia', media='print')

    assert dark != 'rgb(255, 255, 255)'
    assert browser.evaluate(color) == 'rgb(255, 255, 255)'


def test_the_export_prints_it_too(browser, pages, tmp_path):
    assert browser  # there is a Chromium
    write_pdf(pages / 'small.html', tmp_path / 'report.pdf')

    assert (tmp_path / 'report.pdf').read_bytes().startswith(b'%PDF')
