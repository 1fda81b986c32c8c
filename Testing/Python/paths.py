"""Where tests find the project, and the data that is not part of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / 'VOIIdentification'
LIBRARY = MODULE / 'VOIIdentificationLib'
SHARED = ROOT.parent / 'shared'
"""Absent on most machines: tests that use it skip, saying so."""
