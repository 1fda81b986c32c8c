"""``report.html``: the page from a result, by templates that are files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...core.plain_text import printable
from ...core.resources import resource_directory
from ...results import AnalysisResult
from ..formats import result_tables
from ..method import MethodRow, doubts, method_rows
from ..summary import report_title, scan_facts
from ..verdicts import outcomes, said_once
from .chart import charts
from .contents import (
    METHOD_APART,
    Definitions,
    MethodSection,
    method_sections,
    page_tables,
    summary_table,
)
from .numbers import value_text
from .pictures import page_pictures

PAGE_NAME = 'report.html'
TEMPLATE_PACKAGE = 'jinja2'

_TEMPLATE = 'report.html.j2'
_CALIBRATION_TABLES = (
    'cylinder',
    'cylinder_limits',
    'activity',
    'nema_summary',
    'background_variability',
)
"""Shown right after the plots, before all other tables, where they are there."""


_HEADINGS = {
    'charts': 'Against diameter',
    'views': 'The plane of the spheres and two planes across it',
    'first': 'Activity, background and noise',
    'strip': 'All slices with spheres or background ROIs',
}
_CYLINDER_HEADINGS = {
    'charts': 'Against slice',
    'views': 'The middle of the cylinder and two planes across it',
    'first': 'Cylinder and activity',
    'strip': 'All slices with the VOI of the cylinder',
}
"""Of the sections that speak of what was measured."""

_PROVENANCE = (
    *('Software/Name', 'Software/Version', 'Image/Series instance UID'),
    *('Image/SHA-256 of the voxels', 'Settings/counting', 'Settings/refinement'),
)
"""Lines of the method that stand below the signature, on paper too."""


def page_hindrance() -> str:
    """
    Why the page cannot be written here.

    Returns
    -------
    sentence : str
        Empty if it can.
    """
    if find_spec(TEMPLATE_PACKAGE) is not None:
        return ''
    return (
        f'{PAGE_NAME} was not written: it needs the Python package {TEMPLATE_PACKAGE}, which is '
        f'not installed. All other files are complete. "pip install {TEMPLATE_PACKAGE}" brings it.'
    )


def write_page(path: Path, result: AnalysisResult, *, identify: bool = False) -> None:
    """
    Write the page.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    result : AnalysisResult
        What was found.

    identify : bool, optional
        True names the patient, as the header does.

    Raises
    ------
    ModuleNotFoundError
        If Jinja2 is not installed.

    OSError
        If the file cannot be written.
    """
    path.write_text(page_html(result, identify=identify), encoding='utf-8', newline='\n')


def page_html(result: AnalysisResult, *, identify: bool = False) -> str:
    """
    The page as one text that needs no other file, no network and no JavaScript.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    identify : bool, optional
        True names the patient, as the header does.

    Returns
    -------
    html : str
        Every text of the result is escaped.

    Raises
    ------
    ModuleNotFoundError
        If Jinja2 is not installed.
    """
    return str(_environment().get_template(_TEMPLATE).render(_context(result, identify)))


@cache
def _environment() -> Any:
    """Made once: compiling the templates takes as long as filling them."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_directory('Report')),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _context(result: AnalysisResult, identify: bool) -> dict[str, Any]:
    tables, method = result_tables(result), method_rows(result)
    by_key = {table.key: table for table in tables}
    terms = Definitions(tables, method)
    shown = {table.key: table for table in page_tables(result, tables, terms)}
    sections = method_sections(method)
    patient = [('Patient ID', result.image.acquisition.patient_id)] if identify else []
    first = [shown.pop(key) for key in _CALIBRATION_TABLES if key in shown]
    return {
        'title': report_title(result),
        'headings': _HEADINGS if result.cylinder is None else _CYLINDER_HEADINGS,
        'facts': [*patient, *scan_facts(result)],
        'verdict': result.verdict,
        'outcomes': said_once(result.verdict, outcomes(result)),
        'notes': (*result.contradictions, *doubts(result)),
        'summary': summary_table(result, tables, terms),
        'charts': charts(result, by_key),
        'pictures': page_pictures(result),
        'first_tables': first,
        'tables': list(shown.values()),
        'worksheet': _section(sections, 'Worksheet'),
        'method': [one for one in sections if one.title not in METHOD_APART],
        'definitions': terms.entries(),
        'provenance': [pair for name in _PROVENANCE for pair in _pairs(method, name)],
    }


def _pairs(method: Sequence[MethodRow], name: str) -> list[tuple[str, str]]:
    wanted = [row for row in method if (row.section, row.name) == tuple(name.split('/'))]
    return [(f'{row.section}: {row.name}', value_text(row.value)) for row in wanted]


def _section(sections: tuple[MethodSection, ...], title: str) -> MethodSection | None:
    return next((section for section in sections if section.title == title), None)
