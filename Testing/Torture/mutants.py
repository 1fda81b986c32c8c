"""
Mutation test: would the tests notice? ``python Testing/Torture/mutants.py [WING …] [--count N]``.

Changes one operator, constant, condition or statement of a wing at a time, in a copy of the
library, and runs the wing's tests on it. Prints the score and the mutants that survived, for a
person to judge: some change nothing that can be seen.

The usual tools start a new process for each mutant and expect another layout of the project;
here every mutant is a fork of a process in which everything heavy is loaded.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
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

TIMEOUT_S = 300.0
"""A mutant that runs so long has lost its way: the tests would be stopped."""

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
    """One change of one file."""

    path: Path
    line: int
    what: str
    text: str

    @property
    def name(self) -> str:
        """Where it is and what it does."""
        return f'{self.path.relative_to(LIBRARY)}:{self.line} {self.what}'


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    for n, node in enumerate(_code(tree)):
        for change in _changes(node):
            other = copy.deepcopy(tree)
            there = list(_code(other))[n]
            before = ast.unparse(there)
            _apply(other, there, change(there))
            after = ast.unparse(ast.fix_missing_locations(other))
            what = f'{before[:70]!r}: {change.__name__}'
            yield Mutant(path, node.lineno, what, after)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that do something: no annotations, no texts, no declarations for type checkers."""
    for child in ast.iter_child_nodes(tree):
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
    """One more, or a tenth more of a number that is not whole."""
    return ast.Constant(node.value + 1 if isinstance(node.value, int) else node.value * 1.1 + 1e-9)


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


def survives(mutant: Mutant, copied: Path, tests: list[str]) -> bool:
    """Whether all tests pass in spite of it."""
    there = copied / 'VOIIdentificationLib' / mutant.path.relative_to(LIBRARY)
    plain = there.read_text(encoding='utf-8')
    there.write_text(mutant.text, encoding='utf-8')
    try:
        return all(passes(copied, some) for some in nearest_first(mutant, tests))
    finally:
        there.write_text(plain, encoding='utf-8')


def nearest_first(mutant: Mutant, tests: list[str]) -> list[list[str]]:
    """The test file of the changed one, which notices most of it soonest, then all."""
    own = f'{mutant.path.parent.name}/test_{mutant.path.stem}.py'
    return [[own], tests] if (TESTS / own).is_file() else [tests]


def passes(copied: Path, tests: list[str]) -> bool:
    """Whether the tests of a wing pass on a copy of the library."""
    child = os.fork()
    if child == 0:
        _run_tests(copied, tests)
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run_tests(copied: Path, tests: list[str]) -> None:
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
    try:
        status = int(pytest.main([*options, *(str(TESTS / one) for one in tests)]))
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


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
    args = parser.parse_args()
    _load_what_is_heavy()
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(LIBRARY.parent, Path(folder) / 'VOIIdentification'))
        for wing in args.wings:
            _try_wing(wing, args, copied)
    return 0


def _try_wing(wing: str, args: argparse.Namespace, copied: Path) -> None:
    if not passes(copied, WINGS[wing]):
        print(f'{wing}: its tests fail without a mutant')
        return
    every = [one for path in sorted((LIBRARY / wing).glob('*.py')) for one in mutants_of(path)]
    random.Random(args.seed).shuffle(every)
    tried = every[: args.count or None]
    survivors = []
    for mutant in tried:
        if survives(mutant, copied, WINGS[wing]):
            survivors.append(mutant)
            print(f'  survives: {mutant.name}', flush=True)
    killed = len(tried) - len(survivors)
    share = 100 * killed / max(len(tried), 1)
    print(f'{wing}: {killed} of {len(tried)} killed, {share:.0f} % ({len(every)} in all)')


if __name__ == '__main__':
    sys.exit(main())
