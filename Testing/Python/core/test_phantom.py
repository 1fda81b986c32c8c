"""Phantoms: the preset, a user's own JSON, and every way to get one wrong."""

import json

import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.phantom import (
    DEFAULT_PHANTOM,
    PHANTOM_SCHEMA,
    Insert,
    UniformCylinder,
    load_phantom,
    parse_phantom,
    phantom_to_json,
    preset_names,
)


def phantom_json(**changes):
    data = {
        'schema': PHANTOM_SCHEMA,
        'name': 'Mine',
        'inserts': [{'label': 'A', 'diameter_mm': 12.5}],
    }
    return data | changes


def insert_json(**changes):
    return phantom_json(inserts=[{'label': 'A', 'diameter_mm': 12.5} | changes])


def test_the_preset_is_the_iec_body_phantom():
    """Diameters of NEMA NU 2; sizes run monotonically round the ring (metrics, section 6)."""
    phantom = load_phantom(DEFAULT_PHANTOM)
    assert [i.diameter_mm for i in phantom.inserts] == [37, 28, 22, 17, 13, 10]
    assert [i.ring_angle_deg for i in phantom.inserts] == [0, 60, 120, 180, 240, 300]
    assert [i.aliases for i in phantom.inserts] == [(f'B{n}',) for n in range(1, 7)]
    assert phantom.ring_diameter_mm == 114.4
    assert phantom.background == Insert('B0', 37.0)


def test_the_default_is_the_first_preset():
    assert preset_names()[0] == DEFAULT_PHANTOM


def test_a_phantom_survives_saving_and_loading(tmp_path):
    phantom = parse_phantom(
        insert_json(shape='cylinder', height_mm=30, use=False, hot=False, aliases=['rod'])
    )
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps(phantom_to_json(phantom)))
    assert load_phantom(path) == phantom
    assert parse_phantom(phantom_to_json(phantom)) == phantom


def test_any_number_of_inserts_of_any_diameter():
    rows = [{'label': f'R{n}', 'diameter_mm': 1.5 * n + 0.1} for n in range(1, 30)]
    phantom = parse_phantom(phantom_json(inserts=rows))
    assert len(phantom.inserts) == 29
    assert phantom.inserts[-1].diameter_mm == pytest.approx(43.6)


def test_inserts_not_in_use_are_not_measured():
    rows = [
        {'label': 'A', 'diameter_mm': 10.0, 'use': False},
        {'label': 'B', 'diameter_mm': 13.0},
    ]
    assert [i.label for i in parse_phantom(phantom_json(inserts=rows)).used_inserts] == ['B']


@pytest.mark.parametrize(
    ('data', 'words'),
    [
        ([], 'expected a JSON object, got list'),
        (phantom_json(schema='other/2'), "'other/2', expected 'voi-identification/phantom/1'"),
        (phantom_json(spheres=[]), "unknown key 'spheres'"),
        (phantom_json(name='  '), '"name" must be a text'),
        (phantom_json(inserts=[]), 'at least one insert'),
        (phantom_json(inserts='six'), 'must be a list'),
        (phantom_json(inserts=[7]), 'insert 1: expected a JSON object, got int'),
        (phantom_json(ring_diameter_mm=-1), '"ring_diameter_mm" must be more than 0 mm, got -1'),
        (insert_json(diameter_mm=0), 'insert 1: "diameter_mm" must be more than 0 mm, got 0'),
        (insert_json(diameter_mm='37'), "must be a number, got '37'"),
        (insert_json(diameter_mm=True), 'must be a number, got True'),
        (insert_json(diameter_mm=float('nan')), 'must be a number, got nan'),
        (insert_json(label=7), '"label" must be a text, got 7'),
        (insert_json(shape='cube'), '"sphere" or "cylinder", got \'cube\''),
        (insert_json(shape='cylinder', height_mm=-3), '"height_mm" must be more than 0'),
        (insert_json(use='yes'), '"use" must be true or false, got \'yes\''),
        (insert_json(diametre_mm=3), "unknown key 'diametre_mm'"),
        (
            phantom_json(inserts=[{'label': n, 'diameter_mm': 1} for n in ('a', 'A')]),
            "two inserts are called 'A'",
        ),
    ],
)
def test_a_bad_phantom_is_refused_with_the_place_and_the_value(data, words):
    with pytest.raises(InputFileError) as caught:
        parse_phantom(data, source_name='mine.json')
    assert words in str(caught.value)
    assert str(caught.value).startswith('mine.json')


def test_blanks_round_a_name_are_no_part_of_it():
    phantom = parse_phantom(insert_json(label=' A ') | {'name': ' Mine '})
    assert (phantom.name, phantom.inserts[0].label) == ('Mine', 'A')


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(InputFileError, match=r"no phantom named 'Jaszczak'.*'NEMA IEC body'"):
        load_phantom('Jaszczak')


def test_a_missing_file_and_a_broken_file_are_named(tmp_path):
    broken = tmp_path / 'broken.json'
    broken.write_text('{"name": ')
    with pytest.raises(InputFileError, match=r'broken\.json is not JSON'):
        load_phantom(broken)
    with pytest.raises(InputFileError, match=r'gone\.json cannot be read'):
        load_phantom(tmp_path / 'gone.json')


def cylinder_json(**changes):
    size = {'diameter_mm': 216, 'length_mm': 186} | changes
    return {'schema': PHANTOM_SCHEMA, 'name': 'Mine', 'cylinder': size}


def test_a_uniform_cylinder_of_any_size_is_read_and_written():
    phantom = parse_phantom(cylinder_json(wall_margin_mm=25))
    assert phantom.cylinder == UniformCylinder(216.0, 186.0, 25.0, 30.0)
    assert phantom.used_inserts == ()
    assert parse_phantom(phantom_to_json(phantom)) == phantom


def test_presets_of_the_cylinder():
    assert load_phantom('uniform cylinder').cylinder == UniformCylinder()
    for length in (200.0, 300.0):
        phantom = load_phantom(f'uniform cylinder 20 x {length / 10:g} cm')
        assert phantom.cylinder == UniformCylinder(200.0, length)


@pytest.mark.parametrize(
    ('data', 'words'),
    [
        (cylinder_json(diameter_mm=0), 'cylinder: "diameter_mm" must be more than 0 mm, got 0'),
        (cylinder_json(length_mm=9999), '"length_mm"'),
        (cylinder_json(wall_margin_mm='30'), 'must be a number'),
        (cylinder_json(width_mm=3), "unknown key 'width_mm'"),
        (cylinder_json() | {'cylinder': 200}, 'cylinder: expected a JSON object, got int'),
        (cylinder_json() | {'inserts': [{'label': 'A', 'diameter_mm': 10.0}]}, 'without inserts'),
        (cylinder_json() | {'cylinder': None}, 'at least one insert'),
    ],
)
def test_a_bad_cylinder_is_refused(data, words):
    with pytest.raises(InputFileError) as caught:
        parse_phantom(data, source_name='mine.json')
    assert words in str(caught.value)
