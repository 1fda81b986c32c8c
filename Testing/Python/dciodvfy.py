"""Judge of DICOM files that is not this project's: dciodvfy of David Clunie's dicom3tools."""

import shutil
import subprocess

import pytest

PROGRAM = shutil.which('dciodvfy')


def complaints(path):
    """
    The errors, and the warnings of deprecated codes, that dciodvfy has about a file.

    Skips the test where the program is not installed (Debian: dicom3tools).
    """
    if PROGRAM is None:
        pytest.skip('needs dciodvfy (Debian: apt-get install dicom3tools)')
    run = subprocess.run([PROGRAM, str(path)], capture_output=True, text=True, check=False)
    said = (run.stdout + run.stderr).splitlines()
    return [line for line in said if line.startswith('Error') or 'deprecated' in line]
