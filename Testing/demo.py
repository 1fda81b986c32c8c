"""
The whole job on a phantom whose truth is known.

Makes a synthetic PET DICOM study, reads it, measures it through real MRML
nodes (or without them, where slicer-core is not installed), writes every
result file, and prints what was found against what is true.
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.cli.terminal import terminal_progress
from VOIIdentificationLib.core.errors import PhantomError, part_of
from VOIIdentificationLib.core.phantom import DEFAULT_PHANTOM, load_phantom
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.files.markups import read_seeds
from VOIIdentificationLib.report.export import export_results
from VOIIdentificationLib.report.summary_text import summary_lines

STUDY_OPTIONS = (
    *('--shape', '170', '170', '80', '--voxel', '2.04', '2.04', '2.5'),
    *('--rotation', '25', '--tilt', '4', '--offset', '6', '-12', '15'),
    *('--contrast', '4', '--cov', '0.1', '--noise-fwhm', '4', '--fwhm', '6'),
)
"""A tilted phantom off the axis, 4:1 as NEMA NU 2-2018 asks for."""

HAS_SLICER = importlib.util.find_spec('slicer') is not None


def main(folder):
    """Run the demo into a folder."""
    folder = Path(folder)
    study, results = folder / 'study', folder / 'results'
    if cli.main(['make-phantom', str(study), *STUDY_OPTIONS, '--overwrite']):
        return 1
    truth = json.loads((study / 'truth.json').read_text(encoding='utf-8'))
    filled = truth['activities']
    known = Known(activity=given_activity(filled['hot'], filled['background']))
    progress = terminal_progress(sys.stderr)
    analyze_study = analyze_in_scene if HAS_SLICER else analyze_plainly
    result = analyze_study(study, known, progress)
    export_results(result, results, overwrite=True, progress=part_of(progress, 0.5, 1.0))
    print(comparison(result, truth))
    print('\n'.join(('', *summary_lines(result))))
    if not HAS_SLICER:
        print('slicer-core is not installed: no MRML nodes.')
    print(f'\nStudy:   {study}\nResults: {results}')
    return 0


def analyze_plainly(study, known, progress):
    """From DICOM files and a point file to the result, without Slicer's nodes."""
    image = read_pet_series(study / 'dicom', progress=part_of(progress, 0.0, 0.3))
    seeds = read_seeds(study / 'seeds.mrk.json')
    step = part_of(progress, 0.3, 0.5)
    return analyze(image, seeds, load_phantom(DEFAULT_PHANTOM), progress=step, known=known)


def analyze_in_scene(study, known, progress):
    """The same by way of a volume node and a point list, as in Slicer; fills the output nodes."""
    import slicer

    sys.path.insert(0, str(Path(__file__).parent / 'Python'))
    from headless_scene import make_scene
    from VOIIdentificationLib.mrml.nodes import new_node
    from VOIIdentificationLib.mrml.outputs import publish
    from VOIIdentificationLib.mrml.points import fill_points, seeds_from_points
    from VOIIdentificationLib.mrml.volume import image_from_volume_node, volume_node_from_image

    with tempfile.TemporaryDirectory() as cache:
        _scene, _kept = make_scene(Path(cache) / 'cache')
        image = read_pet_series(study / 'dicom', progress=part_of(progress, 0.0, 0.3))
        volume = volume_node_from_image(image, 'PET')
        points = new_node('vtkMRMLMarkupsFiducialNode', 'Seeds')
        fill_points(points, read_seeds(study / 'seeds.mrk.json'))
        result = analyze(
            image_from_volume_node(volume, acquisition=image.acquisition),
            seeds_from_points(points),
            load_phantom(DEFAULT_PHANTOM),
            progress=part_of(progress, 0.3, 0.5),
            known=known,
        )
        publish(result, volume)
        slicer.mrmlScene.Clear(1)
    return result


def comparison(result, truth):
    """A table of found against true center, mean and volume."""
    true = {insert['label']: insert for insert in truth['inserts']}
    line = '{:>6} {:>26} {:>26} {:>8} {:>10} {:>10} {:>7} {:>9} {:>9} {:>7}'
    rows = [
        line.format(
            *('sphere', 'center found, RAS mm', 'center true, RAS mm', 'off mm'),
            *('mean', 'true mean', 'off %', 'volume', 'true mL', 'off %'),
        )
    ]
    for sphere in result.spheres:
        insert = true[sphere.label]
        center, mean = insert['center_ras_mm'], insert['sampled_mean']
        volume = np.pi * insert['diameter_mm'] ** 3 / 6000
        found = sphere.statistics
        rows.append(
            line.format(
                sphere.label,
                ' '.join(f'{x:8.2f}' for x in sphere.center_ras_mm),
                ' '.join(f'{x:8.2f}' for x in center),
                f'{np.linalg.norm(np.subtract(sphere.center_ras_mm, center)):.2f}',
                f'{found.mean:.1f}',
                f'{mean:.1f}',
                f'{100 * (found.mean / mean - 1):.2f}',
                f'{found.volume_ml:.3f}',
                f'{volume:.3f}',
                f'{100 * (found.volume_ml / volume - 1):.2f}',
            )
        )
    unit = result.image.unit
    return '\n'.join(['', *rows, f'Means in {unit}; the noise itself moves them and the centers.'])


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else 'demo'))
    except PhantomError as error:
        sys.exit(f'demo: {error}')
