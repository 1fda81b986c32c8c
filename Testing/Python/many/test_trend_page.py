"""The trend by the command line: page, CSV, edits."""

import csv
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest
from made_stored import made_results, write_results
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.many.chart_svg import Scale, date_ticks, polyline, value_ticks, y_scale
from VOIIdentificationLib.many.page import csv_cell, rounded, with_sd

pytest.importorskip('jinja2')


@pytest.fixture(scope='module')
def log(tmp_path_factory):
    """Thirty scans; the last two have jumped. One more of an unknown scanner."""
    folder = tmp_path_factory.mktemp('trend')
    rng, start = np.random.default_rng(2), datetime(2024, 1, 10, 9, 30)
    scans = []
    for n in range(30):
        day = (start + timedelta(days=31 * n)).isoformat()
        offset = float(rng.normal(0, 0.5)) + (8.0 if n > 27 else 0.0)
        results = made_results(n, offset=offset, acquisition_datetime=day)
        scans.append(str(write_results(folder / f'{n}', results)))
    scans.append(str(write_results(folder / 'bare', made_results(99, scan=None))))
    assert cli.main(['trend', str(folder / 'log.sqlite'), 'add', *scans]) == 0
    return folder / 'log.sqlite'


@pytest.fixture
def page(log, tmp_path):
    assert cli.main(['trend', str(log), 'show', '--output', str(tmp_path / 'page.html')]) == 0
    return tmp_path / 'page.html'


