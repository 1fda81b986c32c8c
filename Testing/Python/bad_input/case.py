"""
One input that must not become a wrong number in silence, and what must come of it.

A case says how its input is made, which command reads it and what is right:
a sentence, a flag, a value. Whatever the case, the program must end with 0, 1
or 2, print no traceback and no control character, and say at most one
sentence about a problem.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import pickle
import re
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

ACTIVITY_BQML = 2000.0
"""Of every voxel of the series that `made_series` writes: SUV over it is the factor."""

RELATIVE_TOLERANCE = 1e-3
"""A second of decay of F-18 is 1e-4; every fault here changes the factor by 1 % or more."""

SLACK = 5.0
"""A busy machine takes so much longer than an idle one."""

PATIENCE = 10.0
"""So many times its bound a case may run before it is killed."""

MEMORY_BYTES = 2**30
"""What a case with a bound may allocate; more is refused by the system."""

CONTROL_CHARACTERS = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')
"""All but tabulator and line feed; the last ranges turn the direction of writing."""

NOTE = re.compile('^Note: ', re.MULTILINE)
"""How `suv` and `info` begin the line of a doubt."""


@dataclass(frozen=True)
class Right:
    """
    What must come of a case.

    Attributes
    ----------
    refused, flagged : str or None
        Pattern of the sentence of a refusal, or of the output of a run that
        warns; None if this is no right outcome. With both either is right.

    doubt : bool
        True if a run that warns must show a flag, not just tell what it did.

    good : bool
        True if the input is good: it is done and nothing is doubted.

    factors : tuple of float or None
        SUV over activity, one a slice or one for all, where the run is done.

    says : str
        Pattern that the output must hold where the run is done.

    status : int
        Of a refusal.

    check : callable or None
        Told the outcome of a run that is done; returns what is wrong with it.
    """

    refused: str | None = None
    flagged: str | None = None
    doubt: bool = False
    good: bool = False
    factors: tuple[float, ...] | None = None
    says: str = ''
    status: int = 1
    check: Callable[[Outcome], list[str]] | None = None


def refused(pattern: str, *, status: int = 1) -> Right:
    """One sentence on standard error, and no number."""
    return Right(refused=pattern, status=status)


def flagged(pattern: str, *factors: float) -> Right:
    """Done, with a flag."""
    return Right(flagged=pattern, doubt=True, factors=factors or None)


def refused_or_flagged(pattern: str, *factors: float) -> Right:
    """Either will do: nobody takes the number for granted."""
    return Right(refused=pattern, flagged=pattern, doubt=True, factors=factors or None)


def refused_or_told(pattern: str, *factors: float) -> Right:
    """Refused, or done and right, with a sentence that says what was decided."""
    return Right(refused=pattern, flagged=pattern, factors=factors or None)


def told(pattern: str, *factors: float) -> Right:
    """Done and right, with a sentence that says what was decided."""
    return Right(flagged=pattern, factors=factors or None)


def good(*factors: float, says: str = '') -> Right:
    """Done, right, and no false alarm."""
    return Right(good=True, factors=factors or None, says=says)


@dataclass(frozen=True)
class Case:
    """
    One line of the catalogue.

    Attributes
    ----------
    name : str
        What is odd about it; unique.

    kind : str
        Which promise it tests.

    make : callable
        Writes the input into an empty folder and returns the arguments of the
        program.

    right : Right
        What must come of it.

    seconds : float
        Bound of its time; memory is bound as well where it is given.
    """

    name: str
    kind: str
    make: Callable[[Path], list[str]]
    right: Right
    seconds: float = 0.0


@dataclass
class Outcome:
    """What a run gave."""

    status: int
    output: str = ''
    errors: str = ''
    factors: np.ndarray | None = None
    traceback: str = ''
    results: list = field(default_factory=list)

    @property
    def problem(self) -> str:
        """The sentence on standard error."""
        return self.errors[max(self.errors.find('voi-identification'), 0) :]

    @property
    def said(self) -> str:
        """All that a user could read."""
        return f'{self.output}\n{self.problem}'


def run(arguments: list[str]) -> Outcome:
    """The program in this process; SUV factors where it wrote a volume of them."""
    from VOIIdentificationLib.cli import main as cli

    output, errors = io.StringIO(), io.StringIO()
    found = Outcome(0)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), _no_export(found):
        try:
            found.status = cli.main(arguments)
        except SystemExit as stop:  # argparse
            found.status = stop.code
        except BaseException:
            found.status, found.traceback = -1, traceback.format_exc()
    found.output, found.errors = output.getvalue(), errors.getvalue()
    found.factors = _factors(arguments) if found.status == 0 else None
    return found


def run_case(case: Case, arguments: list[str]) -> list[str]:
    """Run a case and judge it; in a process of its own where time and memory are bound."""
    if not case.seconds or sys.platform != 'linux':
        return faults(case.right, run(arguments))
    start = time.perf_counter()
    found = _run_apart(arguments, PATIENCE * case.seconds)
    if found is None:
        return [f'late: no answer within {PATIENCE * case.seconds:g} s']
    seconds = time.perf_counter() - start
    late = (
        [f'late: {seconds:.1f} s, not {case.seconds:g} s'] if seconds > SLACK * case.seconds else []
    )
    return [*late, *faults(case.right, found)]


def _run_apart(arguments: list[str], seconds: float) -> Outcome | None:
    """The program in a fork that may take 1 GB more; None if it does not end in time."""
    end, begin = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # threads of numpy wait for work; the fork starts none
        child = os.fork()
    if child == 0:
        faulthandler.disable()  # a crash is the outcome of the case, not of the tests
        _bind_memory()
        found = run(arguments)
        found.results = []
        with os.fdopen(begin, 'wb') as pipe:
            pickle.dump(found, pipe)
        os._exit(0)
    os.close(begin)
    with os.fdopen(end, 'rb') as pipe:
        answered = bool(select.select([pipe], [], [], seconds)[0])
        if not answered:
            os.kill(child, signal.SIGKILL)
        data = pipe.read()
    os.waitpid(child, 0)
    if not answered:
        return None
    return pickle.loads(data) if data else Outcome(-1, traceback='killed by the system')


def _bind_memory() -> None:
    import resource

    used = int(Path('/proc/self/statm').read_text(encoding='ascii').split()[0])
    limit = used * os.sysconf('SC_PAGE_SIZE') + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@contextlib.contextmanager
def _no_export(found: Outcome):
    """Pictures and workbooks take a second, and have tests of their own."""
    from VOIIdentificationLib.report import export

    patch = pytest.MonkeyPatch()
    patch.setattr(export, 'export_results', lambda result, *_, **__: found.results.append(result))
    try:
        yield
    finally:
        patch.undo()


def _factors(arguments: list[str]) -> np.ndarray | None:
    if arguments[:1] != ['suv'] or '--output' not in arguments:
        return None
    path = Path(arguments[arguments.index('--output') + 1])
    if not path.is_file():
        return None
    import SimpleITK

    values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    return values.astype(float).mean(axis=(1, 2)) / ACTIVITY_BQML


def faults(right: Right, found: Outcome) -> list[str]:
    """What is not right about an outcome, each as `word: what`."""
    if found.traceback:
        return [f'traceback: {found.traceback.splitlines()[-1]}']
    wrong = []
    if CONTROL_CHARACTERS.search(found.said):
        wrong.append(f'wrong: control characters in {found.said!r}')
    if found.status:
        return [*wrong, *_faults_of_refusal(right, found)]
    return [*wrong, *_faults_of_run(right, found)]


def _faults_of_refusal(right: Right, found: Outcome) -> list[str]:
    if right.refused is None:
        return [f'wrong: refused, {found.problem or found.errors!r}']
    # argparse ends with 2 where a number is beyond its limits: as good a refusal as 1.
    if found.status != right.status and not (right.refused and found.status == 2):
        return [f'wrong: status {found.status}, not {right.status}: {found.errors!r}']
    if not re.search(right.refused, found.problem, re.IGNORECASE | re.DOTALL):
        return [f'wrong: the sentence is {found.problem!r}']
    return []


def _faults_of_run(right: Right, found: Outcome) -> list[str]:
    if right.flagged is None and not right.good:
        return [f'wrong: not refused; {_numbers(found)}{found.output!r}']
    wrong = []
    if right.factors is not None and not _near(found.factors, right.factors):
        wrong.append(f'wrong: {_numbers(found)}expected {right.factors}; {found.output!r}')
    if right.flagged and not re.search(right.flagged, found.output, re.IGNORECASE | re.DOTALL):
        wrong.append(f'wrong: nothing like {right.flagged!r} in {found.output!r}')
    if right.doubt and not doubts(found.output):
        wrong.append(f'wrong: no flag in {found.output!r}')
    if right.good and doubts(found.output):
        wrong.append(f'wrong: false alarm {doubts(found.output)} in {found.output!r}')
    if right.check is not None:
        wrong += right.check(found)
    if not re.search(right.says, found.output, re.IGNORECASE | re.DOTALL):
        wrong.append(f'wrong: nothing like {right.says!r} in {found.output!r}')
    return wrong


def doubts(output: str) -> list[str]:
    """Flags that the output names, in the words that people read."""
    from VOIIdentificationLib.core.flags import Flag

    return [flag.value for flag in Flag if flag.text in output] or NOTE.findall(output)


def _near(found: np.ndarray | None, expected: tuple[float, ...]) -> bool:
    if found is None:
        return False
    return bool(np.allclose(found, expected, rtol=RELATIVE_TOLERANCE, atol=0.0))


def _numbers(found: Outcome) -> str:
    return '' if found.factors is None else f'factors {found.factors}; '
