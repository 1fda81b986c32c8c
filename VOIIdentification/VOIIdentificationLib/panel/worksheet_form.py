"""The fill worksheet as text that a user types: half filled, checked, kept with the scene."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from ..activity.clock import moment
from ..activity.isotopes import ISOTOPES
from ..activity.worksheet import FillWorksheet
from ..activity.worksheet_json import ACTIVITY_SCHEMA, parse_worksheet, worksheet_to_json
from ..core.config_json import from_json, parse_json, to_json
from ..core.errors import InputFileError, PhantomError
from ..core.sentence import sentence_of, sentences
from ..suv.scan_facts import ScanFacts
from .typed_numbers import (
    ASSAY,
    CALIBRATOR,
    DURATION,
    HALF_LIFE,
    RESIDUAL,
    VOLUME,
    number,
    optional_number,
)

_ = sentences(__name__)  # what is refused goes into the files that are exported, in English

DEFAULT_ISOTOPE = 'F-18'
"""Of the phantom measurements that the standards describe."""

_TIMES = ('assay_time', 'residual_time')

FORM_SCHEMA = 'voi-identification/worksheet-form/1'


@dataclass(frozen=True)
class FillForm:
    """
    One syringe as typed; empty where nothing is.

    Attributes
    ----------
    assay, residual : str
        Activity of the full and of the emptied syringe, in MBq.

    assay_time, residual_time : str
        ``'2026-03-01 09:15:00'``, or ``'09:15'`` on the day of the scan.

    volume : str
        In milliliter.
    """

    assay: str = ''
    assay_time: str = ''
    residual: str = ''
    residual_time: str = ''
    volume: str = ''

    @property
    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not any(value.strip() for value in asdict(self).values())


@dataclass(frozen=True)
class WorksheetForm:
    """
    The whole worksheet as typed.

    Attributes
    ----------
    hot, background : FillForm
        The two fills; an empty one was not made.

    isotope : str
        Name in the table of isotopes.

    half_life : str
        In seconds; empty for that of the table.

    scan_start : str
        As the times of a fill, with its date.

    duration : str
        In seconds; empty for 0.

    calibrator : str
        Standard uncertainty of the calibrator, in percent; empty for the default.

    decay_corrected : bool
        False if the image shows the mean of the scan, not its start.

    loaded : dict
        The worksheet that the form was filled from, as JSON: it may hold
        uncertainties that the form does not show.
    """

    hot: FillForm = FillForm()
    background: FillForm = FillForm()
    isotope: str = DEFAULT_ISOTOPE
    half_life: str = ''
    scan_start: str = ''
    duration: str = ''
    calibrator: str = ''
    decay_corrected: bool = True
    loaded: dict[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing was filled in; facts of the scan alone tell no activity."""
        return self.hot.empty and self.background.empty


def worksheet_of_form(form: WorksheetForm) -> FillWorksheet | None:
    """
    Check what was typed and make a worksheet of it.

    Parameters
    ----------
    form : WorksheetForm
        As typed.

    Returns
    -------
    worksheet : FillWorksheet or None
        None if nothing was filled in: the activity is unknown.

    Raises
    ------
    InputFileError
        If something is missing or makes no sense; the sentence names it.
    """
    if form.empty:
        return None
    start = moment(form.scan_start, _('the scan start'), None)
    values: dict[str, Any] = {
        'schema': ACTIVITY_SCHEMA,
        **{key: value for key, value in form.loaded.items() if key not in {'hot', 'background'}},
        'isotope': form.isotope or DEFAULT_ISOTOPE,
        'half_life_s': _half_life(form),
        'scan_start': start.isoformat(),
        'scan_duration_s': optional_number(form.duration, DURATION) or 0.0,
        'decay_corrected': form.decay_corrected,
    }
    if form.isotope != form.loaded.get('isotope'):
        values.pop('half_life_sd_s', None)
    if form.calibrator.strip():
        values['calibrator_sd_percent'] = number(form.calibrator, CALIBRATOR)
    else:
        values.pop('calibrator_sd_percent', None)
    said = {'hot': _('hot'), 'background': _('background')}
    for name, fill in (('hot', form.hot), ('background', form.background)):
        if not fill.empty:
            values[name] = {
                **(form.loaded.get(name) or {}),
                **_fill_values(fill, said[name], start),
            }
    return parse_worksheet(values, source_name=_('worksheet'))


def unused_worksheet(error: PhantomError) -> str:
    """
    What is said where a worksheet cannot be used.

    Parameters
    ----------
    error : PhantomError
        Why.

    Returns
    -------
    note : Sentence
        The panel translates it; exported files have it in English.
    """
    said = _('The worksheet is not used, the activity is unknown: {reason}')
    return said.format(reason=sentence_of(error))


