"""Counts of outcomes, and what was not right, each with a way to do it again."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'VOIIdentification'), str(ROOT / 'Testing' / 'Python')]

HARMLESS = ('refused with a sentence', 'flagged', 'right')
FAULTS = ('wrong', 'lost', 'traceback', 'late')
"""Any of these fails the torture."""

SHOWN = 5
"""Faults of one kind and test that are printed in full."""


@dataclass
class Tally:
    """
    What came of all cases of one test.

    Attributes
    ----------
    name : str
        Of the test.

    counts : Counter
        By outcome.

    faults : list of str
        What was wrong, and how to do it again.
    """

    name: str
    counts: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, outcome: str, how: str = '') -> None:
        """Count one case; `how` tells how to do it again."""
        self.counts[outcome] += 1
        if outcome in FAULTS:
            self.faults.append(f'{outcome}: {how}')

    def add_faults(self, faults: list[str], otherwise: str, how: str) -> None:
        """Count one case by what `bad_input.case` found wrong with it."""
        if not faults:
            self.add(otherwise)
            return
        self.add(faults[0].partition(':')[0], f'{how}: {"; ".join(faults)}')

    @property
    def line(self) -> str:
        """One row of the table."""
        cells = ' '.join(f'{self.counts[one]:>10}' for one in (*HARMLESS, *FAULTS))
        return f'{self.name:22} {sum(self.counts.values()):>8} {cells}'


HEAD = f'{"":22} {"cases":>8} ' + ' '.join(
    f'{one:>10}' for one in ('refused', 'flagged', 'right', *FAULTS)
)


class Clock:
    """A part of the time there is."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def runs(self) -> bool:
        """Whether there is time for another case."""
        return time.monotonic() < self._end

    @property
    def left_s(self) -> float:
        """Seconds that are left; 0 at least."""
        return max(self._end - time.monotonic(), 0.0)
