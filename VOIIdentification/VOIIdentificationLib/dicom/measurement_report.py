"""The measurements as a DICOM Structured Report: TID 1500, a volumetric ROI each sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import __version__
from ..core.errors import OutputError
from ..core.sentence import sentences
from ..core.units import UCUM, row_of_code
from .derived import (
    PRIVATE_SCHEME,
    REPORT_SERIES_NUMBER,
    SOFTWARE,
    equipment,
    header_errors_named,
    long_string,
    private_coding_scheme,
)

_ = sentences(__name__)

_Triple = tuple[str, str, str]
"""Value, coding scheme and meaning of a code."""

_TOMOGRAPHIC_ACTIVITY: _Triple = ('110821', 'DCM', 'Nuclear Medicine Tomographic Activity')
_UPTAKE: _Triple = ('126400', 'DCM', 'Standardized Uptake Value')
"""What the values of an image are (PS3.16, CID 7469)."""

_MEAN: _Triple = ('373098007', 'SCT', 'Mean')
_MAX: _Triple = ('56851009', 'SCT', 'Maximum')
_SD: _Triple = ('386136009', 'SCT', 'Standard Deviation')
_PEAK: _Triple = ('126031', 'DCM', 'Peak Value Within ROI')
"""How a number is derived from the values of an image (PS3.16, CID 7464)."""

DERIVATIONS = {'mean': _MEAN, 'max': _MAX, 'peak': _PEAK, 'sd': _SD}
"""Figures in the unit of the image, by their keys in ``results.json``."""

NAMES: dict[str, _Triple] = {
    'volume_ml': ('118565006', 'SCT', 'Volume'),
    'rc_max': ('RC_MAX', PRIVATE_SCHEME, 'Recovery coefficient of the maximum'),
    'rc_mean': ('RC_MEAN', PRIVATE_SCHEME, 'Recovery coefficient of the A50 mean'),
    'rc_peak': ('RC_PEAK', PRIVATE_SCHEME, 'Recovery coefficient of the peak'),
    'relative_max': ('REL_MAX', PRIVATE_SCHEME, 'Maximum relative to that of one sphere'),
    'relative_mean': ('REL_MEAN', PRIVATE_SCHEME, 'A50 mean relative to that of one sphere'),
    'relative_peak': ('REL_PEAK', PRIVATE_SCHEME, 'Peak relative to that of one sphere'),
    'contrast_percent': ('NEMA_Q', PRIVATE_SCHEME, 'Percent contrast Q of NEMA NU 2'),
    'variability_percent': ('NEMA_N', PRIVATE_SCHEME, 'Background variability N of NEMA NU 2'),
}
"""The others; private where no standard has a code."""

_UNITS: dict[str, _Triple] = {
    '': ('{ratio}', 'UCUM', 'ratio'),
    '%': ('%', 'UCUM', 'Percent'),
    'mL': ('mL', 'UCUM', 'milliliter'),
    **{unit: (code, 'UCUM', meaning) for unit, (code, meaning) in UCUM.items()},
}
_UNKNOWN_UNIT: _Triple = ("[arb'U]", 'UCUM', 'arbitrary unit')
"""For an image whose header names no unit."""

_DOUBT: _Triple = ('DOUBT', PRIVATE_SCHEME, 'Reason to doubt the measurements')
_SPHERE: _Triple = ('122485', 'DCM', 'Sphere')
_PHANTOM: _Triple = ('706342009', 'SCT', 'Phantom')
_PET: _Triple = ('44136-0', 'LN', 'PET unspecified body region')
"""Procedure (PS3.16, CID 100), which knows no quality control."""


class Figure(NamedTuple):
    """
    One number.

    Attributes
    ----------
    key : str
        Of `DERIVATIONS` or `NAMES`.

    value : float
        In `unit`.

    unit : str
        ``'%'``, ``'mL'``, that of the image, or empty for a ratio.
    """

    key: str
    value: float
    unit: str


class VOIFigures(NamedTuple):
    """
    The numbers of one VOI.

    Attributes
    ----------
    label : str
        As in the segmentation.

    shape : str
        ``'sphere'`` or ``'cylinder'``.

    figures : tuple of Figure
        What is known; what is not has none.

    doubts : tuple of (str, str)
        Stable name and words of each reason for doubt.
    """

    label: str
    shape: str
    figures: tuple[Figure, ...]
    doubts: tuple[tuple[str, str], ...] = ()


def measurement_report(sources: Sequence[Any], segmented: Any, vois: Sequence[VOIFigures]) -> Any:
    """
    A Comprehensive 3D SR of what was measured.

    Parameters
    ----------
    sources : sequence of `pydicom.Dataset`
        The series that was measured, a header each slice.

    segmented : `pydicom.Dataset`
        Its Segmentation.

    vois : sequence of VOIFigures
        One each segment, in the order of the segments.

    Returns
    -------
    dataset : `highdicom.sr.Comprehensive3DSR`
        Each number also as a double, so that nothing is lost. New UIDs for
        the object and its series; patient and study are those of the sources.

    Raises
    ------
    OutputError
        If the VOIs are not those of the segmentation, or the header of the
        sources does not allow a report.
    """
    from highdicom.sr import Comprehensive3DSR, MeasurementReport
    from pydicom.sr.coding import Code
    from pydicom.uid import generate_uid

    _require_same_vois(segmented, vois)
    used = _used_sources(sources, segmented)
    groups = [
        _group(voi, segment, segmented, used)
        for voi, segment in zip(vois, segmented.SegmentSequence, strict=True)
    ]
    with header_errors_named():
        content = MeasurementReport(
            observation_context=_observer(),
            procedure_reported=Code(*_PET),
            imaging_measurements=groups,
        )
        keywords = equipment()
        return Comprehensive3DSR(
            evidence=[*used, segmented],
            content=content[0],
            series_instance_uid=generate_uid(),
            series_number=REPORT_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            is_complete=True,
            series_description='Measurements of the phantom',
            transfer_syntax_uid='1.2.840.10008.1.2.1',
            coding_schemes=[private_coding_scheme()],
            **keywords,
        )


def _require_same_vois(segmented: Any, vois: Sequence[VOIFigures]) -> None:
    labels = [segment.SegmentLabel for segment in segmented.SegmentSequence]
    expected = [long_string(voi.label) for voi in vois]
    if labels != expected:
        msg = _(
            'the report is of the VOIs {expected}, the segmentation of {labels}: they must be the '
            'same.'
        ).format(expected=', '.join(expected), labels=', '.join(labels))
        raise OutputError(msg)


def _used_sources(sources: Sequence[Any], segmented: Any) -> list[Any]:
    """The slices that the segmentation was made of."""
    uids = {
        image.ReferencedSOPInstanceUID
        for series in segmented.ReferencedSeriesSequence
        for image in series.ReferencedInstanceSequence
    }
    return [source for source in sources if source.SOPInstanceUID in uids]


def _observer() -> Any:
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
    )
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    device = DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=[SOFTWARE, __version__]),
        name=SOFTWARE,
        manufacturer_name=SOFTWARE,
        model_name=SOFTWARE,
        serial_number=__version__,
    )
    observer = ObserverContext(codes.DCM.Device, device)
    return ObservationContext(observer_device_context=observer)


def _group(voi: VOIFigures, segment: Any, segmented: Any, sources: Sequence[Any]) -> Any:
    """TID 1411: one segment and its numbers."""
    from highdicom import sr
    from pydicom.sr.coding import Code

    reference = sr.ReferencedSegment(
        sop_class_uid=segmented.SOPClassUID,
        sop_instance_uid=segmented.SOPInstanceUID,
        segment_number=int(segment.SegmentNumber),
        source_images=[sr.SourceImageForSegmentation.from_source_image(image) for image in sources],
    )
    doubts = [
        sr.QualitativeEvaluation(Code(*_DOUBT), Code(name, PRIVATE_SCHEME, long_string(words)))
        for name, words in voi.doubts
    ]
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=segment.TrackingUID, identifier=segment.TrackingID
        ),
        referenced_segment=reference,
        finding_type=Code(*(_SPHERE if voi.shape == 'sphere' else _PHANTOM)),
        algorithm_id=sr.AlgorithmIdentification(name=SOFTWARE, version=__version__),
        measurements=[_measurement(figure) for figure in voi.figures],
        qualitative_evaluations=doubts,
    )


def _measurement(figure: Figure) -> Any:
    from highdicom.sr import Measurement
    from pydicom.sr.coding import Code

    derivation = DERIVATIONS.get(figure.key)
    name = _image_quantity(figure.unit) if derivation else NAMES[figure.key]
    return Measurement(
        name=Code(*name),
        value=float(figure.value),
        unit=Code(*_unit_code(figure.unit)),
        derivation=Code(*derivation) if derivation else None,
    )


def _image_quantity(unit: str) -> _Triple:
    """What the values of an image in this unit are."""
    row = row_of_code(unit)
    return _UPTAKE if unit in {'g/mL', 'cm2/mL'} or (row and row.suv) else _TOMOGRAPHIC_ACTIVITY


def _unit_code(unit: str) -> _Triple:
    row = row_of_code(unit)
    known = _UNITS.get(unit)
    return known or ((row.ucum, 'UCUM', row.meaning) if row else _UNKNOWN_UNIT)
