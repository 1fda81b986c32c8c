"""What a series is, in lines for people, without reading its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import SUVError
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..suv.scale import suv_scale
from .enhanced import header_dataset
from .facts import acquisition_facts, series_unit
from .folder import series_to_read
from .geometry import grid_of_slices
from .header import Tag
from .series import Series
from .slices import PETSlice
from .stack import ordered_slices
from .suv import suv_header_of_slices

_INJECTION = 'RadiopharmaceuticalInformationSequence'
_PHILIPS_SUV = (0x7053, 0x1000)
_PHILIPS_ACTIVITY = (0x7053, 0x1009)


def describe_series(folder: Path, series_uid: str | None = None) -> tuple[str, ...]:
    """
    Describe one PET series: identity, unit, grid, and what is missing for the SUV.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    Returns
    -------
    lines : tuple of str
        Each a statement of its own.

    Raises
    ------
    SeriesError
        As from `read_pet_series`, except for what only the pixels show.
    """
    series, notes = series_to_read(Path(folder), series_uid)
    slices, slice_notes = ordered_slices(series)
    facts = acquisition_facts(slices, (*notes, *slice_notes))
    return (
        *_identity_lines(series, facts),
        *_grid_lines(slices),
        *_value_lines(slices, facts),
        *_suv_lines(slices),
        *(f'Note: {note}' for note in facts.notes),
    )


def missing_for_suv(dataset: Any) -> tuple[str, ...]:
    """
    The elements without which no SUV can be computed.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Header of a slice.

    Returns
    -------
    missing : tuple of str
        Their names and tags; empty if the SUV can be computed.

    Notes
    -----
    After PS3.3, C.8.9: Bq/mL needs dose, its time and half-life, weight, a
    reference time and the two corrections; Philips' counts need a private factor.
    """
    units = str(dataset.get('Units', '') or '')
    if units in ('GML', 'CM2ML'):
        return ()
    if units == 'CNTS':
        known = any((dataset.get(tag) or _NONE).value for tag in (_PHILIPS_SUV, _PHILIPS_ACTIVITY))
        return () if known else ('the factors of Philips (7053,1000) or (7053,1009)',)
    missing = [] if units == 'BQML' else [Tag.Units.text]
    missing += _missing_of_patient_and_dose(dataset)
    missing += _missing_of_decay(dataset)
    return tuple(missing)


class _Nothing:
    value = None


_NONE = _Nothing()


def _missing_of_patient_and_dose(dataset: Any) -> list[str]:
    missing = []
    if not dataset.get('PatientWeight'):
        missing.append('PatientWeight (0010,1030)')
    injection = dataset.get(_INJECTION)
    if not injection:
        return [*missing, f'{_INJECTION} (0054,0016)']
    if not injection[0].get('RadionuclideTotalDose'):
        missing.append('RadionuclideTotalDose (0018,1074)')
    if not injection[0].get('RadionuclideHalfLife'):
        missing.append('RadionuclideHalfLife (0018,1075)')
    starts = ('RadiopharmaceuticalStartDateTime', 'RadiopharmaceuticalStartTime')
    if not any(injection[0].get(keyword) for keyword in starts):
        missing.append('RadiopharmaceuticalStartDateTime (0018,1078) or StartTime (0018,1072)')
    return missing


def _missing_of_decay(dataset: Any) -> list[str]:
    missing = []
    if not dataset.get('DecayCorrection'):
        missing.append(Tag.DecayCorrection.text)
    corrections = dataset.get('CorrectedImage') or ()
    corrections = [corrections] if isinstance(corrections, str) else list(corrections)
    absent = [name for name in ('ATTN', 'DECY') if name not in corrections]
    missing += [f'{name} in {Tag.CorrectedImage.text}' for name in absent]
    if not (dataset.get('SeriesTime') or dataset.get('AcquisitionTime')):
        missing.append(f'{Tag.SeriesTime.text} or {Tag.AcquisitionTime.text}')
    return missing


def _identity_lines(series: Series, facts: Acquisition) -> list[str]:
    scanner = ' '.join(filter(None, (facts.manufacturer, facts.model)))
    return [
        f'Series: {series.line}',
        f'Scanner: {scanner or "not named"}',
        f'Acquired: {facts.acquisition_datetime or facts.series_datetime or "time not named"}',
        f'Patient position: {facts.patient_position or "not named"}',
    ]


def _grid_lines(slices: Sequence[PETSlice]) -> list[str]:
    geometry = grid_of_slices(slices)
    i, j, k = geometry.size_ijk
    x, y, z = geometry.spacing_ijk_mm
    first, last = (geometry.position_ras_mm(index) for index in ((0, 0, 0), (i - 1, j - 1, k - 1)))
    return [
        f'Grid: {i} x {j} x {k} voxels of {x:.4g} x {y:.4g} x {z:.4g} mm',
        f'First voxel: RAS ({first[0]:.2f}, {first[1]:.2f}, {first[2]:.2f}) mm',
        f'Last voxel: RAS ({last[0]:.2f}, {last[1]:.2f}, {last[2]:.2f}) mm',
    ]


def _value_lines(slices: Sequence[PETSlice], facts: Acquisition) -> list[str]:
    unit = series_unit(slices)
    slopes = [plane.slope for plane in slices]
    low, high = min(slopes), max(slopes)
    shown = f'{low:.6g} to {high:.6g}' if low < high else f'{low:.6g}'
    lines = [
        f'Unit: {unit}' + (f': no {Tag.Units.text}' if unit == UNKNOWN_UNIT else ''),
        f'Slope: {shown}',
        f'Decay correction: {facts.decay_correction or "not named"}',
        f'Corrections: {", ".join(facts.corrected_image) or "not named"}',
    ]
    if slices[0].file.text(Tag.PhotometricInterpretation) == 'MONOCHROME1':
        lines.append('MONOCHROME1: low values are shown bright; the values are read as they stand')
    return lines


def _suv_lines(slices: Sequence[PETSlice]) -> list[str]:
    """How the values become SUV, or everything that is missing for it."""
    try:
        scale = suv_scale(suv_header_of_slices(slices))
    except SUVError as error:
        missing = missing_for_suv(header_dataset(slices[0].file))
        return [f'Missing for SUV: {", ".join(missing)}' if missing else f'No SUV: {error}']
    return [
        'SUV: all that it needs is there',
        *(f'SUV: {decision}' for decision in scale.decisions),
        *(f'SUV: {flag.text}' for flag in scale.flags),
    ]
