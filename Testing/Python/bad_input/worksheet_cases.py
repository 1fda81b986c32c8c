"""The fill worksheet against itself, the header and the image: a contradiction, and no verdict."""

from bad_input.case import Case, Right, refused
from bad_input.made_study import (
    HOT_BQML,
    SCAN,
    has_verdicts,
    measured,
    no_verdict,
    with_json,
    worksheet,
)

KIND = 'worksheets'


def contradicted(pattern: str) -> Right:
    """A sentence and no verdict; or a refusal that says the same."""
    return Right(refused=pattern, flagged=pattern, check=no_verdict)


def _case(name, right, *more, **changes):
    return Case(name, KIND, with_json('--activity', worksheet(**changes), *more), right)


def _numbers(name, right, hot, background):
    return Case(
        name,
        KIND,
        measured('--true-hot', str(hot), '--true-background', str(background)),
        right,
    )


GOOD = Right(flagged='', check=has_verdicts)

EARLIER = '2026-03-01T08:15:00'

CASES = [
    _case('a good worksheet is judged', GOOD),
    _case('a good worksheet assayed two hours before', GOOD, hot__assay_mbq=42.67,
          hot__assay_time=EARLIER, background__assay_mbq=41.39, background__assay_time=EARLIER),
    _case('clocks that differ by half a minute', GOOD, scan_start='2026-03-01T10:15:30'),
    _numbers('good numbers are judged', GOOD, HOT_BQML, 2000),
    # the header
    _case('scan start an hour early', contradicted('scan start|10:15'), scan_start='2026-03-01T09:15:00'),
    _case('scan start 20 min late', contradicted('scan start|10:15'), scan_start='2026-03-01T10:35:00'),
    _case('scan start a day late', contradicted('scan start|10:15'), scan_start='2026-03-02T10:15:00'),
    _case('day and month swapped', contradicted('scan start|after|assay'), scan_start='2026-01-03T10:15:00'),
    _case('a date without time as scan start', refused('scan_start'), scan_start='2026-03-01'),
    _case('a date without time as assay time', refused('assay_time'), hot__assay_time='2026-03-01'),
    _case('scan start with a time zone', refused('scan_start'), scan_start='2026-03-01T10:15:00+01:00'),
    _case('scan start that is a number', refused('scan_start'), scan_start=20260301),
    *(
        _case(f'isotope {name}', contradicted(f'{name}|half-life'), isotope=name)
        for name in ('C-11', 'Cu-64', 'Zr-89', 'Rb-82')
    ),
    _case('half-life in minutes', contradicted('half.?life'), half_life_s=109.77),
    _case('half-life 3 % off', contradicted('half.?life'), half_life_s=6781.0),
    _case('not decay-corrected, the header says it is', contradicted('decay.corrected'),
          decay_corrected=False),
    _case('decay corrected as a number', refused('decay_corrected'), decay_corrected=1),
    _case('decay corrected as yes', refused('decay_corrected'), decay_corrected='yes'),
    # the syringes
    _case('assay after the scan', contradicted('assay'), hot__assay_time='2026-03-01T12:00:00'),
    _case('background assayed a month early', contradicted('assay|half-li'),
          background__assay_time='2026-02-01T10:15:00'),
    _case('hot fill assayed ten years early', contradicted('assay|half-li'),
          hot__assay_time='2016-03-01T10:15:00'),
    _case('residual larger than the syringe', contradicted('residual|after emptying|cannot leave'),
          hot__residual_mbq=25.0, hot__residual_time=SCAN),
    _case('residual without a time', refused('residual_time'), hot__residual_mbq=1.0),
    _case('negative activity', refused('assay_mbq'), hot__assay_mbq=-20.0),
    _case('activity 0', refused('assay_mbq'), background__assay_mbq=0),
    _case('activity of 400 digits', refused('assay_mbq'), hot__assay_mbq=10**400),
    _case('activity as text', refused('assay_mbq'), hot__assay_mbq='20 MBq'),
    _case('activity NaN', refused('assay_mbq|JSON'), hot__assay_mbq=float('nan')),
    _case('volume infinite', refused('volume_ml|JSON'), background__volume_ml=float('inf')),
    # the image
    _case('hot fill in Bq', contradicted('Bq'), hot__assay_mbq=20e6),
    _case('both fills in Bq', contradicted('Bq'), hot__assay_mbq=20e6, background__assay_mbq=19.4e6),
    _case('both fills in kBq', contradicted('kBq|times'), hot__assay_mbq=20e3, background__assay_mbq=19.4e3),
    _case('both fills in mCi', contradicted('mCi'), hot__assay_mbq=20 / 37, background__assay_mbq=19.4 / 37),
    _case('background volume in liter', contradicted('a_B|volume|L'), background__volume_ml=9.7),
    _case('both volumes in liter', contradicted(' L|volume'), hot__volume_ml=1.0, background__volume_ml=9.7),
    _case('a zero too many in the hot fill', contradicted('a_H'), hot__assay_mbq=200.0),
    _case('a zero too few in the background', contradicted('a_B'), background__assay_mbq=1.94),
    _case('two digits swapped in the hot fill', contradicted('a_H'), hot__assay_mbq=2.0),
    _case('fills swapped', contradicted('swap|exchang'), hot__assay_mbq=2.0, background__assay_mbq=194.0),
    _case('one concentration in both', contradicted('ratio|a_H'), hot__assay_mbq=2.0),
    _case('background 30 % too large', contradicted('a_B'), background__assay_mbq=25.3),
    _numbers('true hot ten times too large', contradicted('a_H'), 200_000, 2000),
    _numbers('true hot in kBq', contradicted('a_H|kBq'), 20, 2),
    _numbers('true background of another scan', contradicted('a_B'), HOT_BQML, 5000),
    _numbers('true values swapped', contradicted('swap|exchang'), 2000, HOT_BQML),
    _numbers('true values equal', contradicted('ratio|a_H|a_B'), 20_000, 20_000),
    Case('true hot that is no number', KIND, measured('--true-hot', 'nan'), refused('true-hot', status=2)),
    Case('true hot that is infinite', KIND, measured('--true-hot', 'inf'), refused('true-hot', status=2)),
    Case('negative background', KIND, measured('--true-background', '-2'),
         refused('true-background', status=2)),
]  # fmt: skip
