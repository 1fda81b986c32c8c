"""Files ``results.json`` made by hand, as departments collect them over years."""

import copy
import hashlib
import json

DIAMETERS_MM = {'S37': 37.0, 'S28': 28.0, 'S22': 22.0, 'S17': 17.0, 'S13': 13.0, 'S10': 10.0}

SCAN = {
    'manufacturer': 'Made & Sons',
    'model': 'Vision <600>',
    'device_serial_number': '11029',
    'reconstruction_method': 'PSF+TOF 4i5s',
    'convolution_kernel': 'XYZ Gauss2.00',
    'frame_duration_s': 600.0,
    'acquisition_datetime': '2026-03-01T10:15:00.25',
}


def made_results(number=0, *, offset=0.0, scan=SCAN, ratio=4.0, **scan_keys):
    """Results of the scan of that number; `offset` is added to every value."""
    sha = hashlib.sha256(f'voxels {number}'.encode()).hexdigest()
    spheres = [
        {'label': label, 'diameter_mm': d, 'mean': 100 * d + offset, 'max': 150 * d + offset,
         'peak': 120 * d + offset, 'fit': {'mean_sd': 2.0}, 'flags': []}
        for label, d in DIAMETERS_MM.items()
    ]  # fmt: skip
    nema = [
        {'label': label, 'diameter_mm': d, 'contrast_percent': 2 * d + offset,
         'contrast_sd_percent': 0.5, 'variability_percent': 20 / d**0.5, 'flags': ['off_slice']}
        for label, d in DIAMETERS_MM.items()
    ]  # fmt: skip
    recovery = [
        {'label': label, 'diameter_mm': d, 'rc_max': d / 37 + offset / 100, 'rc_mean': d / 40,
         'rc_peak': d / 42, 'relative_max': None, 'sd_percent': 1.5, 'flags': []}
        for label, d in DIAMETERS_MM.items()
    ]  # fmt: skip
    levels = [{'diameter_mm': d, 'mean': 1000.0 + d + offset} for d in DIAMETERS_MM.values()]
    return {
        'schema': 'voi-identification/results/1',
        'software': {'name': 'VOIIdentification', 'version': '0.1.0'},
        'analyzed_at': f'2026-05-0{number % 9 + 1}T08:00:00+02:00',
        'scan': None if scan is None else {**scan, **scan_keys},
        'input': {
            'series_instance_uid': f'1.2.3.{number}',
            'unit': 'Bq/mL',
            'shape_ijk': [192, 170, 89],
            'spacing_ijk_mm': [2.0833333, 2.1, 2.78],
            'sha256': sha,
        },
        'phantom': {'name': 'NEMA IEC body', 'source': ''},
        'spheres': spheres,
        'nema': {'true_ratio': ratio, 'spheres': nema, 'background': levels,
                 'placement': {'flags': []}, 'lung': {'mean_error_percent': 5.0 + offset}},
        'recovery': {'spheres': recovery},
        'activity': None if ratio is None else {'ratio': ratio},
        'flags': [],
    }  # fmt: skip


def write_results(folder, results):
    """Into a folder of its own, as `analyze` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'results.json'
    path.write_text(json.dumps(results), encoding='utf-8')
    return folder


def without(results, *keys):
    """A deep copy without some keys of ``scan``."""
    cut = copy.deepcopy(results)
    for key in keys:
        del cut['scan'][key]
    return cut
