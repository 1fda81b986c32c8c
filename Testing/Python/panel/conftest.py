"""The panel on its stand-ins, for every test of this folder."""

import pytest


@pytest.fixture(scope='module')
def made():
    """A phantom scan and its truth."""
    from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize

    return synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))


@pytest.fixture
def module(scene, monkeypatch):
    """The module's own file, on stand-ins."""
    from stand_in_application import application  # needs slicer, as the scene does

    with application(scene, monkeypatch) as module:
        yield module


@pytest.fixture
def widget(module):
    """The panel, open."""
    from stand_in_application import parent_widget

    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()
    yield widget
    widget.cleanup()
