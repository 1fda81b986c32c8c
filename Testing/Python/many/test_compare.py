"""Comparison: who is averaged with whom, differences that cover the truth, workbook and page."""

import json
import math
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from made_stored import made_results, without, write_results
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.evaluate.quantities import Value
from VOIIdentificationLib.many.differences import OTHER_SIZE, differences, group_values
from VOIIdentificationLib.many.groups import Group, find_group, form_groups
from VOIIdentificationLib.many.signature import UNKNOWN, Signature, signature_of_results
from VOIIdentificationLib.many.stored import StoredResults, read_results

pytest.importorskip('pandas')
pytest.importorskip('openpyxl')

FAMILY = 'voi-identification/results/'


def stored(folder, number, name=None, **options):
    options.setdefault('acquisition_datetime', f'2026-03-{number + 1:02}T10:15:00')
    path = write_results(folder / (name or f'scan{number}'), made_results(number, **options))
    return read_results(path)


def test_replicates_are_of_one_scanner_reconstruction_and_fill(tmp_path):
    results = [
        stored(tmp_path, 0),
        stored(tmp_path, 1),
        stored(tmp_path, 2, device_serial_number='other'),
        stored(tmp_path, 3, reconstruction_method='OSEM'),
        stored(tmp_path, 4, ratio=8.0),
        stored(tmp_path, 5, convolution_kernel='none'),
        stored(tmp_path, 6, frame_duration_s=300.0),
        stored(tmp_path, 7),
    ]
    groups = form_groups(results)
    assert [[one.name for one in group.members] for group in groups] == [
        ['scan0', 'scan1', 'scan7'],
        *([f'scan{n}'] for n in (2, 3, 4, 5, 6)),
    ]
    assert groups[0].reason.startswith('3 replicates: Made & Sons, Vision <600>, serial number')
    assert groups[1].reason.startswith('the only one of its kind')


def test_reconstructions_of_one_acquisition_are_never_averaged(tmp_path):
    same = '2026-03-01T10:15:00'
    results = [
        stored(tmp_path, 0, acquisition_datetime=same),
        stored(tmp_path, 1, acquisition_datetime=f'{same}.00'),
        stored(tmp_path, 2),
    ]
    groups = form_groups(results)
    assert [len(group.members) for group in groups] == [1, 1, 1]
    with pytest.raises(InputFileError, match='one acquisition'):
        form_groups([], [results[:2]])


@pytest.mark.parametrize(
    ('gone', 'words'),
    [
        ('reconstruction_method', 'reconstruction method'),
        ('acquisition_datetime', 'time of the acquisition'),
        ('device_serial_number', 'serial number'),
    ],
)
def test_what_is_unknown_is_never_averaged(tmp_path, gone, words):
    results = [
        read_results(write_results(tmp_path / f'{n}', without(made_results(n), gone)))
        for n in range(2)
    ]
    groups = form_groups(results)
    assert [len(group.members) for group in groups] == [1, 1]
    assert groups[0].reason.startswith('not averaged with any: unknown are')
    assert words in groups[0].reason


def test_results_of_today_without_scan_facts_are_unknown():
    signature = signature_of_results(made_results(scan=None, ratio=None))
    assert (signature.scanner, signature.reconstruction, signature.fill) == (UNKNOWN,) * 3
    assert not signature.known


def test_the_user_may_say_what_are_replicates(tmp_path):
    bare = [
        read_results(write_results(tmp_path / f'{n}', made_results(n, scan=None))) for n in range(3)
    ]
    groups = form_groups(bare[2:], [bare[:2]])
    assert [len(group.members) for group in groups] == [2, 1]
    assert groups[0].reason == '2 replicates, as the user says'


def test_the_same_results_twice_are_refused(tmp_path):
    one = stored(tmp_path, 0)
    with pytest.raises(InputFileError, match='hold the same results'):
        form_groups([one, stored(tmp_path, 0, name='copy')])


