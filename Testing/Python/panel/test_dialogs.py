"""What the panel says where there is no window: in the log, and errors are raised."""

import logging

import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from paths import LIBRARY  # noqa: E402


@pytest.fixture
def dialogs(widget):
    """Of an application without a main window, as in `Slicer --no-main-window`."""
    slicer.app.window = None
    return widget.panel.dialogs


def test_a_warning_and_a_message_are_in_the_log(dialogs, caplog):
    with caplog.at_level(logging.INFO):
        dialogs.warn('the default phantom is taken')
        dialogs.tell('12 files written')

    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert said == [('WARNING', 'the default phantom is taken'), ('INFO', '12 files written')]


def test_an_error_is_in_the_log_and_raised(dialogs, caplog):
    fault = ValueError('7 is no size')
    with (
        pytest.raises(ValueError, match='7 is no size'),
        dialogs.guard('The phantom could not be changed.'),
    ):
        raise fault
    assert 'The phantom could not be changed. 7 is no size' in caplog.text


def test_what_is_done_later_leaves_no_timer_behind(module):
    """Slicer's QTimer.singleShot keeps each timer until the application ends."""
    from VOIIdentificationLib.panel.dialogs import Dialogs

    dialogs, timers, done = Dialogs(module.qt), [], []
    made = module.qt.QTimer
    module.qt.QTimer = lambda: timers.append(made()) or timers[-1]

    for n in range(100):
        dialogs.later(lambda n=n: done.append(n))
        dialogs.later(lambda n=n: dialogs.later(lambda: done.append(-n)))
        slicer.app.processEvents()

    assert done == [sign * n for n in range(100) for sign in (1, -1)]
    assert len(timers) == 2


def test_no_timer_of_slicer_that_stays_is_used():
    for path in (LIBRARY / 'panel').glob('*.py'):
        assert '.singleShot(' not in path.read_text(encoding='utf-8'), path.name
