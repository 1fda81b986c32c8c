"""The log on the real SQLite: once only, with its history, by many writers, through kills."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from made_stored import made_results, write_results
from paths import MODULE
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import InputFileError, OutputError
from VOIIdentificationLib.many import trend_log
from VOIIdentificationLib.many.stored import read_results
from VOIIdentificationLib.many.trend_charts import left_out, trend_charts
from VOIIdentificationLib.many.trend_log import (
    Said,
    add_entry,
    edit_entry,
    integrity_problems,
    reading,
)

WRITER = """
import sys
from pathlib import Path
from made_stored import made_results, write_results
from VOIIdentificationLib.many.stored import read_results
from VOIIdentificationLib.many.trend_log import add_entry
log, scratch = Path(sys.argv[1]), Path(sys.argv[2])
first, count = int(sys.argv[3]), int(sys.argv[4])
for n in range(first, first + count):
    stored = read_results(write_results(scratch / f'{n}', made_results(n)))
    add_entry(log, stored)
    print(n, flush=True)
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'trend.sqlite'


def stored(tmp_path, number=0, **options):
    return read_results(write_results(tmp_path / f'scan {number}', made_results(number, **options)))


def table(log, sql):
    with reading(log) as connection:
        return [tuple(row) for row in connection.execute(sql)]


def test_an_entry_holds_every_value(log, tmp_path):
    one = stored(tmp_path)
    assert add_entry(log, one) == 'added'
    rows = table(log, 'SELECT quantity, label, value, unit, noise_sd, fill_sd, flags FROM value')
    assert len(rows) == len(one.measured) == 6 * 8 + 2
    assert ('contrast_percent', 'S10', 20.0, '%', None, 0.5, 'off_slice') in rows
    assert ('mean', 'S37', 3700.0, 'Bq/mL', 2.0, None, '') in rows
    assert ('background_mean', '', 1037.0, 'Bq/mL', None, None, '') in rows
    assert table(log, 'SELECT scanned_at, fill FROM entry') == [
        ('2026-03-01T10:15:00', 'NEMA IEC body at 4 : 1')
    ]


def test_the_same_scan_is_never_there_twice(log, tmp_path):
    add_entry(log, stored(tmp_path))
    again = stored(tmp_path)
    assert add_entry(log, again) == 'known'
    copied = made_results() | {'analyzed_at': '2027-01-01T00:00:00+00:00'}
    assert add_entry(log, read_results(write_results(tmp_path / 'copy', copied))) == 'known'
    assert table(log, 'SELECT count(*) FROM entry') == [(1,)]


def test_another_analysis_of_a_scan_needs_a_reason_and_the_old_one_stays(log, tmp_path):
    add_entry(log, stored(tmp_path))
    other = stored(tmp_path, offset=1.0)
    with pytest.raises(InputFileError, match=r'entry 1.*--replace'):
        add_entry(log, other)
    assert add_entry(log, other, replace_reason='new software') == 'replaced'
    assert table(log, 'SELECT id, state FROM entry') == [(1, 'superseded'), (2, 'current')]
    assert table(log, 'SELECT entry_id, field, old, new, reason FROM history') == [
        (1, 'state', 'current', 'superseded', 'new software')
    ]
    assert table(log, "SELECT value FROM value WHERE quantity = 'mean' AND label = 'S10'") == [
        (1000.0,),
        (1001.0,),
    ]
    assert left_out(log) == ()


def test_one_series_uid_with_other_voxels_is_a_contradiction(log, tmp_path):
    add_entry(log, stored(tmp_path))
    changed = made_results(1)
    changed['input']['series_instance_uid'] = '1.2.3.0'
    with pytest.raises(InputFileError, match='other voxels'):
        add_entry(log, read_results(write_results(tmp_path / 'changed', changed)))
    assert table(log, 'SELECT count(*) FROM entry') == [(1,)]


def test_no_program_can_put_a_scan_in_twice(log, tmp_path):
    add_entry(log, stored(tmp_path))
    connection = sqlite3.connect(log)
    names = [row[1] for row in connection.execute('PRAGMA table_info(entry)') if row[1] != 'id']
    columns = ', '.join(names)
    with pytest.raises(sqlite3.IntegrityError, match='UNIQUE'):
        connection.execute(f'INSERT INTO entry ({columns}) SELECT {columns} FROM entry')
    connection.close()


def test_what_is_refused_half_way_leaves_nothing(log, tmp_path):
    """The old values are superseded before the contradiction is found."""
    for n in range(2):
        add_entry(log, stored(tmp_path, n))
    mixed = made_results(0, offset=1.0)
    mixed['input']['series_instance_uid'] = '1.2.3.1'
    mixed = read_results(write_results(tmp_path / 'mixed', mixed))
    with pytest.raises(InputFileError, match='other voxels'):
        add_entry(log, mixed, replace_reason='again')
    assert table(log, 'SELECT DISTINCT state FROM entry') == [('current',)]
    assert table(log, 'SELECT count(*) FROM history') == [(0,)]