def form_of_worksheet(worksheet: FillWorksheet) -> WorksheetForm:
    """
    Show a worksheet as text.

    Parameters
    ----------
    worksheet : FillWorksheet
        E.g. from a file.

    Returns
    -------
    form : WorksheetForm
        `worksheet_of_form` makes the same worksheet of it.
    """
    data = worksheet_to_json(worksheet)
    return WorksheetForm(
        hot=_fill_form(data['hot']),
        background=_fill_form(data['background']),
        isotope=worksheet.isotope,
        half_life=_text(worksheet.half_life_s),
        scan_start=_time_text(worksheet.scan_start),
        duration=_text(worksheet.scan_duration_s or None),
        calibrator=_text(worksheet.calibrator_sd_percent),
        decay_corrected=worksheet.decay_corrected,
        loaded=data,
    )


def form_of_scan(facts: ScanFacts) -> WorksheetForm:
    """
    Begin a worksheet with what the header tells.

    Parameters
    ----------
    facts : ScanFacts
        Of the scan.

    Returns
    -------
    form : WorksheetForm
        Without fills: the activity is unknown.
    """
    return WorksheetForm(
        isotope=facts.isotope or DEFAULT_ISOTOPE,
        half_life=_text(facts.half_life_s),
        scan_start='' if facts.scan_start is None else _time_text(facts.scan_start),
        duration=_text(facts.scan_duration_s),
        decay_corrected=facts.decay_corrected is not False,
    )


def header_of_form(form: WorksheetForm) -> dict[str, Any]:
    """
    What a form without fills says of the scan, for a worksheet that leaves it out.

    Parameters
    ----------
    form : WorksheetForm
        From `form_of_scan`.

    Returns
    -------
    header : dict
        By the keys of a worksheet, as `load_worksheet` takes it.
    """
    said: dict[str, Any] = {
        'isotope': form.isotope,
        'half_life_s': optional_number(form.half_life, HALF_LIFE),
        'scan_start': form.scan_start or None,
        'scan_duration_s': optional_number(form.duration, DURATION),
        'decay_corrected': form.decay_corrected,
    }
    return {key: value for key, value in said.items() if value is not None}


def with_whole_times(form: WorksheetForm) -> WorksheetForm:
    """
    Write the day of the scan before every time of day, for the user to see.

    Parameters
    ----------
    form : WorksheetForm
        As typed.

    Returns
    -------
    form : WorksheetForm
        Unchanged where the scan start or a time cannot be read.
    """
    try:
        start = moment(form.scan_start, _('the scan start'), None)
    except InputFileError:
        return form
    return replace(
        form,
        scan_start=_time_text(start),
        hot=_with_whole_times(form.hot, start),
        background=_with_whole_times(form.background, start),
    )


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
    source = _('the worksheet in the scene')
    data = parse_json(text, source)
    if not isinstance(data, dict) or data.get('schema') != FORM_SCHEMA:
        return form_of_worksheet(parse_worksheet(data, source_name=source))
    return from_json(WorksheetForm, data, source, strict=False)  # older and newer forms differ


def _time_text(time: datetime) -> str:
    """E.g. ``'2026-03-01 09:15:00'``."""
    return time.isoformat(sep=' ')


def _fill_form(data: dict[str, Any] | None) -> FillForm:
    if data is None:
        return FillForm()
    times = [data[name] and data[name].replace('T', ' ') for name in _TIMES]
    return FillForm(
        assay=_text(data['assay_mbq']),
        assay_time=times[0],
        residual=_text(data['residual_mbq'] or None),
        residual_time=times[1] or '',
        volume=_text(data['volume_ml']),
    )


def _fill_values(fill: FillForm, name: str, start: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        'assay_mbq': number(fill.assay, ASSAY.of(name)),
        'assay_time': moment(
            fill.assay_time, _('the {name} assay time').format(name=name), start
        ).isoformat(),
        'residual_mbq': optional_number(fill.residual, RESIDUAL.of(name)) or 0.0,
        'residual_time': None,
        'volume_ml': number(fill.volume, VOLUME.of(name)),
    }
    if values['residual_mbq'] or fill.residual_time.strip():
        time = moment(fill.residual_time, _('the {name} residual time').format(name=name), start)
        values['residual_time'] = time.isoformat()
    return values


def _with_whole_times(fill: FillForm, start: datetime) -> FillForm:
    return replace(
        fill,
        assay_time=_whole_time(fill.assay_time, start),
        residual_time=_whole_time(fill.residual_time, start),
    )


def _whole_time(text: str, start: datetime) -> str:
    try:
        return _time_text(moment(text, _('the time'), start))
    except InputFileError:
        return text


def _half_life(form: WorksheetForm) -> float | None:
    value = optional_number(form.half_life, HALF_LIFE)
    if value is None and form.isotope not in {one.name for one in ISOTOPES}:
        msg = _('the half-life of {isotope} is not in the table of isotopes: type it in')
        raise InputFileError(msg.format(isotope=form.isotope))
    return value


def _text(value: float | None) -> str:
    return '' if value is None else f'{value:.12g}'