def test_folders_of_one_name_are_told_apart(tmp_path):
    results = [stored(tmp_path / letter, n, name='out') for n, letter in enumerate('ab')]
    names = [one.name for group in form_groups(results) for one in group.members]
    assert names == ['a/out', 'b/out']


def test_the_reference_is_found_by_name_path_or_member(tmp_path):
    groups = form_groups([stored(tmp_path, n) for n in range(2)] + [stored(tmp_path, 5, ratio=9.0)])
    assert find_group(groups, '') is groups[0]
    for wanted in (
        'scan5',
        str(tmp_path / 'scan5'),
        f'{tmp_path}/scan5/',
        str(tmp_path / 'scan5/results.json'),
    ):
        assert find_group(groups, wanted) is groups[1]
    assert find_group(groups, 'scan1') is groups[0]
    with pytest.raises(InputFileError, match="no result named 'gone'"):
        find_group(groups, 'gone')


def made_group(name, numbers, noise_sd=None, fill_sd=None, acquisition=UNKNOWN):
    members = tuple(
        StoredResults(
            path=None,
            name=f'{name}{n}',
            signature=Signature(acquisition=acquisition),
            measured=(Value('rc_max', 'S10', 10.0, x, '', noise_sd, fill_sd),),
        )
        for n, x in enumerate(numbers)
    )
    return Group(name, members, '')


def only_difference(a, b):
    return differences([a, b], a)[0]


def test_means_and_differences_are_those_of_a_textbook():
    """Welch's test of scipy is the judge: its 95 % interval and degrees of freedom."""
    from scipy.stats import ttest_ind

    a, b = [0.41, 0.44, 0.40, 0.47], [0.52, 0.49, 0.55]
    found = only_difference(made_group('a', a), made_group('b', b))
    judge = ttest_ind(b, a, equal_var=False)
    low, high = judge.confidence_interval(0.95)
    assert found.freedom == pytest.approx(judge.df)
    assert found.difference - found.half_width_95 == pytest.approx(low)
    assert found.difference + found.half_width_95 == pytest.approx(high)
    assert found.different == (judge.pvalue < 0.05)
    assert found.percent == pytest.approx(100 * (np.mean(b) / np.mean(a) - 1))
    value = next(iter(group_values(made_group('a', a)).values()))
    assert (value.count, value.sd) == (4, pytest.approx(np.std(a, ddof=1)))


def test_equal_values_have_no_sd_of_their_rounding():
    """Three times 0.1 in numpy: a mean of 0.10000000000000002 and an SD of 1.7e-17."""
    a = made_group('a', [0.1] * 3)
    (value,) = group_values(a).values()
    found = only_difference(a, made_group('b', [0.1] * 7))
    assert (value.mean, value.sd) == (0.1, 0.0)
    assert (found.difference, found.half_width_95, found.different) == (0.0, 0.0, False)


def test_the_fill_is_added_once_and_not_reduced_by_replicates():
    a = made_group('a', [0.4, 0.4, 0.4], fill_sd=0.03)
    b = made_group('b', [0.5, 0.5, 0.5], fill_sd=0.04)
    assert only_difference(a, b).sd == pytest.approx(0.05)


def test_the_fill_cancels_between_results_of_one_acquisition():
    a = made_group('a', [0.4], noise_sd=0.01, fill_sd=0.03, acquisition='one')
    b = made_group('b', [0.5], noise_sd=0.01, fill_sd=0.04, acquisition='one')
    found = only_difference(a, b)
    assert found.sd == pytest.approx(0.01 * 2**0.5)
    assert 'upper bound' in found.notes[0]


def test_of_one_scan_only_the_noise_that_is_known_is_used():
    found = only_difference(made_group('a', [1.0], 0.3), made_group('b', [2.0], 0.4))
    assert found.sd == pytest.approx(0.5)
    assert found.half_width_68 == pytest.approx(0.5, rel=1e-3)
    found = only_difference(made_group('a', [1.0]), made_group('b', [2.0, 3.0]))
    assert found.sd is None
    assert found.different is None
    assert found.notes == ('one scan of unknown noise: no uncertainty',)


