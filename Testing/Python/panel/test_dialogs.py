"""What the panel says where there is no window: in the log, and errors are raised."""

import logging

import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')


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
