"""Every promise names a test that exists."""

import ast
import re

import pytest
from paths import ROOT

TESTS = ROOT / 'Testing' / 'Python'
TEXT = (ROOT / 'docs' / 'promises.md').read_text(encoding='utf-8')
ROWS = re.findall(r'^\| (?!promise|---)(.+?) \| (.+?) \|$', TEXT, re.MULTILINE)


def test_there_are_promises():
    assert len(ROWS) > 20


@pytest.mark.parametrize(('promise', 'kept_by'), ROWS)
def test_the_test_that_keeps_a_promise_exists(promise, kept_by):
    file_name, *tests = re.findall(r'`([^`]+)`', kept_by)
    tree = ast.parse((TESTS / file_name).read_text(encoding='utf-8'))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert tests, promise
    assert set(tests) <= defined, promise
