"""
Mutation test: would the tests notice? ``python Testing/Torture/mutants.py [WING …] [--count N]``.

Changes one operator, constant, condition or statement of a wing at a time, in a copy of the
library, and runs the wing's tests on it. Prints the score and the mutants that survived, for a
person to judge: some change nothing that can be seen. ``--match 'voi_mask.py:23'`` tries those
again whose line, as it is printed, holds this text.

The usual tools start a new process for each mutant and expect another layout of the project;
here every mutant is a fork of a process in which everything heavy is loaded. Of the wing's test
files those are run that call the changed function, as a first run of each showed: the quickest
first, its own one before others that are as slow, until one fails.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import copy
import functools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tally import ROOT

LIBRARY = ROOT / 'VOIIdentification' / 'VOIIdentificationLib'
TESTS = ROOT / 'Testing' / 'Python'

WINGS = {
    'measure': ['measure', 'test_accuracy.py'],
    'sphere_fit': ['sphere_fit', 'locate/test_refine.py'],
    'evaluate': ['evaluate'],
    'suv': ['suv', 'dicom/test_suv.py'],
    'activity': ['activity', 'suv/test_scan_facts.py'],
}
"""The tests that are to notice."""

FIRST_RUN_S = 600.0
"""For a test file that is run without a mutant."""

TIMES_LONGER, AND_S = 4.0, 10.0
"""A mutant that takes so many times the first run, and a little, has lost its way."""

DECLARED = {'frozen', 'eq', 'kw_only', 'strict'}
"""Keywords that only forbid: a mistake that nobody makes would be seen later, or not."""

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.Mod: ast.Mult, ast.FloorDiv: ast.Div, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of one node of one file."""

    path: Path
    line: int
    what: str
    node: int
    change: Callable

    @property
    def name(self) -> str:
        """Where it is and what it does."""
        return f'{self.path.relative_to(LIBRARY)}:{self.line} {self.what}'

    @property
    def text(self) -> str:
        """The changed file."""
        tree = ast.parse(self.path.read_text(encoding='utf-8'))
        there = list(_code(tree))[self.node]
        # The change may be made in place: a copy of the node then takes its place.
        _apply(tree, there, self.change(copy.deepcopy(there)))
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    for n, node in enumerate(_code(ast.parse(path.read_text(encoding='utf-8')))):
        for change in _changes(node):
            what = f'{ast.unparse(node)[:70]!r}: {change.__name__}'
            yield Mutant(path, node.lineno, what, n, change)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that do something: no annotations, no texts, no declarations."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.keyword) and child.arg in DECLARED:
            continue
        if isinstance(child, ast.If) and 'TYPE_CHECKING' in ast.unparse(child.test):
            continue
        if isinstance(tree, (ast.AnnAssign, ast.arg)) and child is tree.annotation:
            continue
        if isinstance(tree, ast.FunctionDef) and child is tree.returns:
            continue
        yield child
        yield from _code(child)


def _changes(node: ast.AST) -> Iterator[Callable]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        yield other_comparison
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in COMPUTED:
        yield other_operator
    if isinstance(node, ast.BoolOp):
        yield and_or
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield without_sign
    if isinstance(node, ast.IfExp):
        yield other_branch
    if isinstance(node, ast.Constant):
        yield from _changes_of_value(node.value)
    if isinstance(node, ast.Return) and not _is_none(node.value):
        yield return_none
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield left_out
    if isinstance(node, (ast.Break, ast.Continue, ast.Raise)):
        yield left_out