def test_edits_keep_history(log, tmp_path):
    add_entry(log, stored(tmp_path))
    edit_entry(log, 1, 'state', 'excluded', 'phantom leaked')
    edit_entry(log, 1, 'scanned_at', '2026-03-02', 'clock was wrong')
    assert table(log, 'SELECT state, scanned_at FROM entry') == [
        ('excluded', '2026-03-02T00:00:00')
    ]
    assert table(log, 'SELECT field, old, new, reason FROM history') == [
        ('state', 'current', 'excluded', 'phantom leaked'),
        ('scanned_at', '2026-03-01T10:15:00', '2026-03-02T00:00:00', 'clock was wrong'),
    ]
    assert trend_charts(log) == ()
    assert [(one.entry_id, one.why) for one in left_out(log)] == [(1, 'excluded by the user')]


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ((7, 'note', 'x', 'y'), 'no entry 7'),
        ((1, 'id', '9', 'y'), "'id' of an entry cannot be changed"),
        ((1, 'note', 'x', ' '), 'needs a reason'),
        ((1, 'state', 'superseded', 'y'), 'current or excluded'),
        ((1, 'scanned_at', 'tomorrow', 'y'), "'tomorrow' is no date"),
    ],
)
def test_a_bad_edit_is_a_sentence_and_changes_nothing(log, tmp_path, change, words):
    add_entry(log, stored(tmp_path))
    before = log.read_bytes()
    with pytest.raises(InputFileError, match=words):
        edit_entry(log, *change)
    assert log.read_bytes() == before


@pytest.mark.parametrize(
    'sql',
    [
        'DELETE FROM entry',
        'DELETE FROM value',
        'UPDATE value SET value = 1',
        'DELETE FROM history',
        "UPDATE history SET reason = ''",
    ],
)
def test_no_program_can_make_values_or_history_vanish(log, tmp_path, sql):
    add_entry(log, stored(tmp_path))
    edit_entry(log, 1, 'note', 'x', 'y')
    connection = sqlite3.connect(log)
    with pytest.raises(sqlite3.IntegrityError, match='a trend log keeps its'):
        connection.execute(sql)
    connection.close()


def test_what_the_header_does_not_say_can_be_said(log, tmp_path):
    """The header wins where it speaks."""
    bare = made_results(1, scan=None, ratio=None)
    said = Said('Our scanner', 'OSEM', 'ten to one', '2026-04-01')
    add_entry(log, read_results(write_results(tmp_path / 'bare', bare)), said)
    add_entry(log, stored(tmp_path, 2), said)
    kinds = table(log, 'SELECT scanner, reconstruction, fill, scanned_at FROM entry')
    assert kinds[0] == ('Our scanner', 'OSEM', 'ten to one', '2026-04-01T00:00:00')
    assert kinds[1][0].startswith('Made & Sons')
    assert kinds[1][3] == '2026-03-01T10:15:00'


def test_what_is_unknown_is_kept_but_not_charted(log, tmp_path):
    bare = made_results(1, scan=None, ratio=None)
    add_entry(log, read_results(write_results(tmp_path / 'bare', bare)))
    assert trend_charts(log) == ()
    why = left_out(log)[0].why
    assert why == ('scanner and reconstruction and ratio of the fill and date of the scan unknown')


def test_charts_are_of_one_scanner_and_in_the_order_of_the_scans(log, tmp_path):
    for n in (3, 1, 2):
        add_entry(log, stored(tmp_path, n, offset=n, acquisition_datetime=f'2026-0{n}-01T10:00:00'))
    add_entry(log, stored(tmp_path, 4, device_serial_number='11030'))
    charts = trend_charts(log, quantity='contrast_percent', label='S10')
    assert [len(chart.entry_ids) for chart in charts] == [3, 1]
    assert charts[0].entry_ids == (2, 3, 1)
    assert list(charts[0].chart.values) == [21.0, 22.0, 23.0]
    assert charts[0].flagged == (True, True, True)


@pytest.mark.parametrize('content', [b'', b'no database at all, but text' * 100])
def test_something_else_is_refused_in_a_sentence(log, content):
    log.write_bytes(content)
    with pytest.raises(InputFileError, match=r'trend log|no trend log'):
        trend_charts(log)
    if content:
        assert log.read_bytes() == content


def test_a_refused_first_entry_makes_no_log(log, tmp_path):
    one = stored(tmp_path, acquisition_datetime='yesterday')
    with pytest.raises(InputFileError, match=r"results\.json: 'yesterday' is no date"):
        add_entry(log, one)
    assert not log.exists()


@pytest.mark.parametrize(
    ('name', 'words'), [('log.html', ['show', '--output']), ('log.csv', ['export'])]
)
def test_a_log_is_not_written_over_by_its_own_page(tmp_path, capsys, name, words):
    log = tmp_path / name
    add_entry(log, stored(tmp_path))
    before = log.read_bytes()
    assert cli.main(['trend', str(log), *words, str(log), '--overwrite']) == 1
    assert 'is read by this run' in capsys.readouterr().err
    assert log.read_bytes() == before


