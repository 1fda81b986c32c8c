"""What a measurement is asked: one frozen request."""

from dataclasses import replace

import pytest
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.core.phantom import Seed, load_phantom

pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.session import Request

REQUEST = Request(
    (Seed('S37', (1.0, 2.0, 3.0)), Seed('BG02', (0.0, 0.0, 0.0))),
    load_phantom('NEMA IEC body'),
    rois=(Seed('BG01', (7.0, 0.0, 0.0)), Seed('BG02', (8.0, 0.0, 0.0))),
)


def test_a_seed_goes_before_a_roi_of_its_label():
    assert REQUEST.points == (*REQUEST.seeds, REQUEST.rois[0])


def test_requests_are_the_same_if_all_that_counts_is():
    assert REQUEST.same_as(replace(REQUEST, known=Known()))
    assert not REQUEST.same_as(replace(REQUEST, known=Known(notes=('half a worksheet',))))
    assert not REQUEST.same_as(replace(REQUEST, seeds=REQUEST.seeds[:1]))
    assert not REQUEST.same_as(replace(REQUEST, rois=()))
