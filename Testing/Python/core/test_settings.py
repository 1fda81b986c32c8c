"""Settings: defaults, JSON, and refusals that name the value."""

import json

import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.settings import Settings, load_settings


def write(tmp_path, data):
    path = tmp_path / 'settings.json'
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_what_the_file_leaves_out_keeps_its_default(tmp_path):
    assert load_settings(write(tmp_path, {'search_axial_mm': 4.5})) == Settings(search_axial_mm=4.5)


def test_settings_survive_saving_and_loading(tmp_path):
    settings = Settings(counting='hard', refinement='none', search_limit_mm=12.0)
    assert load_settings(write(tmp_path, settings.to_json())) == settings


@pytest.mark.parametrize(
    ('data', 'words'),
    [
        ({'counting': 'soft'}, '"counting" must be "partial" or "hard", got \'soft\''),
        ({'refinement': None}, '"refinement" must be "fit", "search" or "none", got None'),
        (
            {'search_axial_mm': 0},
            '"search_axial_mm" must be more than 0 mm and at most 100 mm, got 0',
        ),
        ({'search_in_plane_mm': 1e9}, 'at most 100 mm, got 1000000000'),
        ({'search_axial_mm': '6'}, "got '6'"),
        ({'search_in_plane_mm': float('nan')}, 'got nan'),
        ({'search_in_plane_mm': True}, 'got True'),
        ({'serach': 1}, "unknown key 'serach'; known are counting"),
        ([1, 2], 'expected a JSON object, got list'),
        ('{', 'is not JSON'),
    ],
)
def test_a_bad_file_is_refused_with_the_value(tmp_path, data, words):
    with pytest.raises(InputFileError) as caught:
        load_settings(write(tmp_path, data))
    assert words in str(caught.value)
    assert 'settings.json' in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputFileError, match=r'gone\.json cannot be read'):
        load_settings(tmp_path / 'gone.json')