def test_a_log_that_holds_nothing_yet_says_so(log):
    log.write_bytes(b'')
    with pytest.raises(InputFileError, match='is empty'):
        trend_charts(log)


def test_another_database_is_left_alone(log, tmp_path):
    connection = sqlite3.connect(log)
    connection.execute('CREATE TABLE theirs (x)')
    connection.commit()
    connection.close()
    with pytest.raises(InputFileError, match='no trend log'):
        add_entry(log, stored(tmp_path))


def test_a_newer_log_is_refused(log, tmp_path):
    add_entry(log, stored(tmp_path))
    connection = sqlite3.connect(log)
    connection.execute('PRAGMA user_version = 99')
    connection.close()
    with pytest.raises(InputFileError, match=r'schema 99.*newer'):
        add_entry(log, stored(tmp_path, 1))


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(OutputError, match='cannot be written'):
        add_entry(tmp_path / 'gone' / 'log.sqlite', stored(tmp_path))


def test_a_log_that_another_program_holds_is_a_sentence(log, tmp_path, monkeypatch):
    add_entry(log, stored(tmp_path))
    monkeypatch.setattr(trend_log, 'BUSY_TIMEOUT_S', 0.1)
    other = sqlite3.connect(log, isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    with pytest.raises(OutputError, match='Another program holds it open: wait'):
        add_entry(log, stored(tmp_path, 1))
    other.execute('ROLLBACK')
    other.close()
    assert add_entry(log, stored(tmp_path, 1)) == 'added'


def test_a_log_that_is_not_there_is_not_made_by_looking(log):
    with pytest.raises(InputFileError, match=r'no trend log .*make one with'):
        trend_charts(log)
    assert not log.exists()


def test_scans_without_a_series_uid_are_told_apart_by_their_voxels(log, tmp_path):
    """As volume files: two of them are no contradiction."""
    for n in range(2):
        volume = made_results(n)
        volume['input']['series_instance_uid'] = ''
        one = read_results(write_results(tmp_path / f'volume {n}', volume))
        assert add_entry(log, one) == 'added'
        assert add_entry(log, one) == 'known'
    assert table(log, 'SELECT count(*) FROM entry') == [(2,)]


def test_what_was_replaced_can_no_longer_be_edited(log, tmp_path):
    add_entry(log, stored(tmp_path))
    add_entry(log, stored(tmp_path, offset=1.0), replace_reason='new software')
    with pytest.raises(InputFileError, match='entry 1 was replaced by a later analysis'):
        edit_entry(log, 1, 'note', 'x', 'y')
    assert table(log, 'SELECT count(*) FROM history') == [(1,)]


def start_writer(log, scratch, first, count):
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(['', str(MODULE), *sys.path])}
    return subprocess.Popen(
        [sys.executable, '-c', WRITER, str(log), str(scratch), str(first), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_several_writers_lose_nothing(log, tmp_path):
    writers = [start_writer(log, tmp_path / f'{n}', 100 * n, 12) for n in range(3)]
    for writer in writers:
        said, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        assert len(said.split()) == 12
    assert table(log, 'SELECT count(*) FROM entry') == [(36,)]
    assert table(log, 'SELECT count(DISTINCT entry_id) FROM value') == [(36,)]
    assert integrity_problems(log) == ()


def test_a_kill_at_any_moment_loses_nothing_that_was_said_to_be_stored(log, tmp_path):
    """A few here; the benchmark does a hundred."""
    rng, said = random.Random(4), set()
    for n in range(5):
        writer = start_writer(log, tmp_path / f'{n}', 1000 * n, 500)
        first = writer.stdout.readline()  # however long its start takes
        time.sleep(rng.random() * 0.3)
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate(timeout=60)
        said |= {int(line) for line in (first + rest).split('\n')[:-1]}
    assert len(said) >= 5
    numbers = {int(uid.rpartition('.')[2]) for (uid,) in table(log, 'SELECT series_uid FROM entry')}
    assert said <= numbers
    assert len(numbers - said) <= 5  # stored, but killed before it could say so
    assert table(log, 'SELECT DISTINCT count(*) FROM value GROUP BY entry_id') == [(50,)]
    assert integrity_problems(log) == ()


def test_the_command_says_whether_a_log_is_sound(tmp_path, log, capsys):
    from VOIIdentificationLib.cli.main import main

    add_entry(log, stored(tmp_path))
    assert main(['trend', str(log), 'check']) == 0
    assert 'sound' in capsys.readouterr().out

    damaged = bytearray(log.read_bytes())
    page = int.from_bytes(damaged[16:18], 'big')
    damaged[page : 4 * page] = bytes(3 * page)
    log.write_bytes(damaged)
    assert main(['trend', str(log), 'check']) == 1
