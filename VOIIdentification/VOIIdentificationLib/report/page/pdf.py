"""``report.pdf``: the page as it prints, by a browser or by WeasyPrint, whichever is at hand."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ...core.errors import OutputError

PDF_NAME = 'report.pdf'

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome', 'msedge')
"""Programs that print a page without a window; looked for on the path."""

_FLAGS = (
    *('--headless', '--disable-gpu', '--no-first-run', '--disable-sync'),
    *('--disable-background-networking', '--disable-component-update', '--no-pdf-header-footer'),
)
_TIMEOUT_S = 120.0


def write_pdf(page: Path, pdf: Path) -> None:
    """
    Print the page.

    Parameters
    ----------
    page : `pathlib.Path`
        The page, which needs no other file.

    pdf : `pathlib.Path`
        The file to write.

    Raises
    ------
    OutputError
        If nothing here can print it, or it was not printed.
    """
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is not None:
        _print_with_browser(browser, page, pdf)
    elif find_spec('weasyprint') is not None:
        import weasyprint

        weasyprint.HTML(filename=str(page)).write_pdf(str(pdf))
    else:
        msg = (
            f'{PDF_NAME} needs Chromium, Chrome or Edge on the path, or the Python package '
            'WeasyPrint. Without --pdf all other files are written; the page prints from any '
            'browser.'
        )
        raise OutputError(msg)


def _print_with_browser(browser: str, page: Path, pdf: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser, *_FLAGS, *_sandbox(), f'--user-data-dir={profile}']
        command += [f'--print-to-pdf={pdf.resolve()}', page.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            msg = f'{browser} did not print the page within {_TIMEOUT_S:g} s'
            raise OutputError(msg) from error
    if not pdf.is_file():
        said = done.stderr.decode(errors='replace').strip().splitlines()
        msg = f'{browser} did not print the page: {said[-1] if said else done.returncode}'
        raise OutputError(msg)


def _sandbox() -> list[str]:
    """Chromium refuses its sandbox to root, as in containers; the page is our own."""
    import os

    return ['--no-sandbox'] if getattr(os, 'geteuid', lambda: 1)() == 0 else []