@pytest.mark.parametrize(('n_a', 'n_b'), [(2, 2), (3, 5), (5, 1), (20, 20)])
def test_intervals_cover_the_truth_as_often_as_they_say(n_a, n_b):
    """Noise draws of a known difference; a single scan knows its noise from the fit."""
    rng, true, inside = np.random.default_rng(n_a), 0.3, []
    for _ in range(1500):
        a = made_group('a', rng.normal(1.0, 0.2, n_a), 0.2)
        b = made_group('b', rng.normal(1.0 + true, 0.1, n_b), 0.1)
        found = only_difference(a, b)
        off = abs(found.difference - true)
        inside.append((off < found.half_width_68, off < found.half_width_95))
    covered = np.mean(inside, axis=0)
    assert 0.60 < covered[0] < 0.76
    assert 0.92 < covered[1] < 0.98


def test_the_sd_of_noise_draws_is_recovered(tmp_path):
    rng = np.random.default_rng(8)
    results = [stored(tmp_path, n, offset=float(rng.normal(0, 2.0))) for n in range(20)]
    (group,) = form_groups(results)
    values = group_values(group)
    sd = {key.quantity: value.sd for key, value in values.items() if key.label == 'S17'}
    assert sd['mean'] == pytest.approx(2.0, rel=3 / math.sqrt(2 * 19))
    assert sd['rc_max'] == pytest.approx(sd['mean'] / 100)


@pytest.fixture(scope='module')
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp('compare')
    rng, paths = np.random.default_rng(4), []
    for n in range(3):
        for k, method in enumerate(('PSF', '=OSEM <b>')):
            options = {'offset': float(rng.normal(-5.0 * k, 0.5)), 'reconstruction_method': method}
            one = stored(folder, n, name=f'{["PSF", "OSEM"][k]} {n}', **options)
            paths.append(str(one.path.parent))
            if k:  # not the same voxels as the other reconstruction
                results = made_results(n + 50, acquisition_datetime=f'2026-03-{n + 1:02}T10:15:00',
                                       **options)  # fmt: skip
                write_results(one.path.parent, results)
    write_results(folder / 'bare', made_results(99, scan=None, ratio=None))
    command = ['compare', *paths, str(folder / 'bare'), '--output', str(folder / 'out')]
    assert cli.main([*command, '--reference', 'OSEM 0']) == 0
    return folder / 'out'


def test_the_workbook_holds_tidy_tables(compared):
    import pandas as pd

    sheets = pd.read_excel(compared / 'comparison.xlsx', sheet_name=None)
    assert list(sheets) == ['Differences', 'Means', 'Values', 'Groups', 'Method']
    means = sheets['Means'].set_index(['Group', 'Quantity', 'Sphere'])
    values = sheets['Values']
    name = 'PSF 0 … PSF 2 (n = 3)'
    own = values[
        (values.Group == name) & (values['quantity'] == 'rc_max') & (values.label == 'S10')
    ]
    row = means.loc[(name, 'RCmax', 'S10')]
    assert row['n'] == 3
    assert row['Mean'] == pytest.approx(own['value'].mean())
    assert row['SD'] == pytest.approx(own['value'].std())
    found = (
        sheets['Differences'].set_index(['Group', 'Quantity', 'Sphere']).loc[(name, 'RCmax', 'S10')]
    )
    assert found['Difference'] == pytest.approx(0.05, abs=0.02)
    assert 'upper bound' in found['Remark']
    assert set(sheets['Groups']['Reference']) == {'yes', 'no'}


def test_no_text_of_a_header_is_a_formula(compared):
    import openpyxl

    book = openpyxl.load_workbook(compared / 'comparison.xlsx')
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert 'f' not in kinds


