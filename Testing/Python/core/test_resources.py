"""Data files of the module, and what is said where they are missing."""

import json

import pytest
from VOIIdentificationLib.core.phantom import preset_names
from VOIIdentificationLib.core.resources import resource_directory


def test_each_phantom_that_is_offered_is_a_file_of_the_folder():
    files = resource_directory('Phantoms').glob('*.json')
    named = [json.loads(path.read_text(encoding='utf-8'))['name'] for path in files]
    assert sorted(named) == sorted(preset_names())


def test_a_folder_that_is_missing_is_named_and_the_remedy_too():
    with pytest.raises(FileNotFoundError, match='lacks the folder Resources/Gone: install the'):
        resource_directory('Gone')
