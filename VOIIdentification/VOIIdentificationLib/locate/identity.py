"""Which sphere stands where: all hot spheres hold one concentration and are blurred alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.geometry import FloatArray
from .assignment import FILLINGS, FWHM_MM, Assigned, Costs, Filling, all_costs
from .ring_template import TINY
from .shells import Shells

MIN_MARGIN = 25.0
"""
An identity that leads by less is doubted. In parts of the variance of a shell's mean, shells
being correlated: of 90 phantoms at contrast 1.5 to 2 and COV 30 to 40 %, where a third of the
small spheres drowns in noise, wrong ones led by 17 at most; at contrast 4 and COV 20 %, right
ones by 200 and more.
"""

MAX_SIGNAL_DEVIATION = 0.25
"""
A hot sphere whose own signal differs from the common one by more than this is contradicted
by the others: half of what one size more or less does to the signal (a factor of 2.1), and
twice what reconstructions that overshoot do (0.1).
"""

_USUAL_DIAMETERS_MM = (7.7, 10.0, 13.0, 17.0, 22.0, 28.0, 37.0, 48.0, 60.0)
"""Spheres of the IEC phantom, one size more and less, and the largest of the Lu-177 set-up."""

_SAME_SIZE = 0.12
"""Part by which a usual diameter differs at least from those of the phantom to be told apart."""

_OTHER_SIGNALS = (0.22, 0.47, 0.75, 1.0, 1.33, 2.1, 4.6)
"""Parts of the common signal from which the second best starts: one or two sizes more or less."""

_MIN_SIGMAS = 3.0
"""A deviation of fewer standard deviations is noise."""

_SINGLE_PRECISION = 1e-6
"""Relative precision of voxels and of sums of them."""


@dataclass(frozen=True)
class Identity:
    """
    What stands at one place.

    Attributes
    ----------
    size : int or None
        Which of the diameters; None where nothing is seen.

    filling : {'hot', 'cold', 'none'}
        What it holds.

    margin : float
        By how much the whole image disagrees with anything else at this place;
        below `MIN_MARGIN` it is open.

    excess : dict of {'hot', 'cold', 'none'} to float
        By how much it disagrees with each filling; 0 for what is found.

    presence : float
        By how much its own voxels disagree with nothing, whatever the other spheres say.

    signal : float or None
        What its voxels alone say of the common signal, in the image's unit; None if not hot.
    """

    size: int | None
    filling: Filling
    margin: float
    excess: Mapping[Filling, float]
    presence: float
    signal: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the image leaves no doubt."""
        return self.margin >= MIN_MARGIN

    def rules_out(self, filling: Filling) -> bool:
        """
        Whether the image leaves no doubt that it is not filled so.

        Parameters
        ----------
        filling : {'hot', 'cold', 'none'}
            What it might hold.

        Returns
        -------
        ruled_out : bool
            False for what is found.
        """
        return self.excess[filling] >= MIN_MARGIN

    @property
    def is_present(self) -> bool:
        """Whether anything stands out from the noise here."""
        return self.presence >= MIN_MARGIN


@dataclass(frozen=True, eq=False)
class Identification:
    """
    What stands at all places, judged together.

    Attributes
    ----------
    spheres : tuple of Identity
        In the order of the places.

    signal : float
        The common value of hot spheres before blurring, in the image's unit.

    fwhm_mm : float
        The common resolution, in millimeter.
    """

    spheres: tuple[Identity, ...]
    signal: float
    fwhm_mm: float

    def deviation(self, place: int) -> float:
        """
        How far a sphere's own signal is from the common one.

        Parameters
        ----------
        place : int
            Which place.

        Returns
        -------
        deviation : float
            Own over common signal, less 1; 0 where nothing hot is.
        """
        own = self.spheres[place].signal
        return 0.0 if own is None or not self.signal else own / self.signal - 1.0


def identify_spheres(shells: Shells, diameters_mm: FloatArray) -> Identification | None:
    """
    Tell spheres apart by what the image shows, whatever their order.

    Every assignment of diameters to places is compared under one signal, one
    resolution and a background of its own around each place. A place may also
    hold a cold sphere or nothing.

    Parameters
    ----------
    shells : Shells
        Around centers that are right within a millimeter or two.

    diameters_mm : (D,) `numpy.ndarray` of float
        Inner diameters of the spheres that may be there; fewer places than
        diameters leave some out.

    Returns
    -------
    identification : Identification or None
        None where a place has no voxels in the image.

    Notes
    -----
    Means over shells of equal distance carry all that tells diameters apart:
    the integral above background is signal times volume, whatever the blur
    (neighboring sizes differ by a factor of 2.1), and the blur is common. With
    the background eliminated the misfit of place p with diameter d is a
    parabola in the signal, so that the assignment (Jonker-Volgenant) and the
    signal are found in turn.
    """
    if not shells.seen.all():
        return None
    tried = all_costs(shells, diameters_mm)
    found = [costs.assigned(costs.own_signals()) for costs in tried]
    best = int(np.argmin([one.misfit for one in found]))
    near = tried[max(best - 1, 0) : best + 2]
    return _identified(found[best], tried[best], near, shells, diameters_mm, FWHM_MM[best])


