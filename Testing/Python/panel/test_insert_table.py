"""The table of inserts: what a user types becomes a checked phantom, or a sentence."""

import json
import sys

import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.phantom import Insert, Phantom, load_phantom

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR  # noqa: E402 - needs slicer

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.panel.phantom import (
        InsertRow,
        insert_rows,
        phantom_from_rows,
        phantom_from_text,
        phantom_to_text,
    )

NEMA = load_phantom('NEMA IEC body')
MIXED = Phantom('Mixed', (Insert('Rod', 25.0, 'cylinder', 40.0), Insert('Ball', 12.5, use=False)))


def edited(phantom, place, **changes):
    rows = list(insert_rows(phantom))
    values = {name: getattr(rows[place], name) for name in InsertRow.__dataclass_fields__}
    rows[place] = InsertRow(**{**values, **changes})
    return phantom_from_rows(rows, phantom)


def test_rows_show_what_the_phantom_says():
    assert insert_rows(MIXED) == (
        InsertRow('Rod', '25', '40', use=True, cylinder=True),
        InsertRow('Ball', '12.5', '', use=False, cylinder=False),
    )


@pytest.mark.parametrize('phantom', [NEMA, MIXED], ids=lambda phantom: phantom.name)
def test_rows_that_nobody_edited_give_the_same_phantom(phantom):
    assert phantom_from_rows(insert_rows(phantom), phantom) is phantom


def test_an_edited_phantom_is_no_longer_the_preset():
    once = edited(NEMA, 0, diameter='36.8')
    twice = edited(once, 1, diameter='27.9')

    assert once.name == 'NEMA IEC body, changed'
    assert twice.name == once.name
    assert [i.diameter_mm for i in twice.inserts[:3]] == [36.8, 27.9, 22.0]


def test_what_the_table_does_not_show_is_kept():
    changed = edited(NEMA, 2, diameter='21')

    assert changed.inserts[2].ring_angle_deg == NEMA.inserts[2].ring_angle_deg
    assert changed.inserts[2].aliases == ('B3',)
    assert changed.ring_diameter_mm == NEMA.ring_diameter_mm


def test_a_renamed_insert_keeps_its_place_on_the_ring_but_not_its_other_names():
    changed = edited(NEMA, 2, label='Big')

    assert changed.inserts[2].label == 'Big'
    assert changed.inserts[2].ring_angle_deg == 120.0
    assert changed.inserts[2].aliases == ()


def test_a_removed_row_does_not_move_the_others_on_the_ring():
    rows = insert_rows(NEMA)
    changed = phantom_from_rows(rows[1:], NEMA)

    assert [i.ring_angle_deg for i in changed.inserts] == [60.0, 120.0, 180.0, 240.0, 300.0]


def test_an_added_row_has_no_place_on_the_ring():
    changed = phantom_from_rows([*insert_rows(NEMA), InsertRow('New', '8')], NEMA)

    assert changed.inserts[6] == Insert('New', 8.0)


@pytest.mark.parametrize(
    ('typed', 'mm'), [('12', 12.0), (' 12.5 ', 12.5), ('12,5', 12.5), ('12.5 mm', 12.5)]
)
def test_lengths_are_read_as_people_write_them(typed, mm):
    assert edited(NEMA, 0, diameter=typed).inserts[0].diameter_mm == mm


def test_an_unticked_insert_is_not_used():
    changed = edited(NEMA, 3, use=False)

    assert [insert.use for insert in changed.inserts] == [True, True, True, False, True, True]


def test_a_cylinder_without_height_is_as_high_as_wide():
    insert = edited(NEMA, 0, cylinder=True).inserts[0]

    assert (insert.shape, insert.height_mm) == ('cylinder', None)


def test_the_height_of_a_sphere_is_forgotten():
    insert = edited(MIXED, 0, cylinder=False).inserts[0]

    assert (insert.shape, insert.height_mm) == ('sphere', None)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'diameter': 'wide'}, "diameter of insert 'S37' must be a length in mm, got 'wide'"),
        ({'diameter': ''}, "diameter of insert 'S37'"),
        ({'diameter': '0'}, 'must be more than 0 mm'),
        ({'diameter': '-1'}, 'must be more than 0 mm'),
        ({'diameter': 'inf'}, 'must be more than 0 mm'),
        ({'cylinder': True, 'height': 'tall'}, "height of insert 'S37'"),
        ({'label': ''}, 'an insert has no name'),
        ({'label': 's28'}, 'every label must differ'),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(changes, words):
    with pytest.raises(InputFileError) as refused:
        edited(NEMA, 0, **changes)

    assert words in str(refused.value)


def test_without_inserts_there_is_no_phantom():
    with pytest.raises(InputFileError, match='at least one insert'):
        phantom_from_rows([], NEMA)


@pytest.mark.parametrize('phantom', [NEMA, MIXED], ids=lambda phantom: phantom.name)
def test_a_scene_remembers_a_phantom_in_one_line(phantom):
    text = phantom_to_text(phantom)

    assert '\n' not in text
    assert phantom_from_text(text) == phantom


def test_a_scene_without_a_phantom_means_the_default():
    assert phantom_from_text('') == NEMA


@pytest.mark.parametrize('text', ['{', json.dumps({'schema': 'other'}), '[]'])
def test_a_scene_with_something_else_is_refused(text):
    with pytest.raises(InputFileError, match='the phantom in the scene'):
        phantom_from_text(text)
