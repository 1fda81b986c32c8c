"""Points that somebody placed."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Seed:
    """
    A point that somebody placed.

    Attributes
    ----------
    label : str
        Name of the insert it is meant for; may be empty.

    position_ras_mm : tuple of float
        Position ``(r, a, s)``, in millimeter.
    """

    label: str
    position_ras_mm: Point
