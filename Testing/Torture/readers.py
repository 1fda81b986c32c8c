"""
Readers of what people write: seeds, markups, phantoms, settings, worksheets.

Led by coverage where atheris is installed (``python readers.py READER …`` is what it runs), by the
mutators of this folder elsewhere. What is read must be finite, what is not must be a sentence.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from mutators import damaged_json, damaged_table
from tally import Clock, Tally

TABLE = 'label,x_ras,y_ras,z_ras\nS37,57.2,0,0\nS28,28.6,49.5,0\nB0,0,-75,0\n'
FCSV = """# Markups fiducial file version = 4.11
# CoordinateSystem = LPS
# columns = id,x,y,z,label
1,57.2,0,0,S37
2,28.6,49.5,0,S28
"""
MARKUPS = {
    'markups': [
        {
            'coordinateSystem': 'LPS',
            'controlPoints': [
                {'label': 'S37', 'position': [-57.2, 0.0, 0.0], 'positionStatus': 'defined'},
                {'label': 'S28', 'position': [-28.6, -49.5, 0.0]},
            ],
        }
    ]
}
SETTINGS = {
    'schema': 'voi-identification/settings/1',
    'counting': 'partial',
    'refinement': 'fit',
}


def _examples() -> dict[str, tuple[str, Any]]:
    """Name of the file of each reader, and a good input."""
    from bad_input.made_study import preset, worksheet

    return {
        'csv': ('a.csv', TABLE),
        'fcsv': ('a.fcsv', FCSV),
        'markups': ('a.mrk.json', MARKUPS),
        'phantom': ('a.json', preset()),
        'settings': ('a.json', SETTINGS),
        'worksheet': ('a.json', worksheet()),
    }


def _reader(name: str) -> Callable[[Path], Any]:
    from VOIIdentificationLib.activity.worksheet_json import load_worksheet
    from VOIIdentificationLib.core.phantom import load_phantom
    from VOIIdentificationLib.core.settings import load_settings
    from VOIIdentificationLib.files.markups import read_seeds

    other = {
        'phantom': lambda path: load_phantom(str(path)),
        'settings': load_settings,
        'worksheet': load_worksheet,
    }
    return other.get(name, read_seeds)


def read(name: str, path: Path) -> str:
    """The outcome of one file."""
    from VOIIdentificationLib.core.errors import PhantomError

    try:
        found = _reader(name)(path)
    except PhantomError as error:
        return 'refused with a sentence' if str(error).strip() else 'wrong'
    return 'right' if _finite(found) else 'wrong'


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if is_dataclass(value):
        return all(_finite(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, (tuple, list)):
        return all(_finite(one) for one in value)
    return True


def damaged_files(clock: Clock, rng: random.Random) -> Tally:
    """The mutators of this folder."""
    tally = Tally('readers, mutated')
    examples = _examples()
    with tempfile.TemporaryDirectory() as folder:
        while clock.runs:
            seed = rng.getrandbits(40)
            own = random.Random(seed)
            name = own.choice(list(examples))
            file_name, good = examples[name]
            path = Path(folder) / file_name
            path.write_bytes(_damaged(good, own))
            _count(name, path, tally, f'{name} seed {seed}')
    return tally


def _damaged(good: Any, rng: random.Random) -> bytes:
    if isinstance(good, str):
        return damaged_table(good, rng)
    return damaged_json(good, rng).encode('utf-8', 'surrogatepass')


def _count(name: str, path: Path, tally: Tally, how: str) -> None:
    try:
        outcome = read(name, path)
    except Exception:
        found = f'{path.read_bytes()[:300]!r} {traceback.format_exc()[-300:]}'
        tally.add('traceback', f'{how}: {found}')
    else:
        tally.add(outcome, f'{how}: {path.read_bytes()[:300]!r} is not finite, or has no sentence')


def fuzzed_files(clock: Clock, rng: random.Random) -> Tally | None:
    """Atheris on each reader in a process of its own; None where it is not installed."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        return None
    tally = Tally('readers, atheris')
    names = list(_examples())
    for n, name in enumerate(names):
        seconds = int(clock.left_s / (len(names) - n))
        if seconds > 0:
            _fuzz_apart(name, seconds, rng.getrandbits(30), tally)
    return tally


def _fuzz_apart(name: str, seconds: int, seed: int, tally: Tally) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / 'corpus'
        corpus.mkdir()
        good = _examples()[name][1]
        (corpus / 'good').write_text(good if isinstance(good, str) else json.dumps(good))
        words = [sys.executable, str(Path(__file__)), name, str(corpus)]
        words += [f'-max_total_time={seconds}', f'-seed={seed}', f'-artifact_prefix={folder}/']
        done = subprocess.run(words, capture_output=True, text=True, errors='replace', check=False)
        runs = [line for line in done.stderr.splitlines() if line.startswith('Done ')]
        tally.counts['right'] += int(runs[-1].split()[1]) if runs else 0
        for crash in Path(folder).glob('crash-*'):
            at = done.stderr.find('Uncaught Python exception')
            tally.add('traceback', f'{name}: {crash.read_bytes()[:300]!r} {done.stderr[at:][:500]}')


def _fuzz(name: str) -> None:
    """Run by atheris: never returns."""
    import atheris

    with atheris.instrument_imports(include=['VOIIdentificationLib']):
        _reader(name)
    path = Path(tempfile.mkdtemp()) / _examples()[name][0]

    def _one(data: bytes) -> None:
        path.write_bytes(data)
        if read(name, path) == 'wrong':
            msg = 'what was read is not finite, or the refusal has no sentence'
            raise ValueError(msg)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], _one)
    atheris.Fuzz()


if __name__ == '__main__':
    _fuzz(sys.argv[1])
