"""Printing: what is said where nothing can print."""

import pytest
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.report.page import pdf


def test_without_a_browser_it_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, 'which', lambda _name: None)
    monkeypatch.setattr(pdf, 'find_spec', lambda _name: None)

    with pytest.raises(OutputError, match=r'Chromium, Chrome or Edge.*WeasyPrint'):
        pdf.write_pdf(tmp_path / 'page.html', tmp_path / 'page.pdf')


def test_a_browser_that_fails_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, 'which', lambda _name: '/bin/false')

    with pytest.raises(OutputError, match='/bin/false did not print the page'):
        pdf.write_pdf(tmp_path / 'page.html', tmp_path / 'page.pdf')