def _is_none(value: ast.AST | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _changes_of_value(value: object) -> Iterator[Callable]:
    if isinstance(value, bool):
        yield other_truth
    elif isinstance(value, (int, float)):
        yield other_number


def other_comparison(node: ast.Compare) -> ast.AST:
    """Less for less or equal, not for yes."""
    node.ops[0] = COMPARED[type(node.ops[0])]()
    return node


def other_operator(node: ast.BinOp) -> ast.AST:
    """Minus for plus, divided for times."""
    node.op = COMPUTED[type(node.op)]()
    return node


def and_or(node: ast.BoolOp) -> ast.AST:
    """And for or."""
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def without_sign(node: ast.UnaryOp) -> ast.AST:
    """No minus, no not."""
    return node.operand


def other_branch(node: ast.IfExp) -> ast.AST:
    """The branches exchanged."""
    node.body, node.orelse = node.orelse, node.body
    return node


def other_truth(node: ast.Constant) -> ast.AST:
    """False for true."""
    return ast.Constant(not node.value)


def other_number(node: ast.Constant) -> ast.AST:
    """One more, or a tenth more of a length or a part."""
    more = isinstance(node.value, int) or node.value == 0
    return ast.Constant(node.value + 1 if more else node.value * 1.1)


def return_none(_node: ast.Return) -> ast.AST:
    """Nothing is returned."""
    return ast.Return(ast.Constant(None))


def left_out(_node: ast.AST) -> ast.AST:
    """The statement is not there."""
    return ast.Pass()


def _apply(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]


Function = tuple[str, range]
"""File within the library, and lines with decorators."""


@dataclass(frozen=True)
class TestFile:
    """
    One file of tests, as it ran without a mutant.

    Attributes
    ----------
    path : `pathlib.Path`
        The file.

    took_s : float
        How long.

    called : set of tuple of (str, int)
        Functions of the library that it called: file within it, and first line.
    """

    path: Path
    took_s: float
    called: frozenset[tuple[str, int]]

    def calls(self, functions: set[Function]) -> bool:
        """Whether it calls one of them."""
        return any(
            name == one and n in lines for name, n in self.called for one, lines in functions
        )


def first_run(path: Path, copied: Path) -> TestFile | None:
    """A test file on the library as it is; None if it fails."""
    told, begun = copied / 'called.json', time.monotonic()
    if not passes(copied, path, FIRST_RUN_S, told):
        return None
    called = frozenset((name, line) for name, line in json.loads(told.read_text(encoding='utf-8')))
    return TestFile(path, time.monotonic() - begun, called)


def affected(mutant: Mutant) -> set[Function] | None:
    """The function that it changes, or those that read the constant; None where all may."""
    tree = _tree(mutant.path)
    for lines in _functions(tree):
        if mutant.line in lines:
            return {(str(mutant.path.relative_to(LIBRARY)), lines)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.lineno <= mutant.line <= (node.end_lineno or 0):
            names = {one.id for target in node.targets for one in ast.walk(target)
                     if isinstance(one, ast.Name)}  # fmt: skip
            return _readers(frozenset(names))
    return None


@functools.cache
def _readers(names: frozenset[str]) -> set[Function] | None:
    """Functions of the library that name one; None if it is named outside of functions."""
    found: set[Function] = set()
    for path in sorted(LIBRARY.rglob('*.py')):
        tree = _tree(path)
        functions = list(_functions(tree))
        for node in ast.walk(tree):
            name = getattr(node, 'id', None) or getattr(node, 'attr', None)
            if name not in names or isinstance(node.ctx, ast.Store):
                continue
            inside = [lines for lines in functions if node.lineno in lines]
            if not inside:
                return None
            found.add((str(path.relative_to(LIBRARY)), inside[0]))
    return found


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'))


def _functions(tree: ast.Module) -> Iterator[range]:
    """Lines of functions and methods; those within others belong to them."""
    members = [one for node in tree.body if isinstance(node, ast.ClassDef) for one in node.body]
    for node in (*tree.body, *members):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield range(first, (node.end_lineno or first) + 1)


def nearest_first(mutant: Mutant, tests: list[TestFile]) -> list[TestFile]:
    """The test files that can notice, the quickest first; that of the changed file counts less."""
    functions = affected(mutant)
    near = [one for one in tests if functions is None or one.calls(functions)]
    own = f'test_{mutant.path.stem}.py'
    return sorted(near, key=lambda one: one.took_s / (5.0 if one.path.name == own else 1.0))


def survives(mutant: Mutant, copied: Path, tests: list[TestFile]) -> bool:
    """Whether all tests pass in spite of it."""
    there = _copy_of(mutant.path, copied)
    there.write_text(mutant.text, encoding='utf-8')
    try:
        return all(passes(copied, one.path, TIMES_LONGER * one.took_s + AND_S) for one in tests)
    finally:
        shutil.copy2(mutant.path, there)


def _copy_of(path: Path, copied: Path) -> Path:
    return copied / 'VOIIdentificationLib' / path.relative_to(LIBRARY)


def passes(copied: Path, test: Path, timeout_s: float, told: Path | None = None) -> bool:
    """Whether a test file passes on a copy of the library; where to tell what it called."""
    child = os.fork()
    if child == 0:
        _run_tests(copied, test, told)
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run_tests(copied: Path, test: Path, told: Path | None) -> None:
    import pytest

    quiet = os.open(os.environ.get('MUTANT_OUTPUT', os.devnull), os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.dont_write_bytecode = True
    sys.path[:] = [one for one in sys.path if 'VOIIdentification' not in one]
    where = f'pythonpath={copied} {TESTS}'
    options = ['-x', '-q', '-p', 'no:cacheprovider', '--rootdir', str(ROOT), '-o', where]
    options += [
        '-W',
        'ignore::pytest.PytestAssertRewriteWarning',
        '-W',
        'ignore::pytest.PytestConfigWarning',
    ]
    called = _noted_calls(copied) if told is not None else set()
    try:
        status = int(pytest.main([*options, str(test)]))
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.settrace(None)
    if told is not None:
        told.write_text(json.dumps(sorted(called)), encoding='utf-8')
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _noted_calls(copied: Path) -> set[tuple[str, int]]:
    """A set that is filled with every function of the library that is called from now on."""
    called: set[tuple[str, int]] = set()
    library = str(copied / 'VOIIdentificationLib')

    def _note(frame, _event, _argument):
        code = frame.f_code
        if code.co_filename.startswith(library):
            called.add((code.co_filename[len(library) + 1 :], code.co_firstlineno))

    sys.settrace(_note)
    threading.settrace(_note)
    return called


def _load_what_is_heavy() -> None:
    import numpy as np
    import pydicom
    import pytest
    import scipy.ndimage
    import scipy.optimize
    import SimpleITK

    assert all((np, pydicom, pytest, scipy.ndimage, scipy.optimize, SimpleITK))


def main() -> int:
    """Try some mutants of each wing and print which survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('wings', nargs='*', default=list(WINGS), metavar='WING')
    parser.add_argument('--count', type=int, default=100, help='mutants a wing; 0 for all')
    parser.add_argument('--seed', type=int, default=0, help='which of them')
    parser.add_argument('--match', action='append', help='only those that hold this text')
    args = parser.parse_args()
    _load_what_is_heavy()
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(LIBRARY.parent, Path(folder) / 'VOIIdentification'))
        compileall.compile_dir(copied, quiet=1)
        for wing in args.wings:
            _try_wing(wing, args, copied)
    return 0


def _try_wing(wing: str, args: argparse.Namespace, copied: Path) -> None:
    tests = []
    for path in _test_files(wing):
        tests.append(first_run(path, copied))
        if tests[-1] is None:
            print(f'{wing}: {path} fails without a mutant')
            return
    every = [one for path in sorted((LIBRARY / wing).glob('*.py')) for one in mutants_of(path)]
    random.Random(args.seed).shuffle(every)
    wanted = args.match or ['']
    tried = [one for one in every if any(text in one.name for text in wanted)]
    tried = tried[: args.count or None]
    survivors = 0
    for mutant in tried:
        near = nearest_first(mutant, tests)
        if survives(mutant, copied, near):
            survivors += 1
            uncalled = '' if near else ' (no test calls it)'
            print(f'  survives: {mutant.name}{uncalled}', flush=True)
    share = 100 * (1 - survivors / max(len(tried), 1))
    killed = len(tried) - survivors
    print(f'{wing}: {killed} of {len(tried)} killed, {share:.0f} % ({len(every)} in all)')


def _test_files(wing: str) -> list[Path]:
    named = [TESTS / name for name in WINGS[wing]]
    return [
        path for one in named for path in (sorted(one.glob('test_*.py')) if one.is_dir() else [one])
    ]


if __name__ == '__main__':
    sys.exit(main())
