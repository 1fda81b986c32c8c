"""What stands on a ring: the phantom as it says, or as the image shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.flags import Flag
from ..core.phantom import Insert, Phantom
from ..core.sentence import joined, sentences
from .assignment import Filling
from .identity import MAX_SIGNAL_DEVIATION, Identification, Identity
from .ring import ring_angles_rad, ring_inserts
from .ring_template import symmetries

_ = sentences(__name__)

Order = tuple[int, ...]
"""Which of the phantom's ring spheres stands on each place."""


@dataclass(frozen=True)
class Reading:
    """
    Which sphere stands on each place of the ring, and what it holds.

    Attributes
    ----------
    phantom : Phantom
        With the ring angles and fillings that the image shows; a sphere that
        is not seen is not used.

    order : tuple of int
        Which of the ring's spheres stands on each place.

    is_known : bool
        Whether all is as the phantom says.

    sure : tuple of str
        Labels of spheres whose identity is clear and whose own signals agree.

    flags : dict of str to tuple of Flag
        Doubts by label.

    notes : tuple of str
        What differs from the phantom, in words.

    other_sizes : dict of str to int
        Spheres by label that clearly have a diameter of none of the phantom's: which of those
        that were compared.

    is_ambiguous : bool
        Whether spheres of one size could be exchanged.
    """

    phantom: Phantom
    order: Order
    is_known: bool
    sure: tuple[str, ...]
    flags: Mapping[str, tuple[Flag, ...]]
    notes: tuple[str, ...]
    other_sizes: Mapping[str, int]
    is_ambiguous: bool


def read_ring(phantom: Phantom, found: Identification, expected: Order | None = None) -> Reading:
    """
    Decide which sphere stands where.

    Parameters
    ----------
    phantom : Phantom
        What was scanned; its spheres are those of the ring.

    found : Identification
        What the image shows on the places of the phantom's spheres.

    expected : tuple of int, optional
        The order of the phantom, turned or mirrored, that a comparison of
        these alone has found.

    Returns
    -------
    reading : Reading
        Where the image leaves a doubt the phantom is believed, and the sphere flagged.
    """
    inserts = ring_inserts(phantom)
    orders = _possible_orders(inserts, found, expected)
    order = orders[0] if orders else _order_of_image(found)
    fillings = [
        _filling(one, _expected_filling(inserts[sphere]))
        for one, sphere in zip(found.spheres, order, strict=True)
    ]
    as_expected = all(
        filling == _expected_filling(inserts[sphere])
        for filling, sphere in zip(fillings, order, strict=True)
    )
    other_sizes = {
        inserts[sphere].label: one.size
        for one, sphere in zip(found.spheres, order, strict=True)
        if one.size is not None and one.is_clear and _is_foreign(one, len(inserts))
    }
    seen = _as_seen(phantom, order, fillings, keep_angles=bool(orders))
    return Reading(
        phantom=seen,
        order=order,
        is_known=bool(orders) and order == expected and as_expected and not other_sizes,
        sure=tuple(inserts[order[n]].label for n in range(len(order)) if _is_sure(found, n)),
        flags={
            inserts[sphere].label: (Flag.SIZE_OPEN,)
            for one, sphere, filling in zip(found.spheres, order, fillings, strict=True)
            if filling != 'none' and (not one.is_clear or _is_foreign(one, len(inserts)))
        },
        notes=tuple(_notes(phantom, inserts, order, fillings, keeps_order=bool(orders))),
        other_sizes=other_sizes,
        is_ambiguous=len(set(orders)) > 1 or (not orders and _are_alike(inserts)),
    )


def _are_alike(inserts: Sequence[Insert]) -> bool:
    return len({insert.diameter_mm for insert in inserts}) < len(inserts)


def _is_sure(found: Identification, place: int) -> bool:
    one = found.spheres[place]
    agrees = abs(found.deviation(place)) <= MAX_SIGNAL_DEVIATION
    own = not _is_foreign(one, len(found.spheres))
    return one.is_clear and one.filling != 'none' and agrees and own


