"""
Signals at random moments and at every rename, on a slow disk: old results or new ones, whole.

``python Testing/torture_signals.py [COUNT]`` prints counts. Most runs are forked off this
process, in which everything is loaded; every tenth is a process of its own, so that signals
also meet the loading of modules. Renaming takes as long as on a network drive.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

LIBRARY = Path(__file__).resolve().parents[1] / 'VOIIdentification'
sys.path.insert(0, str(LIBRARY))
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')  # a process that has threads forks badly

SLOW_S = 0.025
"""For one rename; what a network drive takes."""

SLOW_C = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int rename(const char *a, const char *b) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    usleep(20000);
    int status = real(a, b);
    usleep(5000);
    return status;
}
"""

GRID = ['--shape', '44', '36', '16', '--voxel', '6', '6', '6', '--cov', '0']
STOPS = [
    [signal.SIGINT],
    [signal.SIGTERM],
    [signal.SIGINT, signal.SIGINT],
    [signal.SIGTERM, signal.SIGTERM],
    [signal.SIGINT, signal.SIGTERM],
    [signal.SIGKILL],
]
COLD_EVERY = 10
TIMEOUT_S = 120
FAULTS = (
    'neither old nor new',
    'litter',
    'untrue message',
    'wrong status',
    'traceback',
    'crash',
    'over time',
    'foreign file changed',
)


class Command(NamedTuple):
    """A command that replaces what its earlier run wrote."""

    name: str
    output: Path
    arguments: list[str]
    seconds: float = 0.0
    renames: int = 0


class Ended(NamedTuple):
    """How a run ended: its status, negative for a signal, and what it said on standard error."""

    status: int
    error: str


def main(count: int, *, random_seed: int = 0, folder: Path | None = None) -> dict[str, int]:
    """Send so many signals; how many were followed by old results, new ones, and faults."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(folder or made)
        shim, commands = slow_shim(place), prepared(place)
        counts = Counter(dict.fromkeys(['signals', 'old', 'new', *FAULTS], 0))
        rng = random.Random(random_seed)
        for number, command in zip(range(count), itertools.cycle(commands), strict=False):
            counts.update(['signals', *one_signal(command, number, rng, shim)])
    return dict(counts)


def prepared(place: Path) -> list[Command]:
    """A study, and commands that have written once; how long each takes and what it moves."""
    from VOIIdentificationLib.cli.main import main as cli

    study = place / 'study'
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        assert cli(['make-phantom', str(study), *GRID]) == 0
    seeds = ['--seeds', str(study / 'seeds.mrk.json')]
    outputs = {name: place / name for name in ('analyze', 'phantom', 'suv')}
    outputs['suv'].mkdir()
    volume = str(outputs['suv'] / 'suv.nrrd')
    source = str(study / 'dicom')
    plain = [
        ['analyze', source, '--output', str(outputs['analyze']), *seeds, '--overwrite'],
        ['make-phantom', str(outputs['phantom']), *GRID, '--overwrite'],
        ['suv', source, '--output', volume, '--overwrite'],
    ]
    return [
        measured(Command(arguments[0], output, arguments))
        for arguments, output in zip(plain, outputs.values(), strict=True)
    ]


def measured(command: Command) -> Command:
    """The command with its time and its renames; a foreign file lies among its files."""
    ended = forked(command, None, [])
    assert ended.status == 0, ended.error
    (command.output / 'mine.txt').write_text('foreign')
    start = time.monotonic()
    ended = forked(command, None, [])
    assert ended.status == 0, ended.error
    renames = int(ended.error.rsplit('renames: ', 1)[1])
    return command._replace(seconds=time.monotonic() - start, renames=renames)


def one_signal(command: Command, number: int, rng: random.Random, shim: Path | None) -> list[str]:
    """What is to be counted of one run that gets signals."""
    stops = STOPS[number // 3 % len(STOPS)]
    before = held(command.output)
    cold = number % COLD_EVERY == 0
    if cold:
        ended = own_process(command, rng.uniform(0, 3 * command.seconds), stops, shim)
    elif number % 2:
        ended = forked(command, None, stops, at_rename=1 + number // 2 % command.renames)
    else:
        ended = forked(command, rng.uniform(0, 1.1 * command.seconds), stops)
    found = [*judged(command, before, ended, killed=signal.SIGKILL in stops), *put_right(command)]
    if set(found) & set(FAULTS):
        moment = 'cold' if cold else 'warm'
        print(f'#{number} {command.name} {stops} {moment}: {found}\n{ended}', file=sys.stderr)  # noqa: T201
    return found


def held(folder: Path) -> dict[str, str]:
    """Every file below a folder, with what tells its versions apart."""
    files = sorted(path for path in folder.rglob('*') if path.is_file())
    return {
        path.relative_to(folder).as_posix(): f'{path.stat().st_ino} '
        + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def visible(files: dict[str, str]) -> dict[str, str]:
    """Without what is hidden, which the next run clears away."""
    return {name: text for name, text in files.items() if not name.startswith('.')}


def judged(command: Command, before: dict[str, str], ended: Ended, *, killed: bool) -> list[str]:
    """Old or new, and whether what was said of it is true."""
    found = []
    if killed and ended.status == -signal.SIGKILL:
        run_quietly(['recover', str(command.output)])
    after = visible(held(command.output))
    state = state_of(before, after)
    found.append(state)
    if after.get('mine.txt') != before['mine.txt']:
        found.append('foreign file changed')
    if 'Traceback' in ended.error or 'Exception ignored' in ended.error:
        early = 'VOIIdentificationLib/' not in ended.error  # Python itself is starting
        found.append('stopped while Python starts' if early else 'traceback')
    found += [] if killed else truth_of(state, ended)
    return found


def state_of(before: dict[str, str], after: dict[str, str]) -> str:
    """Which of the two versions the folder holds, if it is one of them, whole."""
    if after == before:
        return 'old'
    changed = [name for name in before if before[name] != after.get(name) and name != 'mine.txt']
    same_names = after.keys() == before.keys()
    return 'new' if same_names and len(changed) == len(before) - 1 else 'neither old nor new'


def truth_of(state: str, ended: Ended) -> list[str]:
    """Whether status and message say what is so."""
    found = []
    if ended.status in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
        found.append('crash')
    elif ended.status not in (0, 130, 143, -signal.SIGINT, -signal.SIGTERM):
        found.append('over time' if ended.status == -signal.SIGALRM else 'wrong status')
    said_old, said_new = 'nothing was changed' in ended.error, 'are written, whole' in ended.error
    if (said_old and state != 'old') or (said_new and state != 'new'):
        found.append('untrue message')
    if ended.status == 0 and state != 'new':
        found.append('wrong status')
    if ended.status in (130, 143) and not said_old and not said_new:
        found.append('untrue message')
    return found


def put_right(command: Command) -> list[str]:
    """The next run, which must clear up; and whether anything is left all the same."""
    run_quietly(['recover', str(command.output)])
    hidden = [path for path in command.output.rglob('*') if path.name.startswith('.')]
    for path in hidden:
        shutil.rmtree(path, ignore_errors=True)
    return ['litter'] if hidden else []


def run_quietly(arguments: list[str]) -> None:
    """Run in this process, saying nothing."""
    from VOIIdentificationLib.cli.main import main as cli

    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        cli(arguments)


def forked(
    command: Command, after_s: float | None, stops: list[int], *, at_rename: int = 0
) -> Ended:
    """Run in a copy of this process, and send signals after a time or at a rename."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        run_as_child(command, write, stops, at_rename)
    os.close(write)
    if after_s is not None:
        time.sleep(after_s)
        for number in stops:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
            time.sleep(0.002)
    late: list[int] = []
    timer = threading.Timer(TIMEOUT_S, lambda: (late.append(child), os.kill(child, signal.SIGKILL)))
    timer.start()
    with os.fdopen(read, encoding='utf-8', errors='replace') as said:
        error = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    timer.cancel()
    return Ended(-signal.SIGALRM if late else status, error)