def compare_signals(shells: Shells, diameters_mm: FloatArray) -> FloatArray | None:
    """
    How far the signal of each hot sphere is from that of the others.

    Parameters
    ----------
    shells : Shells
        Around the centers of hot spheres.

    diameters_mm : (P,) `numpy.ndarray` of float
        Diameter of each, as it is labeled.

    Returns
    -------
    deviations : (P,) `numpy.ndarray` of float or None
        Own signal over the median of all, less 1, under the resolution that
        fits all best; 0 where noise alone makes as much. None where nothing is hot.
    """
    tried = all_costs(shells, diameters_mm)
    misfits = []
    for costs in tried:
        at_0, slope, curve = (np.diag(a) for a in (costs.at_0, costs.slope, costs.curve))
        misfits.append(float(at_0.sum() - max(slope.sum(), 0.0) ** 2 / curve.sum()))
    best = int(np.argmin(misfits))
    slope, curve = np.diag(tried[best].slope), np.diag(tried[best].curve)
    common = float(np.median(slope / curve))
    if not common > 0:
        return None
    own = float(np.sum(np.diag(tried[best].alone())))
    noise = np.sqrt(_variance(shells, own) / curve) / common
    deviations = slope / curve / common - 1.0
    return np.where(np.abs(deviations) > _MIN_SIGMAS * noise, deviations, 0.0)


def with_usual_sizes(diameters_mm: Sequence[float]) -> FloatArray:
    """
    Diameters of a phantom, and others that its spheres might have.

    A diameter that was typed wrong, or a phantom that is another, then shows
    as a size that the phantom does not have, instead of moving the others.

    Parameters
    ----------
    diameters_mm : sequence of float
        Of the phantom's spheres.

    Returns
    -------
    diameters_mm : (D,) `numpy.ndarray` of float
        These first, then the usual ones that are not among them.
    """
    usual = [
        size
        for size in _USUAL_DIAMETERS_MM
        if all(abs(size - own) > _SAME_SIZE * own for own in diameters_mm)
    ]
    return np.array([*diameters_mm, *usual])


def _identified(
    best: Assigned,
    costs: Costs,
    near: Sequence[Costs],
    shells: Shells,
    diameters_mm: FloatArray,
    fwhm_mm: float,
) -> Identification:
    """The best assignment, and how far every place's second best lies behind."""
    sizes = costs.at_0.shape[1]
    variance = _variance(shells, best.misfit)
    hot = costs.hot(best.signal)
    others = best.signal * np.array(_OTHER_SIGNALS)
    alone = np.minimum(costs.alone().min(axis=1), costs.flat)
    presence = (costs.flat - alone) / _variance(shells, float(alone.sum()))
    spheres = []
    for place, column in enumerate(best.columns.tolist()):
        nothing = column >= sizes
        warm = not nothing and bool(hot[place, column] <= costs.cold[place, column])
        same = np.zeros(sizes, bool) if nothing else diameters_mm == diameters_mm[column]
        another = min(
            one.without(place, hot=same, cold=same, flat=nothing).assigned(others).misfit
            for one in near
        )
        spheres.append(
            Identity(
                size=None if nothing else column,
                filling='none' if nothing else 'hot' if warm else 'cold',
                margin=float((another - best.misfit) / variance),
                excess={
                    filling: (costs.only(place, filling).at(best.signal).misfit - best.misfit)
                    / variance
                    for filling in FILLINGS
                },
                presence=float(presence[place]),
                signal=float(costs.slope[place, column] / costs.curve[place, column])
                if warm
                else None,
            )
        )
    return Identification(tuple(spheres), best.signal, fwhm_mm)


def _variance(shells: Shells, misfit: float) -> float:
    """Of one voxel, from what is left over."""
    freedom = max(int(np.count_nonzero(shells.count)) - len(shells.count) - 2, 1)
    # An image without noise is known to the precision of its voxels, not better.
    rounding = (_SINGLE_PRECISION * float(np.abs(shells.value).max())) ** 2
    return float(misfit / freedom + rounding + TINY)
