"""How the image's values become SUV: how that is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...results import AnalysisResult
from ..table import Table
from .subject import Fact, Pair, Subject, fact_table, flag_pairs, numbered


def _tables(result: AnalysisResult) -> list[Table]:
    scale = result.suv
    if scale is None:
        return []
    unit, meaning = f'{scale.unit} per unit of the image', 'SUV over value, of all slices.'
    said = [*numbered('Decision', scale.decisions), *flag_pairs(scale.flags)]
    facts = [
        Fact('Lowest factor', float(scale.factors.min()), unit, meaning),
        Fact('Highest factor', float(scale.factors.max()), unit, meaning),
        *(Fact(name, None, '', str(text)) for name, text in said),
    ]
    return [fact_table('suv', 'SUV', facts, decimals=None)]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    scale = result.suv
    if scale is None:
        return {}
    pairs: list[Pair] = [
        ('Unit', scale.unit),
        ('Lowest factor', float(scale.factors.min())),
        ('Highest factor', float(scale.factors.max())),
        *numbered('Decision', scale.decisions),
        *flag_pairs(scale.flags),
    ]
    return {'SUV': pairs}


def _json(result: AnalysisResult) -> dict[str, Any]:
    return {'suv': None if result.suv is None else asdict(result.suv)}


SUV = Subject('suv', tables=_tables, sections=_sections, json=_json)
