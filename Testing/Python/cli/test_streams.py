"""Standard output and error that are closed, full, gone, or cannot encode a name."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import MODULE
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.cli.terminal import PlainStream, as_lines, terminal_progress
from VOIIdentificationLib.core.errors import OutputError

SMALL = ['--shape', '44', '36', '16', '--voxel', '6', '6', '6', '--cov', '0']

posix = pytest.mark.skipif(os.name == 'nt', reason='no such files and descriptors on Windows')


class Broken(io.StringIO):
    """A stream whose reader, disk or self has a problem."""

    def __init__(self, error):
        super().__init__()
        self.error = error
        self.tried = 0

    def write(self, _text):
        self.tried += 1
        raise self.error


def test_control_characters_do_not_get_through():
    stream = io.StringIO()
    PlainStream(stream, needed=True).write('S37\x1b[2J\x9b\u202e\n')
    assert stream.getvalue() == 'S37\\x1b[2J\\x9b\\u202e\n'


def test_a_name_that_the_stream_cannot_encode_is_escaped():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding='ascii')
    PlainStream(stream, needed=True).write('Größe 球 \udce9\n')
    assert raw.getvalue() == b'Gr\\xf6\\xdfe \\u7403 \\udce9\n'


def test_lines_from_elsewhere_stay_lines():
    assert as_lines(['S37\nResults: /elsewhere', 'b\r']) == 'S37\\nResults: /elsewhere\nb\\r\n'


@pytest.mark.parametrize('tty', [True, False])
def test_progress_obeys_nobody_elses_control_characters(tty):
    stream = io.StringIO()
    stream.isatty = lambda: tty
    terminal_progress(PlainStream(stream, needed=False))(0.5, 'reading \x1b]0;x\x07\n/tmp/y')
    written = stream.getvalue().removeprefix('\r\x1b[K')
    assert r'reading \x1b]0;x\x07\n/tmp/y' in written
    assert written.strip('\n').isprintable()


def test_a_full_disk_is_a_sentence_once():
    stream = Broken(OSError(errno.ENOSPC, 'No space left on device'))
    plain = PlainStream(stream, needed=True)
    with pytest.raises(OutputError, match='standard output cannot be written: No space left'):
        plain.write('a')
    plain.write('b')
    assert stream.tried == 1


@pytest.mark.parametrize('error', [BrokenPipeError(), ValueError('I/O on closed file')])
def test_a_reader_that_went_away_is_no_problem(error):
    PlainStream(Broken(error), needed=True).write('a')


def test_nothing_depends_on_standard_error():
    PlainStream(Broken(OSError(errno.ENOSPC, '')), needed=False).write('a')
    PlainStream(None, needed=True).write('a')
    terminal_progress(None)(0.5, 'a')


def run(arguments, **options):
    command = [sys.executable, '-m', 'VOIIdentificationLib', *arguments]
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
    return subprocess.run(command, cwd=MODULE, text=True, check=False, **options)


@posix
def test_results_stay_where_the_summary_cannot_be_printed(tmp_path):
    with Path('/dev/full').open('w') as full:
        done = run(['make-phantom', str(tmp_path / 'x'), *SMALL], stdout=full)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == (
        'voi-identification: standard output cannot be written: No space left on device. '
        f'But the new files in {tmp_path / "x"} are written, whole.'
    )
    assert len(list((tmp_path / 'x' / 'dicom').iterdir())) == 16


@posix
def test_closed_streams_are_nothing_to_stumble_over(tmp_path):
    code = (
        'import os, sys; os.close(0); os.close(1); os.close(2);'
        'os.execv(sys.executable, [sys.executable, "-m", "VOIIdentificationLib", *sys.argv[1:]])'
    )
    command = [sys.executable, '-c', code, 'make-phantom', str(tmp_path / 'x'), *SMALL]
    assert subprocess.run(command, cwd=MODULE, check=False).returncode == 0
    assert len(list((tmp_path / 'x' / 'dicom').iterdir())) == 16


@posix
@pytest.mark.parametrize('arguments', [['--help'], ['info', '--help'], ['recover', '.']])
def test_a_full_disk_is_never_a_traceback(arguments):
    with Path('/dev/full').open('w') as full:
        done = run(arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith('No space left on device.')
    assert 'Traceback' not in done.stderr


@posix
def test_a_pipe_that_closes_early_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = run(['recover', str(tmp_path)], stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize(
    'environment', [{'PYTHONIOENCODING': 'ascii'}, {'LANG': 'C', 'LC_ALL': 'C', 'PYTHONUTF8': '0'}]
)
def test_a_name_is_printed_in_every_encoding(tmp_path, environment):
    folder = tmp_path / 'Größe\x1b[31m'
    folder.mkdir()
    done = run(['recover', str(folder)], env={**os.environ, **environment})
    assert done.returncode == 0
    assert done.stderr == ''
    assert r'\x1b[31m: no interrupted run' in done.stdout


def test_arguments_are_quoted_harmlessly(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(['info', 'x', '--sp\x1b[2Jeed'])
    assert caught.value.code == 2
    assert r'--sp\x1b[2Jeed' in capsys.readouterr().err
