"""``python -m VOIIdentificationLib``: the command line."""

from .cli.main import program

program()
