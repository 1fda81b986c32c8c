"""
A whole phantom with everything that can be evaluated, for tests of what shows it.

Made by the generator, which shares no code with the measurement, and measured
by `analyze`. The header of the SUV is made up.
"""

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.evaluate.baseline import Baseline
from VOIIdentificationLib.evaluate.limits import Limit, Limits
from VOIIdentificationLib.evaluate.quantities import values_of_results
from VOIIdentificationLib.locate.shared import CenterDeviation, GivenCenter, SharedGeometry
from VOIIdentificationLib.report.formats import measured_json
from VOIIdentificationLib.report.verdicts import with_verdict
from VOIIdentificationLib.suv.scale import SUVScale
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)

HOT_BQML, BACKGROUND_BQML = 20_000.0, 2000.0
NOON = datetime(2026, 3, 1, 12)
WORKSHEET = FillWorksheet(
    hot=Fill(20.0, NOON, 1000.0),
    background=Fill(21.0, NOON, 10_000.0, 1.0, NOON),
    scan_start=NOON,
)
DECISIONS = ('weight 70 kg (0010,1030)', 'the dose 300 (0018,1074) is taken for MBq')


@cache
def _scene():
    """10:1 with a little noise on 3.2 x 3.2 x 4 mm, turned and tilted; no two axes alike."""
    scene = SyntheticPhantom(
        geometry=grid((104, 100, 24), (3.2, 3.2, 4.0), middle_ras_mm=(0.0, 0.0, 0.0)),
        activities=Activities(hot=HOT_BQML, background=BACKGROUND_BQML),
        pose=Pose(rotation_deg=25.0, tilt_deg=1.0, offset_ras_mm=(3.0, -2.0, 1.0)),
        psf=PSF(5.0),
        noise=Noise(voxel_cov=0.05, fwhm_mm=4.0),
    )
    image, truth = synthesize(scene)
    return image, tuple(Seed(one.insert.label, one.center_ras_mm) for one in truth.inserts)


@cache
def quality_result(*, known=True):
    """All figures; with `known` False neither activity nor SUV."""
    image, seeds = _scene()
    scale = SUVScale(
        'bw',
        'g/mL',
        np.linspace(2.0e-4, 2.5e-4, image.geometry.shape_kji[0]),
        DECISIONS,
        (Flag.DOSE_IN_MBQ,),
    )
    told = Known(worksheet=WORKSHEET, suv=scale) if known else Known()
    return analyze(image, seeds, load_phantom('NEMA IEC body'), known=told)


def profile(low, high, **more):
    """Limits of a site for the largest sphere's contrast, in percent, and three other figures."""
    source = {'source': 'acceptance test', 'version': '2025'}
    rows = (
        Limit(37.0, 'contrast_percent', low, high, **source, **more),
        Limit(10.0, 'rc_max', 0.0, 5.0, **source),
        Limit(None, 'lung_error_percent', None, 200.0, **source),
        Limit(None, 'calibration_error_percent', -50.0, 50.0, **source),
    )
    return Limits('Site', None, rows)


@cache
def judged_result():
    """With limits, some of a change, and a baseline that differs by 2 %."""
    result = quality_result()
    values = values_of_results(measured_json(result))
    before = tuple(replace(one, value=one.value / 1.02) for one in values)
    baseline = Baseline('results.json', '1.2.3', '2026-02-01T10:00:00', notes=('A note.',))
    change = Limit(37.0, 'rc_mean', -5.0, 5.0, 'site', '1', 'second-hand', of='change_percent')
    limits = replace(profile(10.0, 100.0, warning_low=20.0), rows=(*profile(0, 99).rows, change))
    return with_verdict(result, [limits], replace(baseline, values=before))


def with_sphere(result, n, **changes):
    """The same result with something else said of the contrast of one sphere."""
    spheres = list(result.nema.spheres)
    spheres[n] = replace(spheres[n], **changes)
    return replace(result, nema=replace(result.nema, spheres=tuple(spheres)))


def with_given_centers(result):
    """The same result as if its centers were those of another: one agrees, one not, one unknown."""
    deviations = (
        CenterDeviation('S37', (0.01, -0.02, 0.03), (0.02, 0.02, 0.03), beyond=False),
        CenterDeviation('S28', (0.5, 0.0, 0.0), (0.02, 0.02, 0.03), beyond=True),
        CenterDeviation('S22', None, None, beyond=False),
    )
    given = tuple(GivenCenter(one.label, one.center_ras_mm, None) for one in result.spheres)
    shared = SharedGeometry('best', '1.2.3', '1.2.4', result.phantom.name, given, deviations)
    return replace(result, shared=shared)