def test_the_page_lays_the_curves_over_each_other(compared):
    html = (compared / 'comparison.html').read_text(encoding='utf-8')
    assert '<b>' not in html
    assert 'PSF 0 … PSF 2 (n = 3)' in html
    assert html.count('<svg class="chart"') == 6  # Q, N, three RC, Q against N
    assert 'not averaged with any: unknown are' in html
    assert 'badge badge-warning' in html
    assert not re.search(r'<dd><bdi>\d{4}-\d\d-\d\dT', html)


def test_nothing_of_the_groups_is_cut_on_a_narrow_screen(compared):
    from chromium import Chromium

    widths = (
        '[...document.querySelectorAll("#main > section:first-child .scroll, html")]'
        '.map(box => [box.scrollWidth, box.clientWidth])'
    )
    with Chromium() as browser:
        for width in (390, 1366):
            browser.open(compared / 'comparison.html', width=width)
            found = browser.evaluate(widths)
            assert len(found) == 2
            assert all(whole <= seen for whole, seen in found), (width, found)


def test_an_earlier_comparison_is_replaced_only_on_request(compared, capsys):
    paths = [str(compared.parent / name) for name in ('PSF 0', 'OSEM 0')]
    command = ['compare', *paths, '--output', str(compared)]
    before = (compared / 'comparison.html').read_bytes()
    assert cli.main(command) == 1
    assert 'holds a comparison already' in capsys.readouterr().err
    assert (compared / 'comparison.html').read_bytes() == before


def test_one_result_is_nothing_to_compare(compared, tmp_path, capsys):
    command = ['compare', str(compared.parent / 'bare'), '--output', str(tmp_path / 'out')]
    assert cli.main(command) == 1
    assert 'at least two results' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'content', ['', '[]', '{"schema": "x"}', '{"schema": "voi-identification/results/1"}']
)
def test_what_is_no_results_file_is_a_sentence(tmp_path, capsys, content):
    (tmp_path / 'results.json').write_text(content)
    command = ['compare', str(tmp_path), str(tmp_path), '--output', str(tmp_path / 'out')]
    assert cli.main(command) == 1
    assert str(tmp_path / 'results.json') in capsys.readouterr().err


@pytest.mark.parametrize(
    ('spoil', 'words'),
    [
        (lambda r: r.update(spheres=None), 'no list of objects'),
        (lambda r: r.update(spheres={'S37': 1}), 'no list of objects'),
        (lambda r: r.update(spheres=[None]), 'no list of objects'),
        (lambda r: r['spheres'].append(dict(r['spheres'][0])), 'stands there twice'),
        (lambda r: r['spheres'][1].update(label=r['spheres'][0]['label']), 'stands there twice'),
        (lambda r: r['spheres'][0].update(mean='12'), "'12', no number"),
        (lambda r: r['spheres'][0].update(max=True), 'True, no number'),
        (lambda r: r['spheres'][0].update(mean=math.inf), 'Out of range'),
        (lambda r: r['spheres'][0].update(sd=math.nan), 'Out of range'),
        (lambda r: r['spheres'][0].update(mean=10**400), 'OverflowError'),
        (lambda r: r['spheres'][0].update(mean=[12]), '[12] is no number'),
        (lambda r: r['spheres'][0].update(label=['S37']), "label of a sphere is ['S37']"),
        (lambda r: r['spheres'][0].update(label=None), 'label of a sphere is None'),
        (lambda r: r['spheres'][0].update(flags=['off_slice', None]), 'no list of names'),
        (lambda r: r['spheres'][0].update(flags='off_slice'), 'number'),
        (lambda r: r['input'].update(spacing_ijk_mm=[10**400, 1, 1]), 'OverflowError'),
        (lambda r: r['input'].update(series_instance_uid=[1]), 'no text'),
        (lambda r: r['input'].update(sha256=None), 'sha256'),
        (lambda r: r['spheres'].extend({'label': f'{n}'} for n in range(2000)), '2006 spheres'),
    ],
)
def test_results_that_somebody_spoiled_are_refused(tmp_path, spoil, words):
    results = made_results(0)
    spoil(results)

    with pytest.raises(InputFileError, match='not a whole') as refused:
        read_results(write_results(tmp_path / 'bad', results))

    assert words in str(refused.value)


