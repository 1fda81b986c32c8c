"""A disk that fails at the n-th thing it is asked: the old files or the new ones, whole."""

from __future__ import annotations

import builtins
import contextlib
import errno
import hashlib
import io
import itertools
import os
import random
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tally import Clock, Tally

if TYPE_CHECKING:  # in typing from Python 3.11 on
    from typing import Self

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
CALLS = ('replace', 'rename', 'fsync', 'mkdir', 'open', 'unlink', 'rmdir')

STUDY = ['--shape', '20', '20', '20', '--voxel', '12', '12', '12', '--cov', '0']


class FailingDisk:
    """Refuses the n-th call that changes something below a folder."""

    def __init__(self, folder: Path, number: int, error: int) -> None:
        self._folder, self._number, self._error = str(folder), number, error
        self.calls = 0

    def __enter__(self) -> Self:
        self._old = {(os, name): getattr(os, name) for name in CALLS}
        self._old |= {(builtins, 'open'): builtins.open, (io, 'open'): io.open}
        for (module, name), call in self._old.items():
            setattr(module, name, self._guarded(call, name, module is not os))
        return self

    def __exit__(self, *_: object) -> None:
        for (module, name), call in self._old.items():
            setattr(module, name, call)

    def _guarded(self, call: Callable, name: str, opens: bool) -> Callable:
        def _call(*args: object, **kwargs: object) -> object:
            mode = str(kwargs.get('mode', args[1] if len(args) > 1 else 'r'))
            changes = any(letter in mode for letter in 'wax+')
            writes = changes if opens else self._matters(name, args)
            if writes and (name == 'fsync' or str(args[0]).startswith(self._folder)):
                self.calls += 1
                if self.calls == self._number:
                    raise OSError(self._error, os.strerror(self._error), str(args[0]))
            return call(*args, **kwargs)

        return _call

    @staticmethod
    def _matters(name: str, args: tuple) -> bool:
        return name != 'open' or bool(len(args) > 1 and args[1] & (os.O_WRONLY | os.O_RDWR))


def contents(folder: Path) -> dict[str, str]:
    """Every file below, by the digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _study(folder: Path, seed: int) -> int:
    from VOIIdentificationLib.cli import main as cli

    with _quietly():
        words = ['make-phantom', str(folder), *STUDY, '--random-seed', str(seed), '--overwrite']
        return cli.main(words)


def _suv(folder: Path, seed: int) -> int:
    from bad_input.made_series import put, series
    from VOIIdentificationLib.cli import main as cli

    source = Path(tempfile.gettempdir()) / f'torture-{os.getpid()}-{seed}'
    if not source.is_dir():
        series(put(RescaleSlope=str(seed)))(source)
    with _quietly():
        words = ['suv', str(source / 'pet'), '--output', str(folder / 'v.nrrd'), '--overwrite']
        return cli.main(words)


def failing_writes(clock: Clock, rng: random.Random) -> Tally:
    """Each writer in turn, each number of call, each error, until the time is up."""
    tally = Tally('failing disk')
    writers = {'make-phantom': _study, 'suv': _suv}
    with tempfile.TemporaryDirectory() as kept:
        states = {name: _both_states(Path(kept) / name, write) for name, write in writers.items()}
        numbers = itertools.count(1)
        while clock.runs:
            number = next(numbers)
            for name, write in writers.items():
                limit = states[name][2]
                error = rng.choice(ERRORS)
                how = f'{name}, call {(number - 1) % limit + 1}, {errno.errorcode[error]}'
                _one(write, states[name], ((number - 1) % limit + 1, error), tally, how)
    for path in Path(tempfile.gettempdir()).glob(f'torture-{os.getpid()}-*'):
        shutil.rmtree(path)
    return tally


def _both_states(folder: Path, write: Callable) -> tuple[Path, tuple[dict, dict], int]:
    """A folder with the old files; contents of old and new; how many calls a run makes."""
    old, new = folder / 'old', folder / 'new'
    for path in (old, new):
        path.mkdir(parents=True)
        write(path, 1)
    with FailingDisk(new, 0, 0) as disk:
        write(new, 2)
    return old, (contents(old), contents(new)), disk.calls


def _one(write: Callable, states: tuple, fault: tuple, tally: Tally, how: str) -> None:
    old, whole, _ = states
    with tempfile.TemporaryDirectory() as folder:
        out = Path(shutil.copytree(old, Path(folder) / 'out'))
        try:
            with FailingDisk(out, *fault):
                status = write(out, 2)
        except BaseException:
            tally.add('traceback', f'{how}: {traceback.format_exc()[-300:]}')
            return
        outcome = 'right' if status == 0 else 'refused with a sentence'
        if status == 0 and _visible(out) != whole[1]:
            tally.add('wrong', f'{how}: status 0, but not the new files')
        elif _after_recovery(out) not in whole:
            tally.add('lost', f'{how}: {sorted(contents(out))}')
        else:
            tally.add(outcome)


def _visible(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in contents(folder).items() if not name.startswith('.')}


def _after_recovery(folder: Path) -> dict[str, str]:
    """What there is after any later command has looked into the folder: no litter."""
    from VOIIdentificationLib.files.atomic import recover

    with contextlib.suppress(Exception):
        recover(folder)
    return contents(folder)