class Balance(HTMLParser):
    """Tags that were opened and not closed, and every address."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.ids = [], [], []

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ('src', 'href')]
        self.ids += [value for name, value in attributes if name == 'id']
        if tag not in ('meta', 'link'):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_says_what_is_in_alarm_and_what_is_left_out(page):
    html = page.read_text(encoding='utf-8')
    assert '32 of 50 charts in alarm' in html  # all that the offset reaches: not N, A50, RCpeak
    assert 'RCmax S37, S28, S22, S17, S13, S10' in html
    assert 'one value beyond 3 sigma' in html
    assert 'scanner and reconstruction and date of the scan unknown' in html
    assert html.count('<svg class="chart"') == 50


def test_the_page_is_whole_and_needs_nothing_else(page):
    parser = Balance()
    parser.feed(page.read_text(encoding='utf-8'))
    assert parser.open == []
    assert parser.addresses == ['data:,']
    assert len(parser.ids) == len(set(parser.ids))


def test_text_of_the_header_is_shown_as_text(page):
    html = page.read_text(encoding='utf-8')
    assert 'Made &amp; Sons, Vision &lt;600&gt;' in html
    assert '<600>' not in html


def test_one_chart_can_be_asked_for(log, tmp_path):
    output = tmp_path / 'one.html'
    options = ['--quantity', 'rc_max', '--sphere', 'S10']
    assert cli.main(['trend', str(log), 'show', '--output', str(output), *options]) == 0
    assert output.read_text(encoding='utf-8').count('<svg class="chart"') == 1


def test_an_earlier_page_is_replaced_only_on_request(log, page, capsys):
    command = ['trend', str(log), 'show', '--output', str(page)]
    assert cli.main(command) == 1
    assert '--overwrite' in capsys.readouterr().err
    assert cli.main([*command, '--overwrite']) == 0


def test_the_page_draws_in_a_browser(page, tmp_path):
    chromium = shutil.which('chromium')
    if chromium is None:
        pytest.skip('Chromium is not installed')
    picture = tmp_path / 'page.png'
    run = subprocess.run(
        [chromium, '--headless', '--no-sandbox', '--disable-gpu', '--window-size=390,1200',
         f'--user-data-dir={tmp_path / "profile"}', '--enable-logging=stderr', '--v=0',
         f'--screenshot={picture}', page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert picture.stat().st_size > 10_000
    assert 'CONSOLE' not in run.stderr


def test_the_export_holds_every_value(log, tmp_path):
    output = tmp_path / 'values.csv'
    assert cli.main(['trend', str(log), 'export', str(output)]) == 0
    with output.open(encoding='utf-8', newline='') as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 31 * 50
    one = [row for row in rows if row['entry'] == '1' and row['quantity'] == 'rc_mean']
    assert {row['label']: float(row['value']) for row in one}['S10'] == 0.25


def test_an_edit_shows_in_the_page(log, tmp_path, capsys):
    copied = shutil.copy(log, tmp_path / 'copy.sqlite')
    edit = ['trend', str(copied), 'edit', '30', '--exclude', '--reason', 'phantom <leaked>']
    assert cli.main(edit) == 0
    assert 'state is now excluded' in capsys.readouterr().out
    assert cli.main(['trend', str(copied), 'show', '--output', str(tmp_path / 'p.html')]) == 0
    html = (tmp_path / 'p.html').read_text(encoding='utf-8')
    assert 'phantom &lt;leaked&gt;' in html
    assert 'excluded by the user' in html


def test_one_bad_result_does_not_stop_the_others(tmp_path, capsys):
    good = [str(write_results(tmp_path / f'{n}', made_results(n))) for n in range(2)]
    (tmp_path / 'bad.json').write_text('{"schema": "something else"}')
    log = tmp_path / 'log.sqlite'
    assert cli.main(['trend', str(log), 'add', good[0], str(tmp_path / 'bad.json'), good[1]]) == 1
    printed = capsys.readouterr()
    assert printed.out.count('added: ') == 2
    assert 'bad.json holds no results' in printed.err


@pytest.mark.parametrize(
    ('value', 'sd', 'text'),
    [(12.3456, 0.0431, '12.346 ± 0.043'), (0.0, 1.5, '0.0 ± 1.5'), (-3.0, None, '-3.000'),
     (5.0, float('nan'), '5.000'), (98765.0, 1234.0, '98800 ± 1200'),
     (6.3245553, 6.3e-16, '6.325'), (-0.00001, None, '-0.00001000'), (-0.0, None, '0.000'),
     (-0.0004, 0.1, '0.00 ± 0.10')],
)  # fmt: skip
def test_values_carry_the_digits_of_their_uncertainty(value, sd, text):
    assert with_sd(value, sd) == text


@pytest.mark.parametrize('text', ['=1+1', '+1', '-x', '@x', '\tx'])
def test_no_text_is_a_formula_in_a_spreadsheet(text):
    assert csv_cell(text) == f"'{text}"
    assert csv_cell(-1.5) == '-1.5'


def test_ticks_are_round_and_inside():
    scale = y_scale([0.31, 0.87])
    assert [tick.text for tick in value_ticks(scale)] == [
        '0.3',
        '0.4',
        '0.5',
        '0.6',
        '0.7',
        '0.8',
        '0.9',
    ]
    assert all(24 <= tick.at <= 256 for tick in value_ticks(scale))


@pytest.mark.parametrize('days', [0.3, 1, 9, 40, 200, 800, 4000, 40000])
def test_dates_have_few_ticks_in_order(days):
    first = datetime(2024, 1, 31, 9, 30)
    last = first + timedelta(days=days)
    scale = Scale(0.0, (last - first).total_seconds(), 70, 606)
    ticks = date_ticks(first, last, scale)
    assert 1 <= len(ticks) <= 9
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)
    assert len({tick.text for tick in ticks}) == len(ticks)


def test_a_long_curve_keeps_its_extremes():
    x = np.linspace(70, 628, 50_000)
    y = np.full(50_000, 100.0)
    y[31_234], y[777] = 250.0, 30.0
    points = [tuple(map(float, point.split(','))) for point in polyline(x, y).split()]
    assert len(points) < 1300
    assert {30.0, 250.0} <= {point[1] for point in points}


def page_of(folder, scans):
    """Of a log with these scans alone."""
    paths = [str(write_results(folder / f'{n}', one)) for n, one in enumerate(scans)]
    log = str(folder / 'log.sqlite')
    assert cli.main(['trend', log, 'add', *paths]) == 0
    assert cli.main(['trend', log, 'show', '--output', str(folder / 'page.html')]) == 0
    return (folder / 'page.html').read_text(encoding='utf-8')


def monthly(count, first=0, **keys):
    days = [f'2026-0{n + 1}-01T10:00:00' for n in range(count)]
    return [
        made_results(first + n, offset=0.1 * (n % 3), acquisition_datetime=day, **keys)
        for n, day in enumerate(days)
    ]


def test_three_scans_have_a_curve_but_neither_limits_nor_drift(tmp_path):
    html = page_of(tmp_path, monthly(3))
    assert html.count('too few scans for limits (3 of 5)</bdi></td>') == 50
    assert html.count('<svg class="chart"') == 50
    assert 'class="guide' not in html
    assert 'charts in alarm' not in html


def test_limits_of_few_scans_are_called_provisional(tmp_path):
    html = page_of(tmp_path, monthly(6))
    assert 'limits provisional, from 6 scans' in html
    assert 'too few scans' not in html
    assert 'class="guide-limit"' in html


def test_more_charts_than_are_drawn_are_counted_and_stand_in_the_table(tmp_path):
    scans = monthly(1) + monthly(1, 10, device_serial_number='11030')
    html = page_of(tmp_path, scans)
    assert '60 of 100 charts are drawn' in html
    assert html.count('<svg class="chart"') == 60
    assert html.count('too few scans for limits (1 of 5)</bdi></td>') == 100


def test_a_page_without_jinja2_names_the_package(log, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    output = tmp_path / 'page.html'
    assert cli.main(['trend', str(log), 'show', '--output', str(output)]) == 1
    assert 'pip install Jinja2' in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_what_is_no_number_is_shown_empty(value):
    assert rounded(value, 84.2) == ''
