"""
Every case of the catalogue: refused with a sentence, flagged, or right.

`NOT_YET` names the cases that still fail; one that passes although it is named
there fails the test, so the list can only shrink.
"""

import pytest
from bad_input.case import run_case
from bad_input.catalogue import CASES
from bad_input.not_yet import NOT_YET

pytest.importorskip('SimpleITK')


def test_names_are_unique_and_the_list_of_open_cases_knows_them():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert set(names) >= NOT_YET


# pydicom itself warns of values that are not what their representation says.
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case.kind}: {case.name}')
def test_a_bad_input_never_becomes_a_wrong_number(case, tmp_path):
    arguments = case.make(tmp_path)
    found = run_case(case, arguments)

    if case.name in NOT_YET:
        assert found, 'it passes: take it out of NOT_YET'
    else:
        assert found == []
