"""
Nothing is sent anywhere and nobody is asked: no command connects a socket or looks up a name.

Where the package requests is installed, pydicom imports it, and its urllib3 binds a socket of this
machine to learn whether there is IPv6; that reaches nobody.
"""

import subprocess
import sys

import pytest
from bad_input.made_series import series
from bad_input.made_study import study
from paths import MODULE

pytest.importorskip('SimpleITK')

GRID = ['--shape', '20', '20', '20', '--voxel', '12', '12', '12', '--cov', '0']

WATCHED = """
import os, sys
sys.path.insert(0, {module!r})
watched = {{
    'socket.connect', 'socket.getaddrinfo', 'socket.gethostbyname', 'socket.sendto',
    'socket.sendmsg', 'urllib.Request', 'http.client.connect', 'ftplib.connect', 'smtplib.connect',
}}
opened = []
def hook(event, args):
    if event in watched:
        opened.append(event)
sys.addaudithook(hook)
{before}
from VOIIdentificationLib.cli.main import main
status = main({arguments!r})
print('opened', opened)
sys.exit(status)
"""


def watched(arguments, before=''):
    """A run of the program in a process that tells of every socket."""
    script = WATCHED.format(module=str(MODULE), arguments=arguments, before=before)
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize('command', ['info', 'suv', 'analyze', 'make-phantom'])
def test_no_socket_is_connected(command, tmp_path):
    arguments = {
        'info': ['info', str(series()(tmp_path))],
        'suv': ['suv', str(series()(tmp_path)), '--output', str(tmp_path / 'suv.nrrd')],
        'analyze': ['analyze', str(study() / 'dicom'), '--output', str(tmp_path / 'out')],
        'make-phantom': ['make-phantom', str(tmp_path / 'new'), *GRID],
    }[command]

    assert watched(arguments) == 'opened []'


def test_the_watch_sees_a_socket(tmp_path):
    before = 'import socket; socket.getaddrinfo("127.0.0.1", 1)'
    assert watched(['info', str(series()(tmp_path))], before) == "opened ['socket.getaddrinfo']"
