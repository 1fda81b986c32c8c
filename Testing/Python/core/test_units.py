"""The table of units: pydicom's copy of PS3.16 is the judge of codes and meanings."""

import pytest
from pydicom.sr.codedict import codes
from VOIIdentificationLib.core.units import (
    SUV_KINDS,
    SUV_OF_DICOM,
    UCUM,
    UNIT_CODES,
    UNIT_OF_DICOM,
    row_of_code,
    row_of_units,
    unit_of_code,
)


def coded(group):
    concepts = getattr(codes, group)
    return [getattr(concepts, name) for name in concepts.dir()]


def test_every_kind_of_suv_of_dicom_is_known_with_its_meaning():
    assert coded('CID85')
    for code in coded('CID85'):
        assert row_of_code(code.value).meaning == code.meaning
        assert row_of_code(code.value).suv


def test_codes_and_meanings_are_those_of_dicom():
    meanings = {code.value: code.meaning for code in coded('CID84')}
    known = {code: meaning for code, meaning in UCUM.values() if code in meanings}
    assert known == {code: meanings[code] for code in known}
    assert {'Bq/ml', '{counts}', '{counts}/s', 'cm2/ml'} <= known.keys()


def test_no_two_rows_share_a_code():
    assert len({row.ucum for row in UNIT_CODES}) == len(UNIT_CODES)
    assert len({row.suv_type for row in UNIT_CODES if row.suv}) == len(SUV_OF_DICOM)


@pytest.mark.parametrize(
    ('code', 'unit'),
    [
        ('Bq/ml', 'Bq/mL'),
        ('{Bq}/ml', 'Bq/mL'),
        ('BQ/ML', 'Bq/mL'),
        ('{counts}/s', 'counts/s'),
        ('{SUVbw}g/ml', 'g/mL'),
        ('g/ml{SUVbw}', 'g/mL'),
        ('{SUVbsa}cm2/ml', 'cm2/mL'),
        ('{SUVlbm}g/ml', '{SUVlbm}g/ml'),
        ('g/ml{SUVlbm(Janma)}', 'g/ml{SUVlbm(Janma)}'),
        ('1/s', '1/s'),
        ('', ''),
    ],
)
def test_a_code_stands_for_its_unit_unless_it_would_be_mistaken(code, unit):
    assert unit_of_code(code) == unit


def test_dicom_units_and_kinds_of_suv_are_those_of_the_standard():
    """PS3.3, C.8.9.1.1.3 and the terms of SUV Type (0054,1006)."""
    assert UNIT_OF_DICOM == {
        'BQML': 'Bq/mL',
        'CNTS': 'counts',
        'GML': 'g/mL',
        'CM2ML': 'cm2/mL',
    }
    assert SUV_OF_DICOM == {
        'BW': 'bw',
        'LBM': 'lbm',
        'LBMJAMES128': 'lbm',
        'LBMJANMA': 'lbmjanma',
        'IBW': 'ibw',
        'BSA': 'bsa',
    }
    assert {kind: row.unit for kind, row in SUV_KINDS.items()} == {
        **dict.fromkeys(('bw', 'lbm', 'lbmjanma', 'ibw'), 'g/mL'),
        'bsa': 'cm2/mL',
    }
    assert SUV_KINDS['lbm'].ucum == '{SUVlbm}g/ml'


def test_no_term_names_no_unit():
    assert row_of_units('') is None
    assert row_of_code('') is None
    assert unit_of_code('') == ''
