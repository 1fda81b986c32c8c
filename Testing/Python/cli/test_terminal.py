"""Progress on a terminal and in a log file."""

import io

import pytest
from VOIIdentificationLib.cli import terminal
from VOIIdentificationLib.cli.terminal import terminal_progress
from VOIIdentificationLib.core.errors import part_of


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_line_drawn_over_and_over():
    terminal = FakeTerminal()
    progress = terminal_progress(terminal)
    progress(0.5, 'reading')
    progress(1.0, 'done')
    assert '\r' in terminal.getvalue()
    assert f'[{"#" * 15}{"-" * 15}]  50% reading' in terminal.getvalue()
    assert terminal.getvalue().count('\n') == 1


def test_a_log_file_gets_a_plain_line_for_each_kind_of_work():
    log = io.StringIO()
    progress = terminal_progress(log)
    for fraction, text in [
        *((n / 10, f'reading slice {n} of 5') for n in range(5)),
        *((0.6, 'Writing the results'), (0.8, 'Writing results.csv'), (1.0, 'done')),
    ]:
        progress(fraction, text)
    assert log.getvalue() == 'reading slice 0 of 5\nWriting the results\ndone\n'


def test_long_work_is_heard_of_every_ten_seconds(monkeypatch):
    log, seconds = io.StringIO(), iter([0.0, 4.0, 9.0, 11.0, 12.0, 23.0])
    monkeypatch.setattr(terminal.time, 'monotonic', lambda: next(seconds))
    progress = terminal_progress(log)
    for n in range(6):
        progress(n / 10, f'reading {n}')
    assert log.getvalue() == 'reading 0\nreading 3\nreading 5\n'


def test_a_step_fills_its_part_of_the_whole():
    told = []
    step = part_of(lambda fraction, _text: told.append(fraction), 0.4, 0.6)
    for fraction in (0.0, 0.5, 1.0):
        step(fraction, '')
    assert told == pytest.approx([0.4, 0.5, 0.6])
