"""What the SUV needs of an enhanced multi-frame PET header (PS3.3, C.8.22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..core.errors import SUVError
from ..suv.header import SUVFrame, SUVHeader
from .time import local_moment, utc_offset
from .values import HeaderValues

_UNITS = {
    'Bq/ml': ('BQML', ''),
    'Bq/mL': ('BQML', ''),
    'g/ml': ('GML', ''),
    '{SUVbw}g/ml': ('GML', 'BW'),
    '{SUVlbm}g/ml': ('GML', 'LBM'),
    '{SUVlbm(James128)}g/ml': ('GML', 'LBMJAMES128'),
    '{SUVlbm(Janma)}g/ml': ('GML', 'LBMJANMA'),
    '{SUVibw}g/ml': ('GML', 'IBW'),
    '{SUVbsa}cm2/ml': ('CM2ML', 'BSA'),
}
"""UCUM codes (PS3.16, CID 84 and 85) to Units (0054,1001) and SUV Type (0054,1006)."""

_MS_PER_S = 1000.0


def suv_header_of_enhanced(dataset: Any, unit_code: str, frames: Sequence[int]) -> SUVHeader:
    """
    Collect the facts of an enhanced PET file.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Its header.

    unit_code : str
        UCUM code of the rescaled values.

    frames : sequence of int
        Index of the frame of each slice, in the order of the slices.

    Returns
    -------
    header : SUVHeader
        Corrected to START at Decay Correction DateTime (0018,9701).

    Raises
    ------
    SUVError
        If the values have a unit from which no SUV can be made.
    """
    values = HeaderValues(dataset)
    if unit_code not in _UNITS:
        msg = f'SUV refused: the unit of the enhanced image is {unit_code or "not given"!r}'
        raise SUVError(msg)
    units, suv_type = _UNITS[unit_code]
    drug = values.item('RadiopharmaceuticalInformationSequence')
    offset = utc_offset(values.text('TimezoneOffsetFromUTC'))
    corrected = values.text('DecayCorrected').upper() == 'YES'
    return SUVHeader(
        units=units,
        suv_type=suv_type,
        decay_correction='START' if corrected else 'NONE',
        corrected_image=_corrections(values),
        decay_reference=local_moment(values.text('DecayCorrectionDateTime'), offset),
        injection=local_moment(drug.text('RadiopharmaceuticalStartDateTime'), offset),
        dose=drug.number('RadionuclideTotalDose'),
        half_life_s=drug.number('RadionuclideHalfLife'),
        radionuclide=drug.item('RadionuclideCodeSequence').text('CodeMeaning'),
        weight=values.number('PatientWeight'),
        height=values.number('PatientSize'),
        sex=values.text('PatientSex').upper(),
        frames=tuple(_frame(dataset, index, offset) for index in frames),
    )


def _corrections(values: HeaderValues) -> tuple[str, ...]:
    listed = (('DecayCorrected', 'DECY'), ('AttenuationCorrected', 'ATTN'))
    return tuple(name for keyword, name in listed if values.text(keyword).upper() == 'YES')


def _frame(dataset: Any, index: int, offset: timedelta | None) -> SUVFrame:
    content = HeaderValues(dataset.PerFrameFunctionalGroupsSequence[index]).item(
        'FrameContentSequence'
    )
    duration_ms = content.number('FrameAcquisitionDuration')
    return SUVFrame(
        acquisition_start=local_moment(content.text('FrameAcquisitionDateTime'), offset),
        duration_s=None if duration_ms is None else duration_ms / _MS_PER_S,
    )