@pytest.mark.parametrize('number', ['0', '2', '99', ''])
def test_results_of_another_version_are_refused_by_its_name(tmp_path, number):
    folder = write_results(tmp_path / 'a', made_results(0) | {'schema': f'{FAMILY}{number}'})
    with pytest.raises(InputFileError, match=f"of the schema '{FAMILY}{number}'.*{FAMILY}1"):
        read_results(folder)


def test_text_that_somebody_put_in_is_harmless_everywhere(tmp_path):
    results = made_results(0, station_name='\u202eA\x1b[2J\0', model='\ud800')
    results['spheres'][0]['label'] = 'S\ud800\x07'
    one, other = (
        write_results(tmp_path / 'a', results),
        write_results(tmp_path / 'b', made_results(1)),
    )

    assert cli.main(['compare', str(one), str(other), '--output', str(tmp_path / 'out')]) == 0
    log = str(tmp_path / 'log.sqlite')
    assert cli.main(['trend', log, 'add', str(one), '--scanner', '\udcff\x1b']) == 0
    assert cli.main(['trend', log, 'show', '--output', str(tmp_path / 'out' / 'trend.html')]) == 0
    assert cli.main(['trend', log, 'export', str(tmp_path / 'out' / 'trend.csv')]) == 0

    for name in ('comparison.html', 'trend.html', 'trend.csv'):
        text = (tmp_path / 'out' / name).read_bytes().decode()
        assert not re.search('[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]', text), name
        assert name == 'trend.html' or 'S\\ud800\\x07' in text


@pytest.mark.parametrize('kind', ['pipe', 'device', 'huge', 'nested', 'marked'])
def test_what_stands_in_the_place_of_results_is_read_or_refused_at_once(tmp_path, kind):
    file = tmp_path / 'results.json'
    if kind == 'pipe':
        os.mkfifo(file)
    elif kind == 'device':
        file.symlink_to('/dev/zero')
    elif kind == 'huge':
        with file.open('wb') as stream:
            stream.truncate(10**10)
    else:
        extra = json.loads('[' * 600 + ']' * 600) if kind == 'nested' else []
        text = json.dumps(made_results(0) | {'extra': extra})
        file.write_text(text, encoding='utf-8-sig')
    if kind == 'marked':  # as an editor of Windows saves it
        assert read_results(tmp_path).series_uid
        return
    with pytest.raises(InputFileError, match=r'cannot be read|more than|nested'):
        read_results(tmp_path)


def test_a_name_of_two_lines_stays_on_its_line(tmp_path, capsys):
    one, other = (write_results(tmp_path / f'a\n{n}', made_results(n)) for n in range(2))
    assert cli.main(['compare', str(one), str(other), '--output', str(tmp_path / 'out')]) == 0
    log = str(tmp_path / 'log.sqlite')
    assert cli.main(['trend', log, 'add', str(one), str(tmp_path / 'b\nc')]) == 1
    said = capsys.readouterr()
    assert all(line.startswith('voi-identification: ') for line in said.err.splitlines())
    assert 'a\\n0' in said.out
    assert not any(line[0] in '0c' for line in said.out.splitlines())


def test_spheres_of_other_sizes_under_one_label_are_said():
    a, b = made_group('a', [0.4], noise_sd=0.01), made_group('b', [0.5], noise_sd=0.01)
    (member,) = b.members
    other = replace(member, measured=(replace(member.measured[0], diameter_mm=13.0),))

    assert OTHER_SIZE not in only_difference(a, b).notes
    assert OTHER_SIZE in only_difference(a, replace(b, members=(other,))).notes
