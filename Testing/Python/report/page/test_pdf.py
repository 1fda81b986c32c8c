"""Printing: what is said where nothing can print."""

import re

import pytest
from made_quality import quality_result
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.report.page import pdf
from VOIIdentificationLib.report.page.write import page_html


def test_without_a_browser_it_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, 'which', lambda _name: None)
    monkeypatch.setattr(pdf, 'find_spec', lambda _name: None)

    with pytest.raises(OutputError, match=r'Chromium, Chrome or Edge.*WeasyPrint'):
        pdf.write_pdf(tmp_path / 'page.html', tmp_path / 'page.pdf')


def test_a_browser_that_fails_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, 'which', lambda _name: '/bin/false')

    with pytest.raises(OutputError, match='/bin/false did not print the page'):
        pdf.write_pdf(tmp_path / 'page.html', tmp_path / 'page.pdf')


def test_shapes_are_drawn_by_readers_that_know_no_style_sheet():
    """WeasyPrint reads none within SVG: lines were filled black, letters of one size."""
    page = page_html(quality_result())

    for shape in re.findall(r'<(?:polyline|polygon)[^>]*>', page):
        assert 'fill="none"' in shape or 'fill-opacity' in shape
    for text in re.findall(r'<text[^>]*>', page):
        assert 'font-size=' in text
        assert 'text-anchor=' in text
    for path in re.findall(r'<path [^>]*class="(?:axis|grid|error)"[^>]*>', page):
        assert 'fill="none"' in path
        assert 'stroke="#' in path


def test_weasyprint_prints_it_where_there_is_no_browser(tmp_path, monkeypatch):
    pytest.importorskip('weasyprint')
    monkeypatch.setattr(pdf.shutil, 'which', lambda _name: None)
    (tmp_path / 'page.html').write_text(page_html(quality_result()), encoding='utf-8')

    pdf.write_pdf(tmp_path / 'page.html', tmp_path / 'page.pdf')

    assert (tmp_path / 'page.pdf').read_bytes().startswith(b'%PDF')
