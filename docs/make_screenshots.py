"""
Make pictures of the module as it is seen in 3D Slicer.

    Slicer --python-script docs/make_screenshots.py [FOLDER]

Opens the module in a window of 1920 x 1080, makes the sample PETPhantom, finds its spheres,
applies, and writes slicer_seeds.png, slicer_window.png, slicer_panel.png and slicer_views.png into
FOLDER, else into docs/screenshots. Ends with status 1 and one sentence if something is wrong.
"""

import sys
from pathlib import Path

import slicer

MODULE, SAMPLE = 'VOIIdentification', 'PETPhantom'
WIDTH_PIXELS, HEIGHT_PIXELS = 1920, 1080


def main(arguments):
    """Exit status of the program."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent / 'screenshots'
    window = slicer.util.mainWindow()
    if window is None:
        sys.stderr.write('there is no window to grab: start Slicer without --no-main-window\n')
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    wrong = take(window, folder)
    sys.stderr.write(f'{wrong}\n' if wrong else '')
    return int(bool(wrong))


def take(window, folder):
    """Go through the steps of the tutorial; say what went wrong, if anything did."""
    widget = open_module(window)
    volume = make_sample()
    widget.panel.parameters.inputVolume = volume
    widget.ui.findSpheresButton.click()
    wrong = grab(window, folder / 'slicer_seeds.png')
    widget.ui.applyButton.click()
    if widget.panel.result is None:
        return f'{SAMPLE} was not measured: the dialog or the error log says why'
    wrong = wrong or grab(window, folder / 'slicer_window.png')
    wrong = wrong or grab(widget.panelWidget, folder / 'slicer_panel.png')
    return wrong or grab_views(folder / 'slicer_views.png')


def open_module(window):
    """Show the module and nothing that is not of interest."""
    slicer.util.setPythonConsoleVisible(False)
    slicer.util.selectModule(MODULE)
    window.resize(WIDTH_PIXELS, HEIGHT_PIXELS)
    return slicer.util.getModuleWidget(MODULE)


def make_sample():
    """As the button in the Sample Data module does."""
    import SampleData

    return SampleData.downloadSample(SAMPLE)


def grab(widget, path):
    """Write what a widget shows; say what went wrong, if anything did."""
    slicer.util.forceRenderAllViews()
    slicer.app.processEvents()
    return '' if widget.grab().save(str(path)) else f'{path} could not be written'


def grab_views(path):
    """Write all views as they are laid out: what is drawn by OpenGL, `grab` may leave black."""
    import ScreenCapture

    ScreenCapture.ScreenCaptureLogic().captureImageFromView(None, str(path))
    return '' if path.is_file() else f'{path} could not be written'


if __name__ == '__main__':
    slicer.util.exit(main(sys.argv[1:]))
