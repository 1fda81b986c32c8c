"""The typed fill worksheet as the line of JSON that a scene keeps."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from ..activity.worksheet_json import parse_worksheet
from ..core.config_json import parse_json
from ..core.errors import InputFileError
from .worksheet_form import FillForm, WorksheetForm, form_of_worksheet

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
    return json.dumps({'schema': FORM_SCHEMA, **asdict(form)}, ensure_ascii=False)


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
    data = parse_json(text, 'the worksheet in the scene')
    if not isinstance(data, dict) or data.get('schema') != FORM_SCHEMA:
        return form_of_worksheet(parse_worksheet(data, source_name='the scene'))
    return _form_of_json(data)


def _form_of_json(data: dict[str, Any]) -> WorksheetForm:
    """Of the kinds that the form has; what an older or newer form had besides is left out."""
    known = {one.name for one in fields(WorksheetForm)} - {'hot', 'background'}
    values = {name: value for name, value in data.items() if name in known}
    texts = known - {'decay_corrected', 'loaded'}
    fills = [data.get(name) or {} for name in ('hot', 'background')]
    typed = [values.get(name, '') for name in texts]
    if not (
        all(isinstance(fill, dict) for fill in fills)
        and all(isinstance(text, str) for fill in fills for text in fill.values())
        and all(isinstance(text, str) for text in typed)
        and isinstance(values.get('decay_corrected', True), bool)
        and isinstance(values.get('loaded', {}), dict)
    ):
        msg = 'the worksheet in the scene holds something that is not text'
        raise InputFileError(msg)
    names = {one.name for one in fields(FillForm)}
    hot, background = (FillForm(**{n: t for n, t in fill.items() if n in names}) for fill in fills)
    return WorksheetForm(hot=hot, background=background, **values)
