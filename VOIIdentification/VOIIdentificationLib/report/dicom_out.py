"""The results as DICOM objects beside the scan: what goes into segmentation and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..core.flags import Flag
from ..core.phantom import insert_colors
from ..dicom.measurement_report import Figure, VOIFigures, measurement_report
from ..dicom.segmentation import SegmentationKind, VOISegment, segmentation
from ..evaluate.quantities import values_of_results
from ..measure.voi import VOIResult
from ..results import AnalysisResult
from .formats import results_json

SEGMENTATION_NAME, REPORT_NAME = DICOM_FILES = ('segmentation.dcm', 'measurement_report.dcm')
"""Files of the objects, in the folder of the results."""

_VOI_UNITS: dict[Literal['sd', 'volume_ml'], str] = {'sd': '', 'volume_ml': 'mL'}
"""Statistics that a report holds besides the quantities that are followed; empty: the image's."""


class DicomOptions(NamedTuple):
    """
    Which objects are written.

    Attributes
    ----------
    sources : tuple of `pydicom.Dataset`
        Headers of the series, by `source_datasets`.

    kind : {'fractional', 'binary'}
        Of the segmentation.

    report : bool
        Whether a structured report is written too.
    """

    sources: tuple[Any, ...]
    kind: SegmentationKind = 'fractional'
    report: bool = False


def write_dicom_objects(result: AnalysisResult, folder: Path, options: DicomOptions) -> None:
    """
    Write the segmentation and, if asked for, the report that refers to it.

    Parameters
    ----------
    result : AnalysisResult
        What was found, on the grid of the sources.

    folder : `pathlib.Path`
        Where to.

    options : DicomOptions
        What.

    Raises
    ------
    OutputError
        If the series does not allow it.
    """
    names = _names(result)
    segmented = segmentation(options.sources, _segments(result, names), options.kind)
    segmented.save_as(folder / SEGMENTATION_NAME)
    if options.report:
        report = measurement_report(options.sources, segmented, voi_figures(result))
        report.save_as(folder / REPORT_NAME)


def voi_figures(result: AnalysisResult) -> tuple[VOIFigures, ...]:
    """
    The numbers of every VOI, as a report holds them.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    vois : tuple of VOIFigures
        The spheres, then the background VOIs; the numbers are those of
        ``results.json``, and what is null there is missing.
    """
    results = results_json(result)
    spheres = [
        VOIFigures(
            voi.label,
            voi.insert.shape,
            (*_followed(results, voi.label), *_statistics(voi, result.image.unit)),
            _doubts(result, voi),
        )
        for voi in result.spheres
    ]
    background = [
        VOIFigures(
            name,
            voi.insert.shape,
            (*_levels(voi, result.image.unit), *_statistics(voi, result.image.unit)),
            _words(voi.flags),
        )
        for name, voi in zip(_background_names(result), result.background, strict=True)
    ]
    cylinder = [
        VOIFigures(
            found.voi.label,
            found.voi.insert.shape,
            (*_levels(found.voi, result.image.unit), *_statistics(found.voi, result.image.unit)),
            _words((*found.voi.flags, *result.flags)),
        )
        for found in [result.cylinder]
        if found is not None
    ]
    return (*spheres, *background, *cylinder)


def _segments(result: AnalysisResult, names: tuple[str, ...]) -> tuple[VOISegment, ...]:
    colors = insert_colors(result.phantom)
    return tuple(
        VOISegment(name, voi.insert.shape, colors[voi.label], voi.mask)
        for name, voi in zip(names, result.vois, strict=True)
    )


def _names(result: AnalysisResult) -> tuple[str, ...]:
    cylinder = () if result.cylinder is None else (result.cylinder.voi.label,)
    return (*(voi.label for voi in result.spheres), *_background_names(result), *cylinder)


def _background_names(result: AnalysisResult) -> tuple[str, ...]:
    """Numbered where several have one label, as all background VOIs of a phantom do."""
    count = Counter(voi.label for voi in result.background)
    return tuple(
        f'{voi.label} {n}' if count[voi.label] > 1 else voi.label
        for n, voi in enumerate(result.background, start=1)
    )


def _followed(results: dict[str, Any], label: str) -> Iterator[Figure]:
    """The quantities that are compared and followed, of one sphere."""
    for value in values_of_results(results):
        if value.label == label:
            yield Figure(value.quantity, value.value, value.unit)


def _levels(voi: VOIResult, unit: str) -> Iterator[Figure]:
    for key, value in (
        ('mean', voi.statistics.mean),
        ('max', voi.statistics.max),
        ('peak', voi.peak),
    ):
        if value is not None:
            yield Figure(key, value, unit)


def _statistics(voi: VOIResult, unit: str) -> Iterator[Figure]:
    for key, own_unit in _VOI_UNITS.items():
        value = getattr(voi.statistics, key)
        if value is not None:
            yield Figure(key, value, own_unit or unit)


def _doubts(result: AnalysisResult, voi: VOIResult) -> tuple[tuple[str, str], ...]:
    """Every flag that is about the numbers of one sphere, or about all of them."""
    contrast = () if result.nema is None else result.nema.spheres
    recovered = () if result.recovery is None else result.recovery.spheres
    own = [
        *(flag for one in contrast if one.label == voi.label for flag in one.flags),
        *(flag for one in recovered if one.label == voi.label for flag in one.flags),
    ]
    whole = [
        *result.flags,
        *(() if result.nema is None else result.nema.flags),
        *(() if result.recovery is None else result.recovery.flags),
    ]
    return _words((*voi.flags, *own, *whole))


def _words(flags: tuple[Flag, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((flag.value, flag.text) for flag in flags))
