"""Plots of the page: places read back to values by the numbers at the axes."""

import numpy as np
import pytest
from made_quality import quality_result
from VOIIdentificationLib.core.phantom import insert_colors
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.page.chart import charts, hex_color, nice_step


@pytest.fixture(scope='module')
def drawn():
    result = quality_result()
    tables = {table.key: table for table in result_tables(result)}
    return {chart.key: chart for chart in charts(result, tables)}


def value_at(ticks, place):
    """What a reader reads off the axis: between the first and the last number."""
    first, last = ticks[0], ticks[-1]
    low, high = (float(tick.text.replace(',', '')) for tick in (first, last))
    return low + (place - first.place) / (last.place - first.place) * (high - low)


def corners(text):
    return np.array([[float(x) for x in pair.split(',')] for pair in text.split()])


def test_points_stand_where_the_axes_say(drawn):
    chart = drawn['contrast']

    for sphere, point in zip(quality_result().nema.spheres, chart.series[0].points, strict=True):
        assert value_at(chart.x_ticks, point.x) == pytest.approx(sphere.diameter_mm, abs=0.1)
        assert value_at(chart.y_ticks, point.y) == pytest.approx(sphere.contrast_percent, abs=0.3)


def test_error_bars_reach_one_standard_uncertainty(drawn):
    chart = drawn['recovery_peak']

    for sphere, point in zip(
        quality_result().recovery.spheres, chart.series[0].points, strict=True
    ):
        sd = sphere.rc_peak * sphere.sd_percent / 100
        low, high = (value_at(chart.y_ticks, place) for place in (point.low, point.high))
        assert [low, high] == pytest.approx([sphere.rc_peak - sd, sphere.rc_peak + sd], abs=2e-3)


def test_bands_are_the_limits(drawn):
    chart = drawn['recovery_max']
    limits = {
        (v.standard, s.diameter_mm): (v.low, v.high)
        for s in quality_result().recovery.spheres
        for v in s.verdicts
        if v.quantity == 'rc_max'
    }

    assert [band.name for band in chart.bands] == ['EARL 1', 'EARL 2 (indicative)']
    for band in chart.bands:
        places = corners(band.area)
        lower, upper = places[:6], places[:5:-1]
        for low, high in zip(lower, upper, strict=True):
            diameter = round(value_at(chart.x_ticks, low[0]))
            expected = limits[band.name[:6], diameter]
            found = [value_at(chart.y_ticks, place[1]) for place in (low, high)]
            assert found == pytest.approx(expected, abs=5e-3)


def test_a_standard_has_one_color_in_all_plots(drawn):
    """The peak has limits of the second standard alone."""
    both, peak = drawn['recovery_max'].bands, drawn['recovery_peak'].bands

    assert [band.name for band in peak] == ['EARL 2 (indicative)']
    assert peak[0].color == both[1].color != both[0].color


def test_points_have_the_colors_of_the_segments(drawn):
    colors = insert_colors(quality_result().phantom)

    points = drawn['mean'].series[1].points

    assert [p.color for p in points] == [
        hex_color(colors[s.label]) for s in quality_result().spheres
    ]


def test_everything_stays_within_the_axes(drawn):
    for chart in drawn.values():
        for series in chart.series:
            for point in series.points:
                places = [point.y, *(p for p in (point.low, point.high) if p is not None)]
                assert all(chart.top <= place <= chart.bottom for place in places)
                assert chart.left < point.x < chart.right
        for band in chart.bands:
            assert corners(band.area)[:, 1].min() >= chart.top


def test_a_plot_says_its_values_in_words(drawn):
    sphere = quality_result().recovery.spheres[0]

    assert f'{sphere.rc_max:.3f} at 37.0 mm' in drawn['recovery_max'].alt


def test_what_is_not_known_is_not_plotted():
    result = quality_result(known=False)
    keys = [c.key for c in charts(result, {t.key: t for t in result_tables(result)})]

    assert 'contrast' not in keys
    assert 'recovery_max' not in keys
    assert 'relative_recovery' in keys


@pytest.mark.parametrize('least', [1e-9, 0.03, 0.2, 1.0, 7.3, 4e5])
def test_a_step_is_round_and_not_too_small(least):
    step = nice_step(least)

    assert least * (1 - 1e-6) <= step <= 2.5 * least
    assert round(step / 10.0 ** np.floor(np.log10(step) + 1e-9)) in (1, 2, 5)


def test_larger_values_stand_higher_and_larger_spheres_to_the_right(drawn):
    small, *_rest, large = sorted(drawn['contrast'].series[0].points, key=lambda point: point.x)

    assert (small.text.partition(' ')[0], large.text.partition(' ')[0]) == ('10.0', '37.0')
    assert large.y < small.y
