"""What the editions of NEMA NU 2 ask of the image quality phantom."""

from __future__ import annotations

from typing import NamedTuple

from ..core.phantom import NEMAEdition

DEFAULT_EDITION: NEMAEdition = '2018'


EDITION_SOURCE = (
    'second-hand: the public foreword of the standard as quoted by yirmish/NEMA_IQ_Analyzer'
)
"""Must be said beside what an edition asks for."""


_SAME_DIAMETER_MM = 0.25
"""Spheres of one size are called so with one decimal."""


class Edition(NamedTuple):
    """
    What an edition of NEMA NU 2 asks of the image quality phantom.

    Attributes
    ----------
    name : str
        E.g. ``'NU 2-2018'``.

    cold_diameters_mm : tuple of float
        Spheres filled with water; all others are hot.

    ratios : tuple of float
        Of the concentrations in hot spheres and background.

    lung_margin_mm : float
        Left out of the lung residual at each end of the phantom.
    """

    name: str
    cold_diameters_mm: tuple[float, ...]
    ratios: tuple[float, ...]
    lung_margin_mm: float

    @property
    def filling(self) -> str:
        """Which spheres are cold, in words."""
        cold = ' and '.join(f'{diameter:g}' for diameter in self.cold_diameters_mm)
        return f'the {cold} mm spheres cold' if cold else 'all spheres hot'

    def is_hot(self, diameter_mm: float) -> bool:
        """
        Whether it has a sphere hot.

        Parameters
        ----------
        diameter_mm : float
            Inner diameter of the sphere.

        Returns
        -------
        hot : bool
            False for one that it has filled with water.
        """
        return all(abs(diameter_mm - one) > _SAME_DIAMETER_MM for one in self.cold_diameters_mm)


EDITIONS = {
    '2007': Edition('NU 2-2007', (28.0, 37.0), (4.0, 8.0), 10.0),
    '2012': Edition('NU 2-2012', (28.0, 37.0), (4.0, 8.0), 10.0),
    '2018': Edition('NU 2-2018', (), (4.0,), 30.0),
}
"""By year; `EDITION_SOURCE` says where from."""
