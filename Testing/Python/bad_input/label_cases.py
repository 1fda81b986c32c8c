"""Spheres that are not what their label says: orders, unfilled ones, typos, seeds astray."""

from bad_input.case import Case, Right, refused, refused_or_flagged
from bad_input.made_study import (
    DIAMETERS_MM,
    LABELS,
    SPACING_MM,
    found_in,
    with_seeds,
    wrong_labels,
)

KIND = 'labels'

RING_MM = 57.2
HEAD = 'label,x_ras,y_ras,z_ras\n'
RAS_MM = {
    label: (RING_MM * x, RING_MM * y, 0.0)
    for label, x, y in zip(
        LABELS,
        (1.0, 0.5, -0.5, -1.0, -0.5, 0.5),
        (0.0, 0.866, 0.866, 0.0, -0.866, -0.866),
        strict=True,
    )
}


def _found(name, scan, said=None):
    check = wrong_labels(scan)
    return Case(name, KIND, found_in(scan, said), Right(refused='', flagged='', check=check))


def without(*diameters):
    """The preset with empty places."""
    return tuple(None if one in diameters else one for one in DIAMETERS_MM)


def swapped(a, b):
    """The preset with two spheres exchanged."""
    other = {a: b, b: a}
    return tuple(other.get(one, one) for one in DIAMETERS_MM)


def instead(a, b):
    """The preset with one diameter mistyped."""
    return tuple(b if one == a else one for one in DIAMETERS_MM)


def rows(**points):
    """A seeds table."""
    return HEAD + ''.join(f'{label},{x},{y},{z}\n' for label, (x, y, z) in points.items())


def misnamed(*options):
    """Labels on the wrong sphere: named, flagged or refused."""
    return refused_or_flagged('label|seed|check')


ORDERS = [
    _found('the preset is found unflagged', DIAMETERS_MM),
    _found('28 and 22 exchanged', swapped(28.0, 22.0)),
    _found('37 and 28 exchanged', swapped(37.0, 28.0)),
    _found('37 and 10 exchanged', swapped(37.0, 10.0)),
    _found('17 and 13 exchanged', swapped(17.0, 13.0)),
    _found('28 and 13 exchanged', swapped(28.0, 13.0)),
    _found('the other way round', (37.0, 10.0, 13.0, 17.0, 22.0, 28.0)),
    _found('no order at all', (22.0, 10.0, 37.0, 13.0, 28.0, 17.0)),
    _found('large beside small', (37.0, 13.0, 28.0, 10.0, 22.0, 17.0)),
    _found('10 not filled', without(10.0)),
    _found('13 not filled', without(13.0)),
    _found('22 not filled', without(22.0)),
    _found('37 and 28 not filled', without(37.0, 28.0)),
    _found('37 not filled, told so', without(37.0), without(37.0)),
    _found('17 and 10 not filled', without(17.0, 10.0)),
    _found('one sphere alone', without(37.0, 28.0, 22.0, 13.0, 10.0)),
    _found('13 typed as 31', DIAMETERS_MM, instead(13.0, 31.0)),
    _found('28 typed as 82', DIAMETERS_MM, instead(28.0, 82.0)),
    _found('22 typed as 2.2', DIAMETERS_MM, instead(22.0, 2.2)),
    _found('10 typed as 100', DIAMETERS_MM, instead(10.0, 100.0)),
    *(
        _found(
            f'all diameters times {factor}',
            DIAMETERS_MM,
            tuple(factor * one for one in DIAMETERS_MM),
        )
        for factor in (0.1, 0.5, 0.9, 0.94, 1.06, 1.1, 2.0)
    ),
]

SEEDS = [
    Case('all seeds as LPS taken for RAS', KIND, with_seeds(rows(
        **{label: (-x, -y, z) for label, (x, y, z) in RAS_MM.items()})), misnamed()),
    Case('two labels exchanged', KIND, with_seeds(rows(
        **{**RAS_MM, 'S28': RAS_MM['S22'], 'S22': RAS_MM['S28']})), misnamed()),
    Case('largest and smallest exchanged', KIND, with_seeds(rows(
        **{**RAS_MM, 'S37': RAS_MM['S10'], 'S10': RAS_MM['S37']})), misnamed()),
    Case('labels one place on', KIND, with_seeds(rows(**dict(zip(
        LABELS, [RAS_MM[one] for one in (*LABELS[1:], LABELS[0])], strict=True)))), misnamed()),
    *(
        Case(f'a lone label {label} on {place}', KIND, with_seeds(rows(**{label: RAS_MM[place]})), misnamed())
        for label, place in (('S10', 'S37'), ('S28', 'S13'), ('S17', 'S28'), ('S37', 'S22'))
    ),
    Case('a lone label in the background', KIND, with_seeds(rows(S22=(0, 0, 0))), misnamed()),
    Case('one seed of six in air', KIND, with_seeds(rows(**{**RAS_MM, 'S13': (0, 110, 0)})),
         refused_or_flagged('seed|check|place')),
    Case('all seeds on one spot', KIND, with_seeds(rows(**dict.fromkeys(LABELS, (57.2, 0, 0)))),
         refused_or_flagged('seed|overlap')),
    Case('a label twice', KIND, with_seeds(HEAD + 'S37,57.2,0,0\nS37,28.6,49.5,0\n'),
         refused('S37')),
    Case('a label of no insert', KIND, with_seeds(rows(S38=(57.2, 0, 0))),
         Right(refused='S38', flagged='S38')),
    Case('a seed outside the image', KIND, with_seeds(rows(S37=(900, 0, 0))), refused('outside')),
    Case('seeds in index instead of millimeter', KIND, with_seeds(rows(**{
        label: tuple(round(v / s + 30) for v, s in zip(at, SPACING_MM, strict=True))
        for label, at in RAS_MM.items()})), refused_or_flagged('seed|outside|check')),
    *(
        Case(f'background {where}', KIND, with_seeds(rows(**RAS_MM, B0=at)),
             refused_or_flagged('background|air|insert|lung|body|outside'))
        for where, at in (
            ('in air', (0.0, 105.0, 0.0)), ('on the 37 mm sphere', (50.0, 5.0, 0.0)),
            ('on the 13 mm sphere', (-30.0, -45.0, 0.0)), ('in the lung', (2.0, 1.0, 0.0)),
            ('outside the image', (0.0, 400.0, 0.0)))
    ),
    Case('Slicer\'s names of several backgrounds', KIND, with_seeds(rows(
        **RAS_MM, **{'B0_1': (0.0, -78.0, 0.0), 'B0 2': (55.0, -72.0, 0.0)})),
         Right(flagged='', refused='B0')),
]  # fmt: skip

CASES = [*ORDERS, *SEEDS]
