"""Progress on a terminal and in a log file."""

import io

import pytest
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


def test_a_log_file_gets_a_plain_line_for_each_new_text():
    log = io.StringIO()
    progress = terminal_progress(log)
    for fraction, text in [(0.1, 'reading'), (0.2, 'reading'), (0.9, 'writing')]:
        progress(fraction, text)
    assert log.getvalue() == 'reading\nwriting\n'


def test_a_step_fills_its_part_of_the_whole():
    told = []
    step = part_of(lambda fraction, _text: told.append(fraction), 0.4, 0.6)
    for fraction in (0.0, 0.5, 1.0):
        step(fraction, '')
    assert told == pytest.approx([0.4, 0.5, 0.6])
