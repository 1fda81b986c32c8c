"""What is refused in the catalogue is a sentence that can be said in another language."""

import traceback
from pathlib import Path

import pytest
from bad_input.catalogue import CASES
from test_house import SAID_IN_THE_PANEL
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import PhantomError
from VOIIdentificationLib.core.sentence import Sentence, sentence_of

pytest.importorskip('SimpleITK')

REFUSED = [case for case in CASES if case.right.refused and not case.right.flagged]
QUICK = [case for case in REFUSED if not case.seconds]
KINDS = sorted({case.kind for case in QUICK})


def refusal_of(case, folder):
    """The error that a command ends with, or None; where it is caught it is text already."""
    folder.mkdir()
    arguments = case.make(folder)
    try:
        args = cli._parser().parse_args(arguments)
        args.run(args)
    except PhantomError as error:
        return error
    except (SystemExit, OSError):
        return None
    return None


def file_of(error):
    """The file that raised it."""
    return Path(traceback.extract_tb(error.__traceback__)[-1].filename)


def contexts_of(text):
    """Contexts of a sentence and of those within."""
    within = (text.values or {}).values()
    inner = (contexts_of(one) for one in within if isinstance(one, Sentence))
    return {text.context}.union(*inner) - {''}


# pydicom itself warns of values that are not what their representation says.
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('kind', KINDS)
def test_a_refusal_knows_what_it_was_made_of(kind, tmp_path):
    seen = set()
    cases = [case for case in QUICK if case.kind == kind]
    for n, case in enumerate(cases):
        error = refusal_of(case, tmp_path / str(n))
        if error is None or file_of(error) not in SAID_IN_THE_PANEL:
            continue
        said = sentence_of(error)

        assert isinstance(said, Sentence), f'{case.name}: {said}'
        assert said.translated(lambda _context, text: text) == str(error), case.name
        marked = said.translated(lambda _context, text: f'«{text}»')
        assert '«' in marked, case.name
        assert marked.replace('«', '').replace('»', '') == str(error), case.name
        seen |= contexts_of(said)

    assert seen
    assert seen <= {f'{path.parent.name}.{path.stem}' for path in SAID_IN_THE_PANEL}
