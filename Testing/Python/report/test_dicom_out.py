"""The structured report: every number is that of results.json, and every code has a meaning."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from dciodvfy import complaints
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.dicom.derived import source_datasets
from VOIIdentificationLib.dicom.measurement_report import DERIVATIONS, NAMES, measurement_report
from VOIIdentificationLib.dicom.read import read_stack
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.report.dicom_out import (
    DICOM_FILES,
    DicomOptions,
    voi_figures,
    write_dicom_objects,
)
from VOIIdentificationLib.report.formats import results_json

highdicom = pytest.importorskip('highdicom')

CODES = {code[0]: key for key, code in [*DERIVATIONS.items(), *NAMES.items()]}
UNITS = {'volume_ml': 'mL', 'contrast_percent': '%', 'variability_percent': '%'}


def sources_of(result, folder):
    write_pet_series(result.image, folder, seed=1)
    _, stack = read_stack(folder)
    return source_datasets(stack.slices)


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """A result with all figures, one of its spheres doubtful, as DICOM objects."""
    result = quality_result()
    doubtful = replace(result.spheres[1], flags=(Flag.OFF_RING, Flag.HEADER_CONTRADICTS))
    result = replace(result, spheres=(result.spheres[0], doubtful, *result.spheres[2:]))
    folder = tmp_path_factory.mktemp('dicom')
    sources = sources_of(result, folder / 'pet')
    write_dicom_objects(result, folder, DicomOptions(sources, report=True))
    return result, folder, sources


def groups_of(path):
    report = highdicom.sr.srread(path)
    return report.content.get_volumetric_roi_measurement_groups()


def numbers_of(group):
    """Key of results.json to value and unit."""
    found = {}
    for measurement in group.get_measurements():
        code = measurement.derivation or measurement.name
        found[CODES[code.value]] = (measurement.value, measurement.unit.value)
    return found


def expected_numbers(results, label):
    """Straight from the JSON, where it keeps each."""
    parts = [results['spheres'], results['nema']['spheres'], results['recovery']['spheres']]
    sphere, contrast, recovery = (
        next(one for one in part if one['label'] == label) for part in parts
    )
    wanted = {key: sphere[key] for key in ('mean', 'max', 'peak', 'sd', 'volume_ml')}
    wanted |= {key: contrast[key] for key in ('contrast_percent', 'variability_percent')}
    wanted |= {key: recovery[key] for key in ('rc_max', 'rc_mean', 'rc_peak')}
    return {key: value for key, value in wanted.items() if value is not None}


def test_every_number_read_back_is_that_of_results_json(written):
    result, folder, _ = written
    results = results_json(result)
    groups = groups_of(folder / 'measurement_report.dcm')
    assert [group.tracking_identifier for group in groups] == [one.label for one in result.spheres]
    for group in groups:
        numbers = numbers_of(group)
        values = {key: value for key, (value, _) in numbers.items()}
        assert values == expected_numbers(results, group.tracking_identifier)
        for key, (_, unit) in numbers.items():
            ratio = '{ratio}' if key.startswith('rc_') else 'Bq/ml'
            assert unit == UNITS.get(key, ratio)


def test_pydicom_finds_the_same_numbers(written):
    """The decimal strings too, to the digits that they have room for."""
    result, folder, _ = written
    results = results_json(result)
    dataset = pydicom.dcmread(folder / 'measurement_report.dcm')
    found = sorted(_numbers_below(dataset))
    expected = sorted(
        value for one in result.spheres for value in expected_numbers(results, one.label).values()
    )
    assert [exact for exact, _ in found] == expected
    assert [text for _, text in found] == pytest.approx(expected, rel=1e-9)


def _numbers_below(item):
    for value in item.get('MeasuredValueSequence', []):
        yield float(value.FloatingPointValue), float(value.NumericValue)
    for part in item.get('ContentSequence', []):
        yield from _numbers_below(part)


def test_each_group_names_its_segment_and_the_slices(written):
    result, folder, sources = written
    segmented = pydicom.dcmread(folder / 'segmentation.dcm')
    groups = groups_of(folder / 'measurement_report.dcm')
    for number, (group, voi) in enumerate(zip(groups, result.spheres, strict=True), 1):
        (item,) = [
            one
            for one in group[0].ContentSequence
            if one.ConceptNameCodeSequence[0].CodeMeaning == 'Referenced Segment'
        ]
        reference = item.ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == segmented.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == number
        segment = segmented.SegmentSequence[number - 1]
        assert (segment.SegmentLabel, segment.TrackingUID) == (voi.label, group.tracking_uid)
    report = pydicom.dcmread(folder / 'measurement_report.dcm')
    assert report.StudyInstanceUID == sources[0].StudyInstanceUID
    assert report.SeriesInstanceUID not in {
        segmented.SeriesInstanceUID,
        sources[0].SeriesInstanceUID,
    }


def test_doubts_stand_beside_the_numbers(written):
    _, folder, _ = written
    doubts = [
        {one.value.value: one.value.meaning for one in group.get_qualitative_evaluations()}
        for group in groups_of(folder / 'measurement_report.dcm')
    ]
    assert Flag.OFF_RING.value in doubts[1]
    assert Flag.HEADER_CONTRADICTS.value in doubts[1]  # a code of more than 16 characters
    assert Flag.OFF_RING.value not in doubts[0]
    assert Flag.OFF_RING.text.startswith(doubts[1][Flag.OFF_RING.value][:20])


def test_dciodvfy_has_nothing_to_say(written):
    _, folder, _ = written
    for name in DICOM_FILES:
        assert complaints(folder / name) == []


def test_background_vois_and_a_unit_that_is_not_known(tmp_path):
    result = made_result()
    sources = sources_of(result, tmp_path / 'pet')
    unknown = replace(result, image=replace(result.image, unit='unknown'))
    write_dicom_objects(unknown, tmp_path, DicomOptions(sources, 'binary', report=True))

    figures = voi_figures(unknown)
    assert len(figures) == len(result.vois) > len(result.spheres)
    groups = groups_of(tmp_path / 'measurement_report.dcm')
    assert [one.tracking_identifier for one in groups] == [one.label for one in figures]
    mean, unit = numbers_of(groups[-1])['mean']
    assert (mean, unit) == (result.background[-1].statistics.mean, "[arb'U]")
    assert complaints(tmp_path / 'measurement_report.dcm') == []


@pytest.mark.parametrize(
    'label', ['=HYPERLINK("x")<b>', 'a/../b\\c', 'x' * 300, '🧪 קטן', 'two\nlines', ' ']
)
def test_any_label_is_harmless(label, tmp_path):
    result = made_result(background=False)
    sources = sources_of(result, tmp_path / 'pet')
    first, *others = result.spheres
    named = replace(first.insert, label=label)
    inserts = tuple(named if one == first.insert else one for one in result.phantom.inserts)
    result = replace(
        result,
        spheres=(replace(first, insert=named), *others),
        phantom=replace(result.phantom, inserts=inserts),
    )
    write_dicom_objects(result, tmp_path, DicomOptions(sources, report=True))
    for name in DICOM_FILES:
        assert complaints(tmp_path / name) == []
    group = groups_of(tmp_path / 'measurement_report.dcm')[0]
    assert numbers_of(group)['mean'][0] == first.statistics.mean
    assert group.tracking_identifier[:2] in label.replace('\n', ' ') + '?'


def test_a_number_that_is_not_known_is_missing(tmp_path):
    voi = made_result().spheres[0]
    statistics = replace(voi.statistics, sd=None)
    result = replace(made_result(), spheres=(replace(voi, statistics=statistics),))
    keys = [figure.key for figure in voi_figures(result)[0].figures]
    assert 'mean' in keys
    assert 'sd' not in keys
    assert 'rc_max' not in keys


@pytest.mark.parametrize('unit', ['g/mL', '{SUVlbm}g/ml', 'cm2/mL'])
def test_suv_is_called_so(unit, tmp_path):
    result = made_result(background=False)
    sources = sources_of(result, tmp_path / 'pet')
    result = replace(result, image=replace(result.image, unit=unit))
    write_dicom_objects(result, tmp_path, DicomOptions(sources, report=True))
    (mean,) = [
        one
        for one in groups_of(tmp_path / 'measurement_report.dcm')[0].get_measurements()
        if one.derivation and one.derivation.meaning == 'Mean'
    ]
    assert mean.name.meaning == 'Standardized Uptake Value'
    assert mean.unit.value.casefold().endswith(unit.casefold()[-4:])


def test_a_report_of_other_vois_than_the_segmentation_is_refused(written):
    result, folder, sources = written
    segmented = pydicom.dcmread(folder / 'segmentation.dcm')
    with pytest.raises(OutputError, match='must be the same'):
        measurement_report(sources, segmented, voi_figures(result)[1:])


def test_weights_are_those_of_the_result(written):
    result, folder, _ = written
    found = highdicom.seg.segread(folder / 'segmentation.dcm')
    volume = found.get_volume(rescale_fractional=True)
    for n, voi in enumerate(result.spheres):
        assert volume.array[..., n].sum() == pytest.approx(voi.mask.weights.sum(), rel=1e-3)
    assert np.isfinite(volume.array).all()
