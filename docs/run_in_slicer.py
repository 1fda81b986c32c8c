"""
Measure a PET phantom in 3D Slicer without its window.

    Slicer --no-main-window --python-script docs/run_in_slicer.py DICOM_FOLDER RESULTS [SEEDS]

Reads the PET series in DICOM_FOLDER, measures it with the module's logic, writes all result files
into RESULTS and the scene into RESULTS/scene.mrb. SEEDS is a point list that Slicer saved
(.mrk.json); without it the spheres are found. Ends with
status 1 and one sentence if something is wrong, 2 if the arguments are.
"""

import sys
from pathlib import Path

import slicer


def main(arguments):
    """Exit status of the program."""
    if len(arguments) not in (2, 3):
        sys.stderr.write(f'{__doc__.strip()}\n')
        return 2
    from VOIIdentificationLib.core.errors import PhantomError

    try:
        measure(*arguments)
    except PhantomError as error:
        sys.stderr.write(f'{error}\n')
        return 1
    return 0


def measure(dicom_folder, results, seeds_file=None):
    """Read, measure, write."""
    from VOIIdentificationLib.dicom.read import read_pet_series
    from VOIIdentificationLib.mrml.volume import volume_node_from_image

    volume_node = volume_node_from_image(read_pet_series(Path(dicom_folder)), 'PET')
    seeds_node = slicer.util.loadMarkups(seeds_file) if seeds_file else None
    logic = slicer.util.getModuleLogic('VOIIdentification')
    result = logic.process(volume_node, seeds_node, progress=tell)
    logic.exportResults(result, results)
    slicer.util.saveScene(str(Path(results) / 'scene.mrb'))
    for voi in result.spheres:
        center = ', '.join(f'{x:.2f}' for x in voi.center_ras_mm)
        mean = 'none' if voi.statistics.mean is None else f'{voi.statistics.mean:.6g}'
        print(f'{voi.label}: center RAS ({center}) mm, mean {mean} {result.image.unit}')  # noqa: T201


def tell(fraction, text):
    """Show progress."""
    sys.stderr.write(f'{100 * fraction:3.0f} % {text}\n')


if __name__ == '__main__':
    slicer.util.exit(main(sys.argv[1:]))
