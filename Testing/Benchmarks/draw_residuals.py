"""
Pictures for docs/validation.md: image, fitted model and what is left over.

Run from the project root:
``PYTHONPATH=VOIIdentification python Testing/Benchmarks/draw_residuals.py PET_FOLDER OUT.png``
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.locate.detect import detect
from VOIIdentificationLib.measure.voi_mask import Sphere
from VOIIdentificationLib.sphere_fit.fit import WALL_MM, fit_spheres
from VOIIdentificationLib.sphere_fit.model import SphereParameters, fit_box


def cuts(image, fit, insert):
    """The slice through the center: values, model, residual; NaN where the fit does not look."""
    sphere = Sphere(insert.label, fit.center_ras_mm, insert.diameter_mm)
    box = fit_box(image, sphere, hot=insert.hot, wall_mm=WALL_MM, others=())
    model = box.model.image(
        SphereParameters(
            fit.center_ras_mm,
            fit.signal,
            fit.background,
            fit.fwhm_in_plane_mm,
            fit.fwhm_axial_mm,
        )
    )
    k = int(np.argmax(box.use.sum(axis=(1, 2))))
    values, expected = (np.where(box.use, v, np.nan)[k] for v in (box.values, model))
    return values, expected, values - expected


def main():
    """Detect, fit, draw."""
    import matplotlib as mpl

    mpl.use('Agg')
    from matplotlib import pyplot as plt

    image = read_pet_series(Path(sys.argv[1]))
    phantom = load_phantom('NEMA IEC body')
    centers = detect(image, phantom).centers_ras_mm
    starts = [Sphere(i.label, centers[i.label], i.diameter_mm) for i in phantom.inserts]
    fits = {fit.label: fit for fit in fit_spheres(image, starts)}
    figure, axes = plt.subplots(3, 6, figsize=(11, 5.4), layout='constrained')
    top = max(fit.signal for fit in fits.values())
    for column, insert in enumerate(phantom.inserts):
        rows = cuts(image, fits[insert.label], insert)
        for row, values in enumerate(rows):
            span = {'vmin': -0.25 * top, 'vmax': 0.25 * top, 'cmap': 'RdBu_r'}
            if row < 2:
                span = {'vmin': 0, 'vmax': top, 'cmap': 'gray_r'}
            shown = axes[row, column].imshow(values, interpolation='nearest', **span)
            axes[row, column].set_axis_off()
            if column == 5:
                figure.colorbar(shown, ax=axes[row], shrink=0.9, label=image.unit)
        axes[0, column].set_title(f'{insert.diameter_mm:g} mm')
    figure.text(0.005, 0.82, 'image', rotation=90, va='center')
    figure.text(0.005, 0.5, 'model', rotation=90, va='center')
    figure.text(0.005, 0.18, 'residual', rotation=90, va='center')
    figure.savefig(sys.argv[2], dpi=110)


if __name__ == '__main__':
    main()