def _possible_orders(
    inserts: Sequence[Insert], found: Identification, expected: Order | None
) -> list[Order]:
    """The phantom's own orders, turned and mirrored, that no clear sphere contradicts."""
    turned: list[Order] = [tuple(o) for o in symmetries(ring_angles_rad(inserts)).tolist()]
    orders = turned if expected is None else [expected, *turned]
    diameters = np.array([insert.diameter_mm for insert in inserts])
    clear = [
        (place, one.size)
        for place, one in enumerate(found.spheres)
        if one.is_clear and one.size is not None and one.size < len(inserts)
    ]
    return [
        order
        for order in orders
        if all(diameters[order[place]] == diameters[size] for place, size in clear)
    ]


def _order_of_image(found: Identification) -> Order:
    """Spheres where the image shows them; those that are not seen on the places left."""
    count = len(found.spheres)
    sizes = [None if _is_foreign(one, count) else one.size for one in found.spheres]
    unseen = iter([sphere for sphere in range(count) if sphere not in sizes])
    return tuple(next(unseen) if size is None else size for size in sizes)


def _is_foreign(one: Identity, count: int) -> bool:
    """Whether it has a size that the phantom has not."""
    return one.size is not None and one.size >= count


def _filling(one: Identity, expected: Filling) -> Filling:
    """As expected where the image allows it; nothing where it shows nothing for sure."""
    if not one.rules_out(expected):
        return expected
    return one.filling if one.rules_out('none') else 'none'


def _expected_filling(insert: Insert) -> Filling:
    return 'hot' if insert.hot else 'cold'


def _as_seen(
    phantom: Phantom, order: Order, fillings: Sequence[Filling], *, keep_angles: bool
) -> Phantom:
    """The phantom with the fillings of the image, and with its angles if the order is another."""
    inserts = ring_inserts(phantom)
    changed = {}
    for place, (sphere, filling) in enumerate(zip(order, fillings, strict=True)):
        own = inserts[sphere]
        angle = own.ring_angle_deg if keep_angles else inserts[place].ring_angle_deg
        hot = own.hot if filling == 'none' else filling == 'hot'
        changed[own.label] = replace(own, ring_angle_deg=angle, hot=hot, use=filling != 'none')
    return replace(
        phantom, inserts=tuple(changed.get(insert.label, insert) for insert in phantom.inserts)
    )


def _notes(
    phantom: Phantom,
    inserts: Sequence[Insert],
    order: Order,
    fillings: Sequence[Filling],
    *,
    keeps_order: bool,
) -> Iterable[str]:
    """What the user must know where the image shows something else than the phantom says."""
    if not keeps_order:
        around = joined(
            (
                _('none') if fillings[n] == 'none' else inserts[order[n]].label
                for n in np.argsort(ring_angles_rad(inserts))
            ),
            ', ',
        )
        yield _(
            'The spheres stand in another order than in the phantom {phantom}: round the ring the '
            'image shows {around}. The labels follow the image.'
        ).format(phantom=phantom.name, around=around)
    seen = {inserts[sphere].label: f for sphere, f in zip(order, fillings, strict=True)}
    none = [insert.label for insert in inserts if seen[insert.label] == 'none']
    cold = [i.label for i in inserts if i.hot and seen[i.label] == 'cold']
    hot = [i.label for i in inserts if not i.hot and seen[i.label] == 'hot']
    if none:
        yield _(
            'Nothing stands out where {labels} must be: missing, or filled as the background.'
        ).format(labels=_listed(none))
    if cold:
        yield _(
            'The image shows {labels} colder than the background, the phantom has them hot: '
            'measured as cold spheres.'
        ).format(labels=_listed(cold))
    if hot:
        yield _(
            'The image shows {labels} hotter than the background, the phantom has them cold: '
            'measured as hot spheres.'
        ).format(labels=_listed(hot))


def _listed(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return labels[0]
    return _('{labels} and {last}').format(labels=', '.join(labels[:-1]), last=labels[-1])