def run_as_child(command: Command, write: int, stops: list[int], at_rename: int) -> None:
    """What the forked copy does; it does not come back."""
    status = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(write, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stderr = os.fdopen(2, 'w', encoding='utf-8', closefd=False)
        sys.stdout = os.fdopen(1, 'w', encoding='utf-8', closefd=False)
        renames = slow_renames(stops, at_rename)
        from VOIIdentificationLib.cli.main import main as cli

        status = cli(command.arguments, last=True)
        os.write(2, f'renames: {len(renames)}'.encode())
    except BaseException as error:
        import traceback

        os.write(2, ''.join(traceback.format_exception(error)).encode())
    finally:
        os._exit(status)


def slow_renames(stops: list[int], at_rename: int) -> list[str]:
    """Let renames take their time; at one of them the process sends itself signals."""
    rename, renames = os.replace, []

    def replace(source: str, target: str) -> None:
        renames.append(str(target))
        time.sleep(0.8 * SLOW_S)
        if len(renames) == at_rename:
            for number in stops:
                os.kill(os.getpid(), number)
        rename(source, target)
        time.sleep(0.2 * SLOW_S)

    os.replace = replace
    return renames


def own_process(command: Command, after_s: float, stops: list[int], shim: Path | None) -> Ended:
    """Run as a user does, with the slow disk below it where a compiler could make one."""
    slow = {'LD_PRELOAD': str(shim)} if shim else {}
    process = subprocess.Popen(
        [sys.executable, '-m', 'VOIIdentificationLib', *command.arguments],
        cwd=LIBRARY,
        env={**os.environ, **slow},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors='replace',
    )
    time.sleep(after_s)
    for number in stops:
        process.send_signal(number)
        time.sleep(0.002)
    try:
        error = process.communicate(timeout=TIMEOUT_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return Ended(-signal.SIGALRM, process.communicate()[1])
    return Ended(process.returncode, error)


def slow_shim(place: Path) -> Path | None:
    """The slow disk for whole processes; None without a compiler."""
    compiler, shim = shutil.which('cc'), place / 'slow.so'
    if compiler is None:
        return None
    (place / 'slow.c').write_text(SLOW_C)
    command = [compiler, '-shared', '-fPIC', '-o', str(shim), str(place / 'slow.c'), '-ldl']
    done = subprocess.run(command, capture_output=True, check=False)
    return shim if done.returncode == 0 else None


if __name__ == '__main__':
    totals = main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    sys.stdout.write(json.dumps(totals, indent=1) + '\n')
    sys.exit(any(totals[fault] for fault in FAULTS))
