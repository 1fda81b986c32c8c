"""What the panel says of a uniform cylinder."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..evaluate.cylinder_bias import EARL_BIAS_PERCENT, STANDARD
from ..evaluate.uniform_cylinder import CylinderResult
from ..mrml.outputs import OutputNodes
from ..mrml.said import translated
from ..mrml.tables import texts_of_column
from ..report.subjects.uniform_cylinder import SHOWN_LATER, bias_verdict


def cylinder_text(found: CylinderResult, unit: str) -> str:
    """
    What a cylinder reads.

    Parameters
    ----------
    found : CylinderResult
        A cylinder.

    unit : str
        Of the image, in full.

    Returns
    -------
    text : str
        One line.
    """
    of, axial = found.voi.statistics, found.uniformity.axial
    text = _('Cylinder of {diameter:.1f} mm: mean {mean:.6g} {unit}').format(
        diameter=2 * found.shape.radius_mm, mean=of.mean or 0.0, unit=unit
    )
    if found.suv_mean is not None:
        text += _(', SUV {suv:.3f}').format(suv=found.suv_mean)
    if of.voxel_cov is not None:
        text += _(', COV {cov:.1f} %').format(cov=100.0 * of.voxel_cov)
    if axial.low_percent is not None:
        text += _(', slices {low:+.1f} to {high:+.1f} %').format(
            low=axial.low_percent, high=axial.high_percent
        )
    return text + '.'


def bias_text(found: CylinderResult) -> str:
    """
    EARL's verdict on a cylinder, with the bias.

    Parameters
    ----------
    found : CylinderResult
        A cylinder.

    Returns
    -------
    text : str
        One line.
    """
    bias = found.bias
    verdict = _('{standard}: {verdict}.').format(
        standard=STANDARD, verdict=translated(bias_verdict(found))
    )
    if bias.percent is None:
        return verdict
    sd = '' if bias.sd_percent is None else f' ± {bias.sd_percent:.2f}'
    limit = _('accepted ± {limit:g} %').format(limit=EARL_BIAS_PERCENT)
    value = _('Bias {value:+.2f}{sd} %').format(value=bias.percent, sd=sd)
    return f'{verdict} {value}; {limit}.'


def shown_cylinder(outputs: OutputNodes) -> tuple[str, ...]:
    """
    What the table of a cylinder holds that was measured earlier.

    Parameters
    ----------
    outputs : OutputNodes
        Of an analysis that may have been made long ago.

    Returns
    -------
    lines : tuple of str
        None if there is no such table.
    """
    table = outputs.tables.get('cylinder')
    if table is None:
        return ()
    columns = [texts_of_column(table, key) for key in ('quantity', 'value', 'unit')]
    # The scene may have been saved in English, in this language, or in a third one.
    known = {*SHOWN_LATER, *map(translated, SHOWN_LATER)} & {*columns[0]} or {*columns[0]}
    lines = zip(*columns, strict=False)  # of columns that were not removed by hand
    said = [f'{name}: {value} {unit}' for name, value, unit in lines if name in known]
    return (_('Measured before this session; press Apply to export or to judge it again.'), *said)
