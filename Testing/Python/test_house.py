"""
How the house is kept: sizes, names, and that nothing stands about unused.

Read from the source. `test_layers` says who may import whom; this file says how
large a module and a function may be, and that a public name has a user.
"""

import ast
import re
from statistics import median

import pytest
from paths import LIBRARY, MODULE, ROOT

MAX_MODULES = 251
"""Without ``__init__`` and ``__main__``. 99 when the wings were built; subjects may add theirs."""

MAX_DATACLASSES = 165
"""74 when the wings were built; a new subject may add its own."""

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_MEDIAN_FUNCTION_LINES = 8

FILES = sorted(LIBRARY.rglob('*.py'))
MODULES = [path for path in FILES if path.stem not in {'__init__', '__main__'}]
OUTSIDE = [
    *(path for path in FILES if path.stem in {'__init__', '__main__'}),
    MODULE / 'VOIIdentification.py',
    MODULE / 'VOIIdentificationDICOMPlugin.py',
    ROOT / 'docs' / 'make_screenshots.py',
    ROOT / 'docs' / 'run_in_slicer.py',
]
"""Users of the library that are part of the project."""

TESTING = ROOT / 'Testing'

TREES = {path: ast.parse(path.read_text(encoding='utf-8')) for path in [*MODULES, *OUTSIDE]}
TESTS = [ast.parse(path.read_text(encoding='utf-8')) for path in sorted(TESTING.rglob('*.py'))]


def name_of(path):
    return path.relative_to(LIBRARY).with_suffix('').as_posix()


def functions(tree):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def body_lines(function):
    """Lines of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def decorator_names(node):
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return {d.id if isinstance(d, ast.Name) else d.attr for d in called}


def public_definitions(tree):
    """Public names that a module defines at its top level, with their nodes."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        elif isinstance(node, ast.AnnAssign):
            names = [node.target.id]
        else:
            continue
        yield from ((name, node) for name in names if not name.startswith('_'))


def imported_module(path, node):
    """The file or folder that an import names, for the library's own; else None."""
    parts = node.module.split('.') if node.module else []
    if node.level:
        return path.parents[node.level - 1].joinpath(*parts)
    if parts[:1] == [LIBRARY.name]:
        return MODULE.joinpath(*parts)
    return None


def names_used(path, tree):
    """
    Pairs of module and name that a file takes from other modules of the library.

    A module that is handed on as a whole, as the command line does, is taken with all it has.
    """
    modules = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        source = imported_module(path, node)
        if source is None:
            continue
        for alias in node.names:
            if source.is_dir() and (source / f'{alias.name}.py').is_file():
                modules[alias.asname or alias.name] = source / f'{alias.name}.py'
            else:
                yield source.with_suffix('.py'), alias.name
    looked_into = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            looked_into[id(node.value)] = node.attr
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in modules:
            module = modules[node.id]
            whole = [name for name, _ in public_definitions(TREES.get(module, ast.Module([])))]
            names = [looked_into[id(node)]] if id(node) in looked_into else whole
            yield from ((module, name) for name in names)


def names_loaded(tree):
    """Names that a module itself reads, apart from where it defines them."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def names_in_signatures(tree):
    """Names in the annotations and bases of what a module defines for others."""
    parts = []
    for _name, node in public_definitions(tree):
        if isinstance(node, ast.ClassDef):
            parts += node.bases
            public = (one for one in node.body if not getattr(one, 'name', '').startswith('_'))
            parts += [part for one in public for part in annotations(one)]
        else:
            parts += annotations(node)
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def annotations(node):
    if isinstance(node, ast.AnnAssign):
        return [node.annotation]
    if isinstance(node, ast.Assign):  # an alias of types
        return [node.value]
    if not isinstance(node, ast.FunctionDef):
        return []
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    found = [argument.annotation for argument in arguments if argument.annotation]
    return [*found, *([node.returns] if node.returns else [])]


def public_door():
    """Names that `VOIIdentificationLib` itself offers, with their modules."""
    import VOIIdentificationLib

    return {
        (LIBRARY.joinpath(*home.split('.')).with_suffix('.py'), name)
        for name, home in VOIIdentificationLib._HOMES.items()
    }


def documented_names():
    """Words in code of the documents."""
    texts = [path.read_text(encoding='utf-8') for path in (ROOT / 'docs').glob('*.md')]
    texts.append((ROOT / 'README.md').read_text(encoding='utf-8'))
    code = re.findall(r'```.*?```|`[^`]+`', '\n'.join(texts), re.DOTALL)
    return set(re.findall(r'\w+', '\n'.join(code)))


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_is_not_too_long(path):
    assert ast.get_docstring(TREES[path])
    lines = len(path.read_text(encoding='utf-8').splitlines())
    assert lines <= MAX_MODULE_LINES


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_functions_are_short(path):
    long = {f.name: body_lines(f) for f in functions(TREES[path])}
    assert {name: n for name, n in long.items() if n > MAX_FUNCTION_LINES} == {}


def test_most_functions_are_very_short():
    lengths = [body_lines(f) for path in MODULES for f in functions(TREES[path])]
    assert median(lengths) <= MAX_MEDIAN_FUNCTION_LINES


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_no_file_only_forwards(path):
    defined = [
        node
        for node in TREES[path].body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        or (isinstance(node, (ast.Assign, ast.AnnAssign)) and '__all__' not in ast.unparse(node))
    ]
    assert defined


def test_the_house_does_not_grow():
    dataclasses = [
        node.name
        for path in MODULES
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ClassDef) and 'dataclass' in decorator_names(node)
    ]
    assert len(MODULES) <= MAX_MODULES
    assert len(dataclasses) <= MAX_DATACLASSES


def unused_names(path, used, tested):
    """
    Public names of a module that nobody needs, or nobody outside.

    Named facts (constants) need a user anywhere, types also a place in a public signature. Any
    other name is used by another module, or by its own and as the unit of a test.
    """
    inside, signatures = names_loaded(TREES[path]), names_in_signatures(TREES[path])
    for name, _node in public_definitions(TREES[path]):
        as_unit = name in inside and (name.isupper() or (path, name) in tested)
        if (path, name) not in used and name not in signatures and not as_unit:
            yield f'{name_of(path)}.{name}'


def test_every_public_name_has_a_user():
    used = public_door().union(*(names_used(path, tree) for path, tree in TREES.items()))
    tested = set().union(*(names_used(TESTING, tree) for tree in TESTS))
    documented = documented_names()

    unused = [one for path in MODULES for one in unused_names(path, used, tested)]

    unknown = {one for one in unused if one.rpartition('.')[2] not in documented}
    assert unknown == set()


def test_the_tests_above_see_what_they_look_for():
    tree = ast.parse(
        'def f(a: Kind) -> Other:\n    """Say."""\n    x = 1\n\n    return x\n'
        'class K:\n    b: Third\n    def _m(self, c: Hidden): ...\nA: int = 1\n_P = 2\n'
    )
    assert [body_lines(function) for function in functions(tree)] == [3, 1]
    assert [name for name, _ in public_definitions(tree)] == ['f', 'K', 'A']
    assert {'Kind', 'Other', 'Third'} <= names_in_signatures(tree)
    assert 'Hidden' not in names_in_signatures(tree)
    uses = ast.parse('from .seed import Seed\nfrom . import image as here\nhere.PETImage\n')
    core = LIBRARY / 'core'
    assert set(names_used(core / 'x.py', uses)) == {
        (core / 'seed.py', 'Seed'),
        (core / 'image.py', 'PETImage'),
    }
    assert names_loaded(uses) == {'here'}
