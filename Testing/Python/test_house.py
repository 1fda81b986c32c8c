"""
How the house is kept: sizes, names, and that nothing stands about unused.

Read from the source. `test_layers` says who may import whom; this file says how
large a module and a function may be, and that a public name has a user.
"""

import ast
import re
from statistics import median
from string import Formatter

import pytest
from paths import LIBRARY, MODULE, ROOT
from VOIIdentificationLib.core import errors

MAX_MODULES = 264
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


# Sentences

COMMAND_LINE = {
    *('cli', 'synthetic'),
    *(f'many/{name}' for name in ('batch', 'batch_cluster', 'batch_find', 'batch_series')),
    *(f'many/{name}' for name in ('each_frame', 'gaussian', 'harmonize', 'harmonize_files')),
    *('many/trend_log', 'report/page/pdf'),
}
"""Wings and files that only the command line reaches: what they say stays English."""

SAID_IN_THE_PANEL = [
    path for path in MODULES if not {name_of(path), name_of(path).split('/')[0]} & COMMAND_LINE
]

ERRORS = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.PhantomError)
}


def calls_of_mark(tree):
    """Calls of `_`, which marks a text for translators."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == '_':
            yield node


def is_bare(node, scope, module):
    """Whether an expression may be a text that was made without `_`."""
    made = isinstance(node, (ast.JoinedStr, ast.BinOp))
    literal = isinstance(node, ast.Constant) and bool(node.value)
    of_str = isinstance(node, ast.Call) and ast.unparse(node.func) == 'str'
    if made or literal or of_str:
        return True
    return any(is_bare(one, around, module) for one, around in parts(node, scope, module))


def parts(node, scope, module):
    """Expressions that another gives, as it is or with what stands for it, and their functions."""
    if isinstance(node, ast.IfExp):
        yield from ((one, scope) for one in (node.body, node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from ((one, scope) for one in node.values)
    elif isinstance(node, ast.Name):
        yield from ((one, scope) for one in assigned(node.id, scope))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield node.func.value, scope
    elif isinstance(node, ast.Call):
        for own in functions(module):
            if own.name == ast.unparse(node.func):
                said = (one for one in ast.walk(own) if isinstance(one, ast.Return))
                yield from ((one.value, own) for one in said)


def assigned(name, scope):
    """What a function assigns to a name."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            yield node.value


def refusals(tree):
    """Errors that are made with a text: the call, and the function around it."""
    for function in functions(tree):
        kinds = ERRORS | {a.arg for a in function.args.kwonlyargs if 'Error' in annotation_of(a)}
        for node in ast.walk(function):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id in kinds and node.args:
                yield node, function


def annotation_of(argument):
    return ast.unparse(argument.annotation) if argument.annotation else ''


@pytest.mark.parametrize('path', SAID_IN_THE_PANEL, ids=name_of)
def test_a_refusal_is_a_sentence_that_can_be_translated(path):
    tree = TREES[path]
    bare = [
        f'{name_of(path)}:{call.lineno}: {ast.unparse(call)}'
        for call, function in refusals(tree)
        if is_bare(call.args[0], function, tree)
    ]
    assert bare == []


@pytest.mark.parametrize('path', [*MODULES, *OUTSIDE], ids=lambda path: path.name)
def test_what_is_marked_for_translators_can_be_found_by_them(path):
    """Slicer's update_translations.py sees literals of one kind of quote, and nothing behind."""
    text = path.read_text(encoding='utf-8')
    for call in calls_of_mark(TREES[path]):
        where = f'{path.name}:{call.lineno}'
        assert [type(one) for one in call.args] == [ast.Constant], where
        source = ast.get_source_segment(text, call)
        found = re.fullmatch(r"""_\(\s*(['"])(.+)\1\s*\)""", source, re.DOTALL)
        assert found, f'{where}: {source}'
        assert not re.search(found[1] + r'\s*\)', found[2]), f'{where}: {source}'


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_placeholders_and_values_have_the_same_names(path):
    for node in ast.walk(TREES[path]):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr == 'format' and node.func.value in [*calls_of_mark(node.func.value)]:
            template = node.func.value.args[0].value
            wanted = {name for _, name, *_ in Formatter().parse(template) if name is not None}
            given = {keyword.arg for keyword in node.keywords}
            assert wanted == given, f'{name_of(path)}:{node.lineno}'
            assert not node.args, f'{name_of(path)}:{node.lineno}'


@pytest.mark.parametrize('path', MODULES, ids=name_of)
def test_a_private_name_of_a_module_is_used_in_it(path):
    """What a move leaves behind stands twice, and one of both is no longer looked after."""
    body = TREES[path].body
    targets = [t for node in body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    bound = {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    bound |= {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    private = {name for name in bound if re.fullmatch('_[A-Za-z].*', name)}

    text = path.read_text(encoding='utf-8')
    assert not [name for name in private if len(re.findall(rf'\b{name}\b', text)) < 2]


@pytest.mark.parametrize('path', [*MODULES, *OUTSIDE], ids=lambda path: path.name)
def test_the_mark_is_bound_to_the_file_and_never_to_something_else(path):
    """`a, _ = f()` would make it local, and every sentence in that function would fail."""
    tree = TREES[path]
    if not any(calls_of_mark(tree)):
        return
    stored = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == '_']
    stored = [node for node in stored if isinstance(node.ctx, ast.Store)]
    own = [n for n in tree.body if ast.unparse(n) == '_ = sentences(__name__)']
    of_slicer = any(ast.unparse(n) == 'from slicer.i18n import tr as _' for n in tree.body)

    assert len(stored) == len(own) == (0 if of_slicer else 1)


def test_the_tests_of_sentences_see_what_they_look_for():
    tree = ast.parse(
        'def good(a, *, error: type[PhantomError]):\n'
        "    msg = _('x {a}').format(a=a)\n    raise SeedError(msg)\n"
        "    raise error(_('y')) from a\n    raise SeedError(joined([a]) or _said(a))\n"
        "def _said(a):\n    return _('z')\n"
        'def bad(a, *, error: type[PhantomError]):\n'
        "    msg = f'{a} is wrong'\n    raise SeedError(msg)\n    raise error('wrong')\n"
        "    raise SeedError(', '.join(a))\n    raise SeedError(str(a))\n"
        "    raise SeedError(_told(a))\n    raise SeedError(a if a else 'b')\n"
        "    raise SeedError(_('a') + 'b')\n    return SUVError('{}'.format(a))\n"
        "def _told(a):\n    return f'{a}'\n"
    )
    bare = [
        function.name for call, function in refusals(tree) if is_bare(call.args[0], function, tree)
    ]

    assert bare == ['bad'] * 8
    assert len([*refusals(tree)]) == 11
    assert {'dicom/suv', 'mrml/nodes', 'many/stored', 'panel/phantom'} <= {
        *map(name_of, SAID_IN_THE_PANEL)
    }
    assert 'many/harmonize' not in {*map(name_of, SAID_IN_THE_PANEL)}
    assert {'SUVError', 'PhantomError'} <= ERRORS
