"""What the editions of NEMA NU 2 ask of the image quality phantom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..core.phantom import NEMAEdition
from ..core.sentence import joined, sentences

if TYPE_CHECKING:
    from .nema import NEMAResult, SphereContrast

_ = sentences(__name__)

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
        if not self.cold_diameters_mm:
            return _('all spheres hot')
        cold = joined((f'{diameter:g}' for diameter in self.cold_diameters_mm), _(' and '))
        return _('the {diameters} mm spheres cold').format(diameters=cold)

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


def filling_contradictions(found: NEMAResult) -> tuple[str, ...]:
    """
    Where the image shows another filling than the edition, or the phantom, has.

    Parameters
    ----------
    found : NEMAResult
        What was measured.

    Returns
    -------
    sentences : tuple of str
        Empty where every sphere that is plainly hot or cold should be so.
    """
    plain = [one for one in found.spheres if one.shown_hot is not None]
    edition, words = found.edition, {True: _('hot'), False: _('cold')}
    sentences = []
    for shown in (False, True):
        by_edition = [one for one in plain if edition.is_hot(one.diameter_mm) != one.shown_hot]
        odd = [one.label for one in by_edition if one.shown_hot == shown]
        if odd:
            sentences.append(
                _(
                    '{edition} has {filling}, but the image shows {labels} {shown}: {advice}check '
                    'the filling.'
                ).format(
                    edition=edition.name,
                    filling=edition.filling,
                    labels=', '.join(odd),
                    shown=words[shown],
                    advice=_other_editions(plain, edition),
                )
            )
        told = [one.label for one in plain if one.hot != one.shown_hot and one.shown_hot == shown]
        if told:
            sentences.append(
                _(
                    'the phantom is described with {labels} {told}, but the image shows {shown}: '
                    'correct the description, or check the labels.'
                ).format(labels=', '.join(told), told=words[not shown], shown=words[shown])
            )
    return tuple(sentences)


def _other_editions(plain: Sequence[SphereContrast], edition: Edition) -> str:
    fits = [
        one.name
        for one in EDITIONS.values()
        if one is not edition and all(one.is_hot(s.diameter_mm) == s.shown_hot for s in plain)
    ]
    if not fits:
        return ''
    return _('choose the edition that fits ({names}), or ').format(names=', '.join(fits))
