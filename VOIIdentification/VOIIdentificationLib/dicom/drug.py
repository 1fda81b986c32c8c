"""Injection and patient of a header, and what of it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from ..activity.isotopes import isotope_named, isotope_of_tracer
from ..core.flags import Flag
from ..core.sentence import joined, sentences
from ..suv.header import Decisions, SUVHeader
from .attributes import DRUG, tag_text
from .clock import calendar_day, local_moment, time_of_day
from .header import Header, as_number

_ = sentences(__name__)

_TO_THE_HOUR = re.compile(r'(\d{8})?\d{2}([+-]\d{4})?')
"""A time, with or without its date, that ends with the hour."""

RADIONUCLIDES = {
    code: name
    for name, codes in {
        'F-18': ('77004003', 'C-111A1'),
        'Ga-68': ('35337001', 'C-131A3'),
        'C-11': ('40565003', 'C-105A1'),
        'N-13': ('21576001', 'C-107A1'),
        'O-15': ('129504001', 'C-B1038'),
        'Cu-64': ('3932008', 'C-127A2'),
        'Zr-89': ('63360001', 'C-168A4'),
        'I-124': ('40937006', 'C-114A5'),
        'Rb-82': ('79197006', 'C-159A2'),
        'Ge-68': ('53315004', 'C-128A2'),
        'Y-90': ('14691008', 'C-162A7'),
        'Tc-99m': ('72454006', 'C-163A8'),
        'In-111': ('56609000', 'C-145A4'),
        'I-123': ('21572004', 'C-114A4'),
        'I-131': ('1368003', 'C-114B1'),
        'Lu-177': ('447553000', 'C-101ED'),
        'Tl-201': ('60057003', 'C-138A9'),
    }.items()
    for code in codes
}
"""Codes of radionuclides, SNOMED CT and SNOMED RT (PS3.16, CID 18 and CID 4020)."""

_START, _START_TIME = 'RadiopharmaceuticalStartDateTime', 'RadiopharmaceuticalStartTime'

_NUMBER, _DATE, _TIME = _('number'), _('date'), _('time of day')


def positive_number(text: str) -> float | None:
    """
    A number that can multiply.

    Parameters
    ----------
    text : str
        As the header has it.

    Returns
    -------
    number : float or None
        None if it is no number above 0.
    """
    number = as_number(text)
    return number if number is not None and number > 0 else None


_KINDS: dict[str, tuple[str, Callable[[str], object]]] = {
    **dict.fromkeys(
        ('PatientWeight', 'PatientSize', 'FrameReferenceTime', 'ActualFrameDuration'),
        (_NUMBER, as_number),
    ),
    'DecayFactor': (_('factor'), positive_number),
    **dict.fromkeys(('SeriesDate', 'AcquisitionDate'), (_DATE, calendar_day)),
    **dict.fromkeys(('SeriesTime', 'AcquisitionTime'), (_TIME, time_of_day)),
    'DecayCorrectionDateTime': (_('date with a time'), local_moment),
}
"""What a header says of the scan and of the patient: the kind of value, and its reader."""

_KINDS_OF_DRUG: dict[str, tuple[str, Callable[[str], object]]] = {
    **dict.fromkeys(('RadionuclideTotalDose', 'RadionuclideHalfLife'), (_NUMBER, as_number)),
    _START: (_('date with a time'), local_moment),
    _START_TIME: (_TIME, time_of_day),
}
"""The same of the injection."""


class OddValue(NamedTuple):
    """
    An element whose value cannot be read.

    Attributes
    ----------
    keyword : str
        Its DICOM keyword.

    text : str
        What it holds.

    kind : str
        What it should hold.
    """

    keyword: str
    text: str
    kind: str

    @property
    def number(self) -> str:
        """Of the element, e.g. ``'0010,1030'``."""
        return tag_text(self.keyword)[-10:-1].lower()


def odd_values(files: Sequence[Header]) -> tuple[OddValue, ...]:
    """
    What is there, but cannot be read.

    Parameters
    ----------
    files : sequence of Header
        Of one series.

    Returns
    -------
    odd : tuple of OddValue
        Each once.
    """
    drugs = files[0].items(DRUG)[:1]
    places = ((files, _KINDS), (drugs, _KINDS_OF_DRUG))
    found = [
        OddValue(keyword, text, kind)
        for holders, kinds in places
        for keyword, (kind, read) in kinds.items()
        for text in dict.fromkeys(holder.text(keyword) for holder in holders)
        if text and read(text) is None
    ]
    return tuple(found)


def tell_odd_values(odd: Sequence[OddValue], log: Decisions) -> None:
    """
    Say that a value counts as missing.

    Parameters
    ----------
    odd : sequence of OddValue
        As from `odd_values`.

    log : Decisions
        Told of each.
    """
    for one in odd:
        log.note(
            _('{tag} is {text!r}, which is no {kind}: it counts as missing').format(
                tag=tag_text(one.keyword), text=one.text, kind=one.kind
            )
        )


def dose_and_patient(file: Header, offset: timedelta | None, log: Decisions) -> SUVHeader:
    """
    Read what the SUV needs of injection and patient.

    Parameters
    ----------
    file : Header
        A file of the series.

    offset : timedelta or None
        Of its times from UTC.

    log : Decisions
        Told what is in doubt.

    Returns
    -------
    header : SUVHeader
        With nothing of the scan.
    """
    drug = file.item(DRUG)
    _tell_several_injections(file, log)
    _flag_whole_hours(drug, log)
    return SUVHeader(
        injection=local_moment(drug.text(_START), offset),
        injection_time=time_of_day(drug.text(_START_TIME)),
        dose=drug.number('RadionuclideTotalDose'),
        half_life_s=drug.number('RadionuclideHalfLife'),
        radionuclide=radionuclide_of(drug, log),
        radiopharmaceutical=drug.line('Radiopharmaceutical'),
        weight=file.number('PatientWeight'),
        height=file.number('PatientSize'),
        sex=file.text('PatientSex').upper(),
    )


def _tell_several_injections(file: Header, log: Decisions) -> None:
    """Items that say the same are one injection."""
    items = {_identity(item): item for item in file.items(DRUG)}
    if len(items) > 1:
        doses = [item.text('RadionuclideTotalDose') or _('unknown') for item in items.values()]
        log.note(
            _(
                '{count} injections are listed (0054,0016), of {doses} Bq (0018,1074): only the '
                'first is counted'
            ).format(count=len(items), doses=joined(doses, _(' and '))),
            Flag.SEVERAL_INJECTIONS,
        )


def _identity(drug: Header) -> tuple[object, ...]:
    """Equal for items that tell of one injection, in whatever format."""
    told = radionuclide_of(drug, Decisions())
    return (
        *(read(drug.text(keyword)) for keyword, (_kind, read) in _KINDS_OF_DRUG.items()),
        isotope_named(told) or told,
        isotope_of_tracer(drug.line('Radiopharmaceutical')),
    )


def _flag_whole_hours(drug: Header, log: Decisions) -> None:
    """DICOM lets minutes be left out; half an hour is 17 % of F-18."""
    said = [(keyword, drug.text(keyword)) for keyword in (_START, _START_TIME)]
    exact = [text for _keyword, text in said if local_moment(text) or time_of_day(text)]
    for keyword, text in said:
        if text in exact and all(_TO_THE_HOUR.fullmatch(one) for one in exact):
            log.note(
                _('{tag} is {text}: the injection is told to the hour alone').format(
                    tag=tag_text(keyword), text=text
                ),
                Flag.HEADER_IMPLAUSIBLE,
            )


def radionuclide_of(drug: Header, log: Decisions) -> str:
    """
    The radionuclide of an injection.

    Parameters
    ----------
    drug : Header
        Item of Radiopharmaceutical Information Sequence.

    log : Decisions
        Told if name and code contradict each other.

    Returns
    -------
    radionuclide : str
        The meaning of its code; by the code itself where the meaning tells no isotope.
    """
    coded = drug.item('RadionuclideCodeSequence')
    codes = [one.text('CodeValue') for one in drug.items('RadionuclideCodeSequence')]
    if len(set(codes)) > 1:
        log.note(
            _('several radionuclides are named, {codes} (0054,0300): the first is believed').format(
                codes=', '.join(codes)
            ),
            Flag.HEADER_CONTRADICTS,
        )
    said, meant = coded.line('CodeMeaning'), RADIONUCLIDES.get(coded.text('CodeValue'), '')
    named = isotope_named(said) or isotope_of_tracer(said)
    if named is None:
        return meant or said
    if meant not in ('', named.name):
        log.note(
            _(
                'the radionuclide is {said} by its name and {meant} by its code {code} '
                '(0054,0300): the name is believed'
            ).format(said=said, meant=meant, code=coded.text('CodeValue')),
            Flag.HEADER_CONTRADICTS,
        )
    return said
