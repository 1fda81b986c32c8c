"""Figures of the real scan that docs/metrics.md quotes are those that the product gives."""

import re

import pytest
from paths import ROOT, SHARED
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.dicom.read import read_pet_series

SCAN = SHARED / 'data' / 'pet_recon_1'
SENTENCE = re.compile(
    r'The background found here by itself is ([\d.]+) \(60 ROIs\).*?lung residual ([\d.]+) %, '
    r'image roughness ([\d.]+) %, N_37 ([\d.]+) %, N_10 ([\d.]+) %'
)


@pytest.mark.skipif(not SCAN.is_dir(), reason='the real scan is not here')
def test_the_real_scan_gives_what_the_document_says():
    text = (ROOT / 'docs' / 'metrics.md').read_text(encoding='utf-8')
    (quoted,) = SENTENCE.findall(text)
    nema = analyze(read_pet_series(SCAN), (), load_phantom('NEMA IEC body')).nema
    largest, smallest = nema.background[0], nema.background[-1]
    assert (largest.diameter_mm, smallest.diameter_mm) == (37.0, 10.0)
    given = (
        largest.mean,
        nema.lung.mean_error_percent,
        largest.image_roughness_percent,
        largest.variability_percent,
        smallest.variability_percent,
    )
    for said, value in zip(quoted, given, strict=True):
        assert f'{value:.{len(said.partition(".")[2])}f}' == said
