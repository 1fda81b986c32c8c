"""What the panel says of a uniform cylinder, now and in a later session."""

from dataclasses import replace

import pytest
from made_cylinder import TRUE_BQML, cylinder_result

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402


@pytest.fixture
def said(module):
    """The texts, which the application translates."""
    from VOIIdentificationLib.panel import cylinder

    return cylinder


def test_the_line_reads_mean_suv_noise_and_slices(said):
    found = cylinder_result().cylinder
    of, axial = found.voi.statistics, found.uniformity.axial
    assert said.cylinder_text(found, 'Bq/mL') == (
        f'Cylinder of {2 * found.shape.radius_mm:.1f} mm: mean {of.mean:.6g} Bq/mL, '
        f'SUV {found.suv_mean:.3f}, COV {100 * of.voxel_cov:.1f} %, '
        f'slices {axial.low_percent:+.1f} to {axial.high_percent:+.1f} %.'
    )


def test_what_is_not_known_is_not_said(said):
    found = cylinder_result().cylinder
    axial = found.uniformity.axial._replace(low_percent=None, high_percent=None)
    bare = replace(
        found,
        suv_mean=None,
        uniformity=found.uniformity._replace(axial=axial),
        voi=replace(found.voi, statistics=replace(found.voi.statistics, voxel_cov=None)),
    )
    text = said.cylinder_text(bare, 'Bq/mL')
    assert text.endswith(f'mean {found.voi.statistics.mean:.6g} Bq/mL.')
    assert not {'SUV', 'COV', 'slices'} & set(text.split())


def test_the_bias_follows_the_verdict(said):
    found = cylinder_result().cylinder
    percent = 100 * (found.voi.statistics.mean / TRUE_BQML - 1)
    assert f'Bias {percent:+.2f} %; accepted ± ' in said.bias_text(found)
    doubtful = replace(found, bias=replace(found.bias, sd_percent=0.456))
    assert f'Bias {percent:+.2f} ± 0.46 %; accepted ± ' in said.bias_text(doubtful)
    unknown = replace(found, bias=replace(found.bias, percent=None))
    assert 'Bias' not in said.bias_text(unknown)


def test_a_later_session_shows_the_lines_of_the_table(scene, said):
    result = cylinder_result()
    volume = volume_node_from_image(result.image, 'PET', scene=scene)
    publish(result, volume)

    first, *lines = said.shown_cylinder(find_outputs(volume))

    assert 'press Apply' in first
    read = dict(line.split(': ', 1) for line in lines)
    assert {'Mean', 'COV', 'SUV mean', 'Bias', 'SD of bias'} == set(read)
    mean = float(read['Mean'].split()[0])
    assert mean == pytest.approx(result.cylinder.voi.statistics.mean, rel=1e-4)
    assert said.shown_cylinder(replace(find_outputs(volume), tables={})) == ()


def test_the_lines_are_found_in_a_table_of_this_and_of_another_language(scene, said, monkeypatch):
    from VOIIdentificationLib.mrml import said as language

    monkeypatch.setattr(language, 'translate', lambda _context, text: f'«{text}»')
    result = cylinder_result()
    volume = volume_node_from_image(result.image, 'PET', scene=scene)
    publish(result, volume)

    lines = said.shown_cylinder(find_outputs(volume))[1:]
    assert [line.split(':')[0] for line in lines] == [
        *('«Bias»', '«SD of bias»', '«Mean»', '«COV»', '«SUV mean»')
    ]

    monkeypatch.setattr(language, 'translate', lambda _context, text: f'<{text}>')
    rows = find_outputs(volume).tables['cylinder'].GetNumberOfRows()
    assert len(said.shown_cylinder(find_outputs(volume))[1:]) == rows > len(lines)
