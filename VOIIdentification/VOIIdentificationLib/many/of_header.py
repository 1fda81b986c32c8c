"""What the header of a scan adds to what is known of it: SUV, times, and a worksheet's gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..activity.worksheet_json import keys_from_header, parse_worksheet
from ..analysis import Known
from ..core.errors import SUVError

if TYPE_CHECKING:
    from ..dicom.read import PETStack
    from ..suv.header import SUVHeader


def with_header(known: Known, stack: PETStack) -> Known:
    """
    Scan and SUV, as far as the header of a series tells them.

    Parameters
    ----------
    known : Known
        What is known besides.

    stack : PETStack
        The headers.

    Returns
    -------
    known : Known
        The same and these; a note says why there is no SUV.
    """
    from ..dicom.suv import suv_header_of_stack

    try:
        return with_suv_header(known, suv_header_of_stack(stack))
    except SUVError as error:
        return replace(known, notes=(*known.notes, f'No SUV: {error}'))


def with_suv_header(known: Known, header: SUVHeader) -> Known:
    """
    Scan and SUV, as far as facts of a header or sidecar tell them.

    Parameters
    ----------
    known : Known
        What is known besides.

    header : SUVHeader
        The facts.

    Returns
    -------
    known : Known
        The same and these; a note says why there is no SUV.
    """
    from ..suv.scale import suv_scale
    from ..suv.scan_facts import scan_facts

    known = replace(known, scan=scan_facts(header))
    try:
        return replace(known, suv=suv_scale(header))
    except SUVError as error:
        return replace(known, notes=(*known.notes, f'No SUV: {error}'))


def without_suv(known: Known) -> Known:
    """
    What is known of a series whose values are no longer those of its header.

    Parameters
    ----------
    known : Known
        From the header.

    Returns
    -------
    known : Known
        Without the SUV; a note says why.
    """
    if known.suv is None:
        return known
    note = 'No SUV: the values were calibrated by hand, not by the header.'
    return replace(known, suv=None, notes=(*known.notes, note))


def with_worksheet(known: Known, data: object, source_name: str = 'the worksheet') -> Known:
    """
    A fill worksheet, completed from the header.

    Parameters
    ----------
    known : Known
        What is known besides, with the scan as the header has it.

    data : object
        The worksheet as `json.load` gives it.

    source_name : str, optional
        Names its file in messages.

    Returns
    -------
    known : Known
        The same and the worksheet; a note says what was taken from the header.

    Raises
    ------
    InputFileError
        If something is missing from both, unknown or senseless.
    """
    header = {} if known.scan is None else known.scan.for_worksheet()
    worksheet = parse_worksheet(data, source_name=source_name, header=header)
    taken = ', '.join(keys_from_header(data, header))
    notes = (f'The worksheet leaves out {taken}: taken from the header.',) if taken else ()
    return replace(known, worksheet=worksheet, notes=(*known.notes, *notes))
