"""How the image's values become SUV: how that is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...results import AnalysisResult
from ...suv.scale import SUVScale
from ..table import Table
from .subject import Fact, Pair, Subject, fact_table, flag_pairs, numbered


def _factors(scale: SUVScale) -> dict[str, float]:
    """Extremes of the factors of all slices."""
    return {
        'Lowest factor': float(scale.factors.min()),
        'Highest factor': float(scale.factors.max()),
    }


def _said(scale: SUVScale) -> list[Pair]:
    return [*numbered('Decision', scale.decisions), *flag_pairs(scale.flags)]


def _tables(result: AnalysisResult) -> list[Table]:
    scale = result.suv
    if scale is None:
        return []
    unit, meaning = f'{scale.unit} per unit of the image', 'SUV over value, of all slices.'
    facts = [Fact(name, value, unit, meaning) for name, value in _factors(scale).items()]
    facts += [Fact(name, None, '', str(text)) for name, text in _said(scale)]
    return [fact_table('suv', 'SUV', facts, decimals=None)]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    scale = result.suv
    if scale is None:
        return {}
    return {'SUV': [('Unit', scale.unit), *_factors(scale).items(), *_said(scale)]}


def _json(result: AnalysisResult) -> dict[str, Any]:
    return {'suv': None if result.suv is None else asdict(result.suv)}


SUV = Subject('suv', tables=_tables, sections=_sections, json=_json)
