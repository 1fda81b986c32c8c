"""Profiles of limits: what is refused, and what a value is called."""

import json
import math
from dataclasses import replace

import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.evaluate.limits import (
    Level,
    Limit,
    Limits,
    find_limits,
    load_limits,
    require_names,
    save_limits,
    shipped_limits,
)
from VOIIdentificationLib.evaluate.verdict import unmet_ratio, verdict

ROW = {'quantity': 'contrast_percent', 'diameter_mm': 37, 'low': 60, 'high': 90}
PROFILE = {
    'schema': 'voi-identification/limits/1',
    'name': 'Site',
    'source': 'a report',
    'version': '1',
    'rows': [ROW],
}


def written(folder, **changes):
    path = folder / 'limits.json'
    path.write_text(json.dumps({**PROFILE, **changes}), encoding='utf-8')
    return path


def with_row(**changes):
    row = {**ROW, **changes}
    return {'rows': [{key: value for key, value in row.items() if value != 'left out'}]}


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'limit': 1}, "unknown key 'limit'; known are "),
        (with_row(lo=1), "limit 1: unknown key 'lo'; known are "),
        (with_row(low=float('nan')), 'limit 1: "low" must be a number, got nan'),
        (with_row(high=float('inf')), 'limit 1: "high" must be a number, got inf'),
        (with_row(low=True), 'limit 1: "low" must be a number, got True'),
        (with_row(low='60'), 'limit 1: "low" must be a number, got \'60\''),
        (with_row(low=91), 'limit 1: "low" must be below "high", got 91 and 90'),
        (with_row(low=90), 'limit 1: "low" must be below "high", got 90 and 90'),
        (with_row(warning_low=59), '"low" must be below "warning_low", got 60 and 59'),
        (with_row(warning_high=91), '"warning_high" must be below "high", got 91 and 90'),
        (
            with_row(warning_low=80, warning_high=70),
            '"warning_low" must be below "warning_high", got 80 and 70',
        ),
        (with_row(low='left out', high='left out'), 'no limit of contrast_percent is given'),
        (with_row(quantity='mean'), '"quantity" must be one of contrast_percent, '),
        (with_row(quantity='relative_max'), '"quantity" must be one of contrast_percent, '),
        (with_row(diameter_mm='left out'), '"diameter_mm" is missing: contrast_percent belongs'),
        (with_row(diameter_mm=-1), '"diameter_mm" must be more than 0 mm, got -1'),
        (
            with_row(quantity='lung_error_percent'),
            '"diameter_mm" must be left out for lung_error_percent, got 37',
        ),
        (with_row(of='ratio'), '"of" must be "value" or "change_percent", got \'ratio\''),
        ({'rows': [ROW, ROW]}, 'contrast_percent of 37 mm is limited 2 times; limit it once'),
        ({'kind': 'mine'}, '"kind" must be "standard", "manufacturer" or "site", got \'mine\''),
        ({'ratio': 0}, '"ratio" must be more than 0, got 0'),
        ({'edition': '2024'}, '"edition" must be "2007", "2012" or "2018", got \'2024\''),
        ({'source': ' '}, 'limit 1 (contrast_percent) has no "source", nor has the profile'),
        ({'version': ''}, 'limit 1 (contrast_percent) has no "version", nor has the profile'),
        ({'name': ''}, '"name" must be a text that is not empty'),
        ({'rows': []}, '"rows" must be a list with at least one limit'),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_in_a_sentence(tmp_path, changes, sentence):
    path = written(tmp_path, **changes)
    with pytest.raises(InputFileError) as caught:
        load_limits(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert sentence in message
    assert '\n' not in message


def test_a_row_without_a_source_has_that_of_the_profile(tmp_path):
    rows = [ROW, {**ROW, 'diameter_mm': 10, 'source': 'another', 'version': '2'}]
    found = load_limits(written(tmp_path, rows=rows)).rows
    assert [(row.source, row.version) for row in found] == [('a report', '1'), ('another', '2')]


@pytest.mark.parametrize(
    ('value', 'level'),
    [
        (59.999, 'fail'),
        (60.0, 'warning'),
        (64.999, 'warning'),
        (65.0, 'pass'),
        (70.0, 'pass'),
        (70.001, 'warning'),
        (90.0, 'warning'),
        (90.001, 'fail'),
    ],
)
def test_limits_and_levels_of_warning_include_their_ends(value, level):
    limit = Limit(37.0, 'contrast_percent', 60.0, 90.0, warning_low=65.0, warning_high=70.0)
    assert limit.level_of(value).value == level
    found = verdict(value, limit, 'Site')
    assert (found.level.value, found.passed) == (level, level != 'fail')


@pytest.mark.parametrize(
    ('ends', 'value', 'level', 'margin'),
    [
        ({'low': 60.0, 'high': None}, 1e9, 'pass', 1e9 - 60),
        ({'low': 60.0, 'high': None}, 59.0, 'fail', -1.0),
        ({'low': None, 'high': 5.0}, -7.0, 'pass', 12.0),
        ({'low': None, 'high': None, 'warning_high': 5.0}, 6.0, 'warning', -1.0),
    ],
)
def test_one_end_is_enough(ends, value, level, margin):
    limit = Limit(37.0, 'contrast_percent', **ends)
    found = verdict(value, limit, 'Site')
    assert (found.level.value, found.margin) == (level, margin)


def test_what_may_not_be_judged_has_a_margin_and_no_verdict():
    found = verdict(70.0, Limit(37.0, 'contrast_percent', 60.0, 90.0), 'Site', 'the ratio is 9')
    assert (found.level, found.passed, found.margin) == (Level.NOT_JUDGED, None, 10.0)
    assert found.text == 'not judged: the ratio is 9'
    assert verdict(None, Limit(37.0, 'rc_max', 0.5, 0.9), 'Site', 'none').margin is None


def test_limits_are_found_by_name_or_file(tmp_path):
    assert find_limits('earl 2').name == 'EARL 2'
    assert find_limits(str(written(tmp_path))).name == 'Site'
    with pytest.raises(InputFileError, match='there are no limits \'EARL 9\'; known are "EARL 1"'):
        find_limits('EARL 9')


def test_profiles_of_one_name_are_refused():
    limits = Limits('Site', None, (Limit(37.0, 'rc_max', 0.5, 0.9, 'x', '1'),))
    assert require_names([limits, replace(limits, name='B')])
    assert require_names([]) == ()
    with pytest.raises(InputFileError, match="2 of the profiles of limits are named 'Site'"):
        require_names([limits, limits])


def test_only_recovery_with_two_ends_has_a_band():
    rows = (
        Limit(37.0, 'rc_max', 0.5, 0.9, 'x', '1'),
        Limit(28.0, 'rc_max', 0.5, None, 'x', '1'),
        Limit(37.0, 'contrast_percent', 60.0, 90.0, 'x', '1'),
        Limit(37.0, 'rc_max', -5.0, 5.0, 'x', '1', of='change_percent'),
    )
    assert Limits('Site', None, rows).bands == rows[:1]


@pytest.mark.parametrize(
    ('ends', 'allowed'),
    [
        ({'low': 60, 'warning_low': 60, 'high': 90}, True),
        ({'low': 60, 'warning_high': 90, 'high': 90}, True),
        ({'low': 60, 'warning_low': 70, 'warning_high': 70, 'high': 90}, False),
        ({'low': 60, 'warning_high': 60, 'high': 90}, False),
        ({'low': None, 'warning_low': 90, 'high': 90}, False),
        ({'low': None, 'warning_low': 89, 'high': 90}, True),
    ],
)
def test_a_level_of_warning_may_lie_on_its_limit_and_on_no_other(ends, allowed):
    if allowed:
        assert Limit(37.0, 'contrast_percent', **ends)
    else:
        with pytest.raises(ValueError, match='must be below'):
            Limit(37.0, 'contrast_percent', **ends)


@pytest.mark.parametrize(
    ('diameter_mm', 'holds'),
    [(37.2, True), (36.8, True), (37.25, False), (36.75, False), (28.0, False), (None, False)],
)
def test_a_limit_holds_for_spheres_of_its_size(diameter_mm, holds):
    assert Limit(37.0, 'contrast_percent', 60, 90).holds_for(diameter_mm) is holds


def test_a_limit_of_the_scan_holds_for_the_scan():
    limit = Limit(None, 'lung_error_percent', None, 10.0)
    assert limit.holds_for(None)
    assert not limit.holds_for(37.0)
    assert limit.band == (-math.inf, 10.0)


def test_a_file_may_have_any_name_and_a_standard_spaces_around_it(tmp_path):
    path = written(tmp_path).rename(tmp_path / 'limits')
    assert find_limits(str(path)).name == 'Site'
    assert find_limits(' Earl 2 ').name == 'EARL 2'
    with pytest.raises(InputFileError, match='cannot be read'):
        find_limits(str(tmp_path / 'none.json'))


def test_the_same_quantity_may_be_limited_by_value_and_by_change():
    rows = (
        Limit(37.0, 'rc_max', 0.5, 0.9, 'x', '1'),
        Limit(37.0, 'rc_max', -5.0, 5.0, 'x', '1', of='change_percent'),
        Limit(28.0, 'rc_max', 0.5, 0.9, 'x', '1'),
    )
    assert Limits('Site', None, rows).rows == rows


def test_what_is_saved_is_read_again_and_has_one_line_a_limit(tmp_path):
    rows = (
        Limit(37.0, 'rc_max', 0.5, None, 'ä paper', '1', warning_low=0.6),
        Limit(None, 'lung_error_percent', None, 10.0, 'x', '2', 'second-hand'),
    )
    limits = Limits('Site', 4.0, rows, 'manufacturer', '2018')
    path = tmp_path / 'site.json'
    path.write_text('old')

    save_limits(limits, path)

    assert load_limits(path) == limits
    text = path.read_text(encoding='utf-8')
    (line,) = [line for line in text.splitlines() if 'rc_max' in line]
    assert '"warning_low": 0.6' in line
    assert 'ä paper' in line
    assert '"high"' not in line
    assert '"note"' not in line
    assert [one.name for one in tmp_path.iterdir()] == ['site.json']


def test_shipped_limits_come_by_name_and_are_of_standards():
    names = [one.name for one in shipped_limits()]
    assert names == sorted(names)
    assert {'EARL 1', 'EARL 2'} <= set(names)


@pytest.mark.parametrize(
    ('wanted', 'true', 'said'),
    [
        (None, None, ''),
        (None, 4.0, ''),
        (4.0, None, 'X is meant for a true ratio of 4 : 1, here it is unknown'),
        (4.0, 3.5, 'X is meant for a true ratio of 4 : 1, here it is 3.50 : 1'),
        (4.0, 3.7, ''),
    ],
)
def test_a_ratio_may_be_a_tenth_off(wanted, true, said):
    assert unmet_ratio('X', wanted, true) == said
