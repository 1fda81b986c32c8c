"""What the documents say of the code: every file and every name that they mention is there."""

import ast
import re

import pytest
import test_layers
from paths import LIBRARY, MODULE, ROOT

DOCUMENTS = [ROOT / 'README.md', ROOT / 'CHANGELOG.md', *sorted((ROOT / 'docs').glob('*.md'))]
NOT_OURS = {'Target_sphere_midpoint.py', 'nema_wb.py', 'evaluate/X.py', 'report/subjects/X.py'}
"""The original script, another tool's file, and the pattern for a metric's file."""

FILES = [
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob('*.py')
    if not {'.git', '.venv', 'build'} & set(path.relative_to(ROOT).parts)
]
WINGS = {path.name for path in LIBRARY.iterdir() if path.is_dir()}


def code_of(document):
    """Pieces of code in the text, and the lines of indented drawings."""
    text = document.read_text(encoding='utf-8')
    blocks = re.findall(r'```.*?```', text, re.DOTALL)
    inline = re.findall(r'`([^`\n]+)`', re.sub(r'```.*?```', '', text, flags=re.DOTALL))
    return [*blocks, *inline, *re.findall(r'^    .*$', text, re.MULTILINE)]


def top_level_names(path):
    """Names that a module defines, private ones too."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_the_documents_are_found():
    assert len(DOCUMENTS) > 6
    assert {'core', 'report'} <= WINGS


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document):
    for piece in code_of(document):
        for name in re.findall(r'[\w/.-]*\w\.py\b', piece):
            if name not in NOT_OURS:
                assert any(f'/{path}'.endswith(f'/{name}') for path in FILES), name


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    links = re.findall(r'\]\(([^)#]+)', document.read_text(encoding='utf-8'))
    for link in (link for link in links if '://' not in link):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: path.name)
def test_every_name_of_the_code_is_defined_where_it_is_said(document):
    """Names like `evaluate.nema.percent_contrast_hot`; `core.image` alone is a module."""
    for piece in code_of(document):
        for dotted in re.findall(r'(?<![\w./])[a-z_]+(?:\.\w+)+', piece):
            wing, module, *name = dotted.split('.')
            if wing not in WINGS or module in {
                'py',
                'md',
                'json',
                'png',
                'html',
                'pdf',
                'csv',
                'css',
            }:
                continue
            path = LIBRARY / wing / f'{module}.py'
            assert path.is_file(), dotted
            assert not name or name[0] in set(top_level_names(path)), dotted


def test_the_table_of_wings_is_that_of_the_layers():
    text = (ROOT / 'docs' / 'developer.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| (`.*?`) \|', text, re.MULTILINE)
    named = [name.removesuffix('.py') for row in rows for name in re.findall(r'`([^`]+)`', row)]
    assert tuple(named) == test_layers.WINGS


@pytest.mark.parametrize('title', ['The way of a voxel', 'The way of a seed'])
def test_a_walk_has_at_most_twelve_rooms_and_returns_to_none(title):
    text = (ROOT / 'docs' / 'developer.md').read_text(encoding='utf-8')
    walk = text.split(f'## {title}\n')[1].split('\n## ')[0]
    rooms = re.findall(r'^\d+\. `([^`]+)`: ', walk, re.MULTILINE)
    assert 6 < len(rooms) <= 12
    assert len(rooms) == len(set(rooms)) == len(re.findall(r'^\d+\. ', walk, re.MULTILINE))
    for room in rooms:
        assert (LIBRARY / room).exists() or (MODULE / room).exists(), room
