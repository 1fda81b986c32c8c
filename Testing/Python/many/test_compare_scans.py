"""Comparison of real analyses: the headers say which scans repeat each other."""

import pydicom
import pytest
from VOIIdentificationLib.cli.main import main
from VOIIdentificationLib.cli.make_phantom import make_phantom_study
from VOIIdentificationLib.many.differences import group_values
from VOIIdentificationLib.many.groups import form_groups
from VOIIdentificationLib.many.stored import read_results
from VOIIdentificationLib.synthetic.scene import Noise, SyntheticPhantom, grid

SCANS = {
    'first': (1, 'OSEM 4i5s', '101500'),
    'again': (2, 'OSEM 4i5s', '111500'),
    'sharp': (3, 'PSF+TOF 4i5s', '101500'),
    'copy': (4, 'OSEM 4i5s', '101500'),
}
"""Noise, reconstruction and time: ``copy`` is another image of the first acquisition."""


@pytest.fixture(scope='module')
def stored(tmp_path_factory):
    root = tmp_path_factory.mktemp('scans')
    for name, (seed, method, time) in SCANS.items():
        scene = SyntheticPhantom(
            grid((72, 66, 34), (4.1, 4.3, 3.9)), noise=Noise(0.1), random_seed=seed
        )
        make_phantom_study(root / name, scene)
        for path in (root / name / 'dicom').iterdir():
            ds = pydicom.dcmread(path)
            ds.DeviceSerialNumber, ds.ReconstructionMethod = '4711', method
            ds.AcquisitionTime = ds.SeriesTime = time
            ds.save_as(path)
        command = ['analyze', str(root / name / 'dicom'), '--output', str(root / 'out' / name)]
        assert main([*command, '--true-hot', '20000', '--true-background', '5000']) == 0
    return {name: read_results(root / 'out' / name) for name in SCANS}


def test_what_the_header_says_of_the_scan_is_all_known(stored):
    for name, one in stored.items():
        assert one.signature.missing == ()
        assert 'serial number 4711' in one.signature.scanner
        assert SCANS[name][1] in one.signature.reconstruction


def test_replicates_are_averaged_and_another_reconstruction_is_not(stored):
    groups = form_groups([stored[name] for name in ('first', 'again', 'sharp')])
    members = {frozenset(one.name for one in group.members) for group in groups}
    assert members == {frozenset({'first', 'again'}), frozenset({'sharp'})}

    pair = next(group for group in groups if len(group.members) == 2)
    value = next(
        v for k, v in group_values(pair).items() if (k.quantity, k.label) == ('max', 'S37')
    )
    own = [
        next(v.value for v in stored[n].measured if (v.quantity, v.label) == ('max', 'S37'))
        for n in ('first', 'again')
    ]
    assert value.mean == pytest.approx(sum(own) / 2)
    assert value.sd == pytest.approx(abs(own[0] - own[1]) / 2**0.5)


def test_two_images_of_one_acquisition_are_never_averaged(stored):
    groups = form_groups([stored['first'], stored['copy']])
    assert [len(group.members) for group in groups] == [1, 1]
