"""Every position that the search tried, as a table of the scene, for who wants to see them."""

from __future__ import annotations

import numpy as np

from ..core.sentence import sentences
from ..report.table import Column, Table, unit_text
from ..results import AnalysisResult
from .folder import place_in_folder
from .nodes import OUTPUT_ATTRIBUTE, VOLUME_ROLE, Node, new_node
from .outputs import LAST_PLACE, ORDER_ATTRIBUTE, OutputNodes
from .said import translated_table
from .tables import fill_table

_ = sentences(__name__)

CANDIDATES = 'candidates'
"""Key of the table."""

_AXES = (('r', _('right')), ('a', _('front')), ('s', _('head')))


def has_candidates(result: AnalysisResult | None) -> bool:
    """
    Whether positions were tried.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    Returns
    -------
    some : bool
        False where the seeds themselves were taken.
    """
    return result is not None and any(voi.search is not None for voi in result.spheres)


def candidates_node(result: AnalysisResult, outputs: OutputNodes) -> Node:
    """
    The table of candidates of a measurement, made if there is none.

    It is not made by each measurement: it has thousands of lines. The next one removes it.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    outputs : OutputNodes
        The nodes that show it.

    Returns
    -------
    table_node : vtkMRMLTableNode
        A line a position.
    """
    known = outputs.tables.get(CANDIDATES)
    if known is not None:
        return known
    volume = outputs.centers.GetNodeReference(VOLUME_ROLE)
    scene = outputs.centers.GetScene()
    name = f'{volume.GetName()} {CANDIDATES} table'
    node = new_node('vtkMRMLTableNode', name, scene=scene)
    node.SetAttribute(OUTPUT_ATTRIBUTE, f'table:{CANDIDATES}')
    node.SetAttribute(ORDER_ATTRIBUTE, str(LAST_PLACE))
    node.SetNodeReferenceID(VOLUME_ROLE, volume.GetID())
    fill_table(node, translated_table(_table(result)))
    place_in_folder(scene, [node], [node])
    return node


def _table(result: AnalysisResult) -> Table:
    searched = [(voi.label, voi.search) for voi in result.spheres if voi.search is not None]
    counts = [len(search.index_ijk) for _label, search in searched]
    labels = np.repeat([label for label, _search in searched], counts)
    index = np.concatenate([search.index_ijk for _label, search in searched])
    places = result.image.geometry.position_ras_mm(index)
    unit = unit_text('{unit}', result.image.unit)
    columns = [Column('sphere', _('Sphere'), '', _('Which one.'), tuple(labels.tolist()))]
    columns += [
        Column(
            name, name.upper(), '', _('Voxel index {name}, from 0.').format(name=name), index[:, n]
        )
        for n, name in enumerate('ijk')
    ]
    columns += [
        Column(
            f'center_{axis}_mm',
            axis.upper(),
            'mm',
            _('Towards the {side}.').format(side=side),
            places[:, n],
        )
        for n, (axis, side) in enumerate(_AXES)
    ]
    for key, title, text in (
        (
            'mean',
            _('Mean'),
            _('Mean inside the sphere centered there; empty where it was not allowed.'),
        ),
        ('max', _('Max'), _('Highest voxel of that sphere.')),
    ):
        values = np.concatenate([getattr(search, key) for _label, search in searched])
        columns.append(Column(key, title, unit, text, values))
    return Table(CANDIDATES, _('Candidates'), tuple(columns))
