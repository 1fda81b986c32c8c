"""The typed fill worksheet as the line of JSON that a scene keeps."""

from __future__ import annotations

import json

from ..activity.worksheet_json import parse_worksheet
from ..core.config_json import from_json, parse_json, to_json
from .worksheet_form import WorksheetForm, form_of_worksheet

FORM_SCHEMA = 'voi-identification/worksheet-form/1'


def form_to_text(form: WorksheetForm) -> str:
    """
    A form as the text that a scene keeps.

    Parameters
    ----------
    form : WorksheetForm
        As typed.

    Returns
    -------
    text : str
        JSON in one line; empty for a form in which nothing was typed.
    """
    if form == WorksheetForm():
        return ''
    return json.dumps(to_json(form, FORM_SCHEMA), ensure_ascii=False)


def form_from_text(text: str) -> WorksheetForm:
    """
    The form that a scene remembers.

    Parameters
    ----------
    text : str
        From `form_to_text`, or the JSON of an activity file.

    Returns
    -------
    form : WorksheetForm
        As it was typed.

    Raises
    ------
    InputFileError
        If the text holds no worksheet.
    """
    if not text:
        return WorksheetForm()
    source = 'the worksheet in the scene'
    data = parse_json(text, source)
    if not isinstance(data, dict) or data.get('schema') != FORM_SCHEMA:
        return form_of_worksheet(parse_worksheet(data, source_name=source))
    return from_json(WorksheetForm, data, source, strict=False)  # older and newer forms differ
