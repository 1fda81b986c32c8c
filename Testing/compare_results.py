"""
Whether two result folders hold the same: keys, cells, pictures, voxels.

For whoever changes the code and not the numbers: analyze before and after, then
``python Testing/compare_results.py BEFORE AFTER``. Numbers may differ by 1e-9 of
their size (another processor sums in another order); dates and versions may differ.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 1e-9
MAY_DIFFER = {'analyzed_at', 'Analyzed at', 'version', 'created'}
"""Keys of JSON, and first cells of rows, that name the run and not what it found."""


def differences(before, after):
    """One line for each difference between two folders, everything below them included."""
    names = sorted({p.relative_to(f) for f in (before, after) for p in f.rglob('*') if p.is_file()})
    for name in names:
        one, other = before / name, after / name
        if not (one.is_file() and other.is_file()):
            yield f'{name}: only {"before" if one.is_file() else "after"}'
            continue
        compare = READERS.get(name.suffix, read_bytes)
        yield from (f'{name}: {line}' for line in unlike(compare(one), compare(other), ''))


def unlike(one, other, where):
    """Where two values of JSON, or of what the readers below return, are not the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        yield from unlike_objects(one, other, where)
    elif isinstance(one, list) and isinstance(other, list):
        yield from unlike_lists(one, other, where)
    elif isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        yield from unlike_arrays(one, other, where)
    elif not same(one, other):
        yield f'{where}: {one!r} and {other!r}'


def unlike_objects(one, other, where):
    """By key."""
    for key in dict.fromkeys([*one, *other]):
        if key not in one or key not in other:
            yield f'{where}/{key} only {"before" if key in one else "after"}'
        elif key not in MAY_DIFFER:
            yield from unlike(one[key], other[key], f'{where}/{key}')


def unlike_lists(one, other, where):
    """By place; a row of a sheet may begin with the name of what may differ."""
    if len(one) != len(other):
        yield f'{where}: {len(one)} and {len(other)} entries'
    elif not any(isinstance(value, str) and value in MAY_DIFFER for value in one):
        for n, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from unlike(a, b, f'{where}[{n}]')


def unlike_arrays(one, other, where):
    """Pixels and voxels, to the last bit."""
    if one.shape != other.shape:
        yield f'{where}: {one.shape} and {other.shape}'
    elif not np.array_equal(one, other):
        apart = np.abs(one.astype(float) - other.astype(float))
        yield f'{where}: {np.count_nonzero(apart)} values differ, by {apart.max():g} at most'


def same(one, other):
    """Whether two plain values are the same, numbers to the tolerance."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-12)
    return one == other


def read_json(path):
    """Parsed."""
    return json.loads(path.read_text(encoding='utf-8'))


def read_workbook(path):
    """Sheets by title: every cell's value, and its fill."""
    import openpyxl

    return {
        sheet.title: [
            [value for cell in row for value in (cell.value, cell.fill.start_color.rgb)]
            for row in sheet.iter_rows()
        ]
        for sheet in openpyxl.load_workbook(path)
    }


def read_picture(path):
    """Pixels."""
    from matplotlib.image import imread

    return imread(path)


def read_volume(path):
    """Header fields and voxels."""
    import SimpleITK

    image = SimpleITK.ReadImage(path)
    header = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    return {
        'header': header,
        'grid': [*image.GetOrigin(), *image.GetSpacing(), *image.GetDirection()],
        'voxels': SimpleITK.GetArrayFromImage(image),
    }


def read_bytes(path):
    """As they are."""
    return path.read_bytes()


READERS = {
    '.json': read_json,
    '.xlsx': read_workbook,
    '.png': read_picture,
    '.nrrd': read_volume,
}


if __name__ == '__main__':
    found = list(differences(Path(sys.argv[1]), Path(sys.argv[2])))
    print(*found, f'{len(found)} differences', sep='\n')
    sys.exit(bool(found))
