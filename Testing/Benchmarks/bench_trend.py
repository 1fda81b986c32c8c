"""
The trend log: entries a second, time for a chart of a long log, and kills during writes.

``--entries`` are put in without syncing, as only the reading is timed; ``--kills``
stops writers that way at random moments and counts what was lost.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from made_stored import made_results, write_results
from VOIIdentificationLib.many.stored import read_results
from VOIIdentificationLib.many.trend_log import add_entry, integrity_problems, reading
from VOIIdentificationLib.many.trend_page import trend_page
from VOIIdentificationLib.many.trend_schema import schema_statements

ADDED = 200
"""Entries whose adding is timed, each its own transaction."""

WRITER = """
import sys
from pathlib import Path
from bench_trend import stored_number
from VOIIdentificationLib.many.trend_log import add_entry
log, scratch, first = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for n in range(first, first + 100_000):
    add_entry(log, stored_number(scratch, n))
    print(n, flush=True)
"""


def stored_number(scratch, number):
    """Results of one made-up scan, through its file."""
    return read_results(write_results(scratch / 'one', made_results(number)))


def print_adding(folder):
    """Entries a second, synced to the disk one by one."""
    log = folder / 'added.sqlite'
    results = [stored_number(folder, number) for number in range(ADDED)]
    start = time.perf_counter()
    for one in results:
        add_entry(log, one)
    seconds = time.perf_counter() - start
    print(f'{ADDED / seconds:8.0f} entries a second of {len(results[0].measured)} values each')


def fill(log, count):
    """A log of many scans of one scanner."""
    connection = sqlite3.connect(log)
    for statement in schema_statements():
        connection.execute(statement)
    rng, start = random.Random(0), datetime(1990, 1, 1, 8)
    entries, values = [], []
    for n in range(1, count + 1):
        day = (start + timedelta(hours=6 * n)).isoformat()
        entries.append((n, f'{n}', f'{n}', f'1.2.{n}', 'one', 'OSEM', '4 : 1', day))
        for quantity in ('contrast_percent', 'rc_max'):
            values += [
                (n, quantity, label, 10.0, rng.gauss(50, 2), '%', None, None, '')
                for label in ('S10', 'S13')
            ]
    connection.executemany(
        'INSERT INTO entry (id, voxels_sha256, results_sha256, series_uid, scanner, reconstruction,'
        ' fill, scanned_at, analyzed_at, added_at, software, source) '
        "VALUES (?,?,?,?,?,?,?,?,'','','','')",
        entries,
    )
    connection.executemany('INSERT INTO value VALUES (?,?,?,?,?,?,?,?,?)', values)
    connection.commit()
    connection.close()


def print_chart(folder, count):
    """Processor time of one chart out of a long log, and of its page, imports not counted."""
    log = folder / 'long.sqlite'
    fill(log, count)
    trend_page(log, quantity='rc_max', label='none')
    start, wall = time.process_time(), time.perf_counter()
    page = trend_page(log, quantity='rc_max', label='S10')
    print(
        f'{count:8d} entries: one chart as a page in {time.process_time() - start:.2f} s CPU, '
        f'{time.perf_counter() - wall:.2f} s; {len(page) / 1e6:.2f} MB'
    )


def print_kills(folder, kills):
    """Writers killed at random moments: what they said was stored must be there."""
    log, rng, said = folder / 'killed.sqlite', random.Random(3), set()
    places = [Path(__file__).parent, *map(Path, sys.path)]
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, places))}
    for n in range(kills):
        command = [sys.executable, '-c', WRITER, str(log), str(folder / f'{n}'), str(n * 100_000)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        first = writer.stdout.readline()
        time.sleep(rng.random() * 0.2)
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        said |= {int(line) for line in (first + rest).split('\n')[:-1]}
    with reading(log) as connection:
        stored = {
            int(row[0].rpartition('.')[2])
            for row in connection.execute('SELECT series_uid FROM entry')
        }
        broken = connection.execute(
            'SELECT count(*) FROM (SELECT 1 FROM value GROUP BY entry_id HAVING count(*) != 50)'
        ).fetchone()[0]
    print(
        f'{kills:8d} kills: {len(said)} entries said to be stored, {len(said - stored)} lost, '
        f'{broken} incomplete, integrity {integrity_problems(log) or "ok"}'
    )


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--entries', type=int, default=50_000)
    parser.add_argument('--kills', type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print_adding(Path(scratch))
        print_chart(Path(scratch), asked.entries)
        print_kills(Path(scratch), asked.kills)
