"""A baseline of another scanner or reconstruction is refused; an unknown one is said."""

import json
from dataclasses import replace

import pytest
from made_quality import quality_result
from made_results import made_geometry, made_image
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.image import Acquisition
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.evaluate.limits import Limit, Limits
from VOIIdentificationLib.many.baseline import load_baseline
from VOIIdentificationLib.report.formats import results_json, write_results
from VOIIdentificationLib.report.verdicts import with_verdict

IMAGE = made_image(made_geometry())
PHANTOM = load_phantom('NEMA IEC body')


def stored(folder, *, spacing=None, phantom='NEMA IEC body', **scan):
    """A `results.json` of a scan like `IMAGE`, but for some facts."""
    results = results_json(replace(quality_result(), image=IMAGE))
    results['scan'] |= scan
    results['phantom']['name'] = phantom
    if spacing:
        results['input']['spacing_ijk_mm'] = spacing
    path = folder / 'results.json'
    path.write_text(json.dumps(results), encoding='utf-8')
    return path


def test_the_same_scanner_and_reconstruction_are_compared(tmp_path):
    found = load_baseline(stored(tmp_path), IMAGE, PHANTOM)
    assert found.unsure == ''
    assert found.scanned_at == '2026-03-01T10:16:00'
    assert found.notes == ('The baseline is of the same image.',)
    assert {value.label for value in found.values} >= {'S37', 'S10', ''}


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        (
            {'device_serial_number': '9'},
            'is of another scanner: its serial number is 9, that of this scan 11029. Give',
        ),
        ({'model': 'mCT'}, 'another scanner: its model is mCT'),
        ({'manufacturer': 'X'}, 'another scanner: its manufacturer is X'),
        (
            {'device_serial_number': None, 'station_name': 'PET2'},
            'another scanner: its station name is PET2, that of this scan PET1',
        ),
        ({'reconstruction_method': 'FBP'}, 'another reconstruction: its reconstruction method'),
        ({'iterations': 3}, 'another reconstruction: its number of iterations is 3'),
        ({'subsets': 21}, 'another reconstruction: its number of subsets is 21'),
        ({'convolution_kernel': ['None']}, 'another reconstruction: its filter is None'),
        ({'corrected_image': ['ATTN']}, 'another reconstruction: its corrections is ATTN'),
        ({'spacing': [4.0, 4.0, 4.0]}, 'another reconstruction: its voxel size in mm is 4 + 4 + 4'),
        ({'phantom': 'Mine'}, 'another phantom: its phantom is Mine'),
    ],
)
def test_another_scanner_or_reconstruction_is_refused_in_a_sentence(tmp_path, changes, sentence):
    path = stored(tmp_path, **changes)
    with pytest.raises(InputFileError) as caught:
        load_baseline(path, IMAGE, PHANTOM)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ('changes', 'note'),
    [
        ({'software_versions': ['VG50']}, 'The software of the scanner was VG50, now it is VG60A.'),
        ({'frame_duration_s': 300.0}, 'The frame duration in s was 300, now it is 600.'),
    ],
)
def test_what_may_change_on_one_scanner_is_said(tmp_path, changes, note):
    assert note in load_baseline(stored(tmp_path, **changes), IMAGE, PHANTOM).notes


def test_a_station_that_was_renamed_is_the_same_scanner(tmp_path):
    assert load_baseline(stored(tmp_path, station_name='OLD'), IMAGE, PHANTOM).unsure == ''


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        (
            {'device_serial_number': None, 'station_name': None},
            'nothing says whether the baseline is of the same scanner: no serial number',
        ),
        (
            {'reconstruction_method': None},
            'nothing says whether the baseline is of the same reconstruction',
        ),
    ],
)
def test_an_unknown_scanner_is_said_and_its_changes_are_not_judged(tmp_path, changes, said):
    baseline = load_baseline(stored(tmp_path, **changes), IMAGE, PHANTOM)
    assert baseline.unsure == said
    assert f'{said[0].upper()}{said[1:]}.' in baseline.notes
    row = Limit(37.0, 'rc_max', -5.0, 5.0, 'x', '1', of='change_percent')
    found = with_verdict(quality_result(), [Limits('Site', None, (row,))], baseline)
    assert found.verdict.level.value == 'not judged'
    assert said[1:] in found.verdict.reasons[0]
    assert found.baseline.changes  # shown all the same


def test_a_volume_without_header_is_unknown_too(tmp_path):
    image = replace(IMAGE, acquisition=Acquisition())
    found = load_baseline(stored(tmp_path), image, PHANTOM)
    assert 'same scanner' in found.unsure
    assert 'same reconstruction' in found.unsure


def test_changes_are_those_of_both_files(tmp_path):
    now = quality_result()
    before = replace(
        now,
        recovery=replace(
            now.recovery,
            spheres=tuple(replace(one, rc_max=one.rc_max / 1.05) for one in now.recovery.spheres),
        ),
    )
    write_results(tmp_path / 'results.json', before)
    found = with_verdict(now, [], load_baseline(tmp_path, now.image, PHANTOM))
    changed = {(c.quantity, c.label): c.change_percent for c in found.baseline.changes}
    assert changed['rc_max', 'S10'] == pytest.approx(5.0)
    assert changed['rc_mean', 'S10'] == pytest.approx(0.0, abs=1e-9)
    assert changed['lung_error_percent', ''] == pytest.approx(0.0, abs=1e-9)
