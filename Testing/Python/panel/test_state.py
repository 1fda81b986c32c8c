"""What the panel shows as a pure function: situations in, texts and buttons out."""

import re
import sys
from dataclasses import fields, replace
from datetime import datetime
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from made_cylinder import cylinder_result
from made_quality import quality_result, with_sphere
from made_results import made_result
from paths import MODULE
from shown_words import words
from stand_in_classes import classes
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import Acquisition
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.dicom.source import VolumeSource
from VOIIdentificationLib.dicom.verify import Agreement, Verification
from VOIIdentificationLib.suv.scan_facts import ScanFacts

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR, api_class, load_ui  # noqa: E402 - needs slicer

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.mrml.measured import Measured
    from VOIIdentificationLib.mrml.session import Request
    from VOIIdentificationLib.panel.findings import Group, Line, as_html, name_of_link
    from VOIIdentificationLib.panel.situation import Choices, Scene, VolumeFacts
    from VOIIdentificationLib.panel.state import (
        PROPERTIES,
        WIDGETS,
        Look,
        PanelState,
        apply,
        panel_state,
    )
    from VOIIdentificationLib.panel.ways_out import way_out

UI_FILE = MODULE / 'Resources' / 'UI' / 'VOIIdentification.ui'
CLASSES = {
    widget.get('name'): api_class(widget.get('class'))
    for widget in ElementTree.parse(UI_FILE).iter('widget')
}
PHANTOM = load_phantom('NEMA IEC body')
SEEDS = tuple(
    Seed(insert.label, (10.0 * n, 0.0, 0.0)) for n, insert in enumerate(PHANTOM.used_inserts)
)
REQUEST = Request(SEEDS, PHANTOM)
GEOMETRY = VolumeGeometry((26, 54, 60), np.diag([4.5, 4.5, 5.0, 1.0]))
SAME = Verification(Agreement.SAME, 'The voxels are those of the DICOM files.')
INVERTED = Verification(Agreement.INVERTED, 'The image is upside down.')
DICOM = VolumeFacts(
    VolumeSource(verification=SAME),
    GEOMETRY,
    'Bq/mL',
    Acquisition(
        series_instance_uid='1.2.3',
        series_description='PET',
        series_datetime='2026-03-01T10:15:00',
        acquisition_datetime='2026-03-01T10:15:00',
    ),
    scan=ScanFacts(notes=('From the header.',)),
    suv_refusals={'bw': '', 'lbm': 'no height'},
)
NOON = datetime(2026, 3, 1, 12)
KNOWN = Known(worksheet=FillWorksheet(Fill(20.0, NOON, 1000.0), Fill(40.0, NOON, 8000.0), NOON))
PLACED = Scene(DICOM, placed_seeds=6)


def measured(request=REQUEST, result=None):
    return Measured(result or made_result(), request)


def with_volume(**changes):
    return replace(PLACED, volume=replace(DICOM, **changes))


def asked(**changes):
    return Choices(replace(REQUEST, **changes))


SITUATIONS = {
    'nothing at all': (
        (asked(seeds=()), Scene(), None),
        {
            'input_summary.text': 'no volume selected',
            'verification_row.visible': False,
            'reload.visible': False,
            'seed_count.text': '0 of 6',
            'place_seeds.enabled': False,
            'place_background.enabled': False,
            'apply.enabled': False,
            'apply.tool_tip': 'Select a PET volume.',
            'make_suv.enabled': False,
            'make_suv.tool_tip': 'Select a PET volume.',
            'activity.text': 'Activity unknown: recovery is relative, without a verdict.',
            'save_activity.enabled': False,
            'standards.text': 'judged after Apply',
            'rois.text': 'placed by Apply',
            'place_rois_again.enabled': False,
            'results.html': '<p>Nothing measured yet.</p>',
            'missing.plain': 'Select a PET volume.',
            'missing.visible': True,
            'show_table.enabled': False,
            'table.enabled': False,
            'chart.enabled': False,
            'export.enabled': False,
            'export.tool_tip': 'Measure first: press Apply.',
            'open_folder.enabled': False,
            'open_report.visible': False,
        },
    ),
    'a volume from DICOM, no seeds yet': (
        (asked(seeds=()), Scene(DICOM, next_seed='S37'), None),
        {
            'input_summary.text': 'PET, 2026-03-01 10:15:00\n'
            '60 x 54 x 26 voxels of 4.500 x 4.500 x 5.000 mm\nValues in Bq/mL',
            'verification.text': SAME.text,
            'verification_row.visible': True,
            'reload.visible': False,
            'phantom.tool_tip': f'{PHANTOM.name}\n{PHANTOM.source}',
            'seed_count.text': '0 of 6; next S37',
            'place_seeds.enabled': True,
            'background_count.text': '0 placed',
            'place_background.enabled': True,
            'apply.enabled': True,
            'apply.tool_tip': 'Find the spheres without seeds and measure them.',
            'make_suv.enabled': True,
            'suv.visible': False,
        },
    ),
    'all seeds placed': (
        (asked(), PLACED, None),
        {
            'seed_count.text': '6 of 6',
            'place_seeds.enabled': False,
            'apply.enabled': True,
            'apply.tool_tip': 'Find the centers from the seeds and measure the inserts.',
        },
    ),
    'some seeds and background points': (
        (asked(), Scene(DICOM, placed_seeds=4, next_seed='S13', background_points=2), None),
        {'seed_count.text': '4 of 6; next S13', 'background_count.text': '2 placed'},
    ),
    'a volume without a header and a unit': (
        (asked(), with_volume(unit='unknown', acquisition=Acquisition()), None),
        {
            'input_summary.text': '60 x 54 x 26 voxels of 4.500 x 4.500 x 5.000 mm\n'
            'Missing: the unit of the values, the DICOM header'
        },
    ),
    'a header without a time': (
        (asked(), with_volume(acquisition=Acquisition(series_instance_uid='1')), None),
        {
            'input_summary.text': '60 x 54 x 26 voxels of 4.500 x 4.500 x 5.000 mm\n'
            'Values in Bq/mL\nMissing: the time of the scan'
        },
    ),
    'voxels that are not those of the files': (
        (asked(), with_volume(source=VolumeSource(verification=INVERTED)), None),
        {'verification.text': INVERTED.text, 'reload.visible': True, 'apply.enabled': True},
    ),
    'a volume without voxels': (
        (asked(seeds=()), Scene(VolumeFacts(problem='it holds no voxels')), None),
        {
            'input_summary.text': 'it holds no voxels',
            'apply.enabled': False,
            'apply.tool_tip': 'it holds no voxels',
        },
    ),
    'a transform that bends': (
        (asked(), replace(PLACED, problem='it is not linear'), None),
        {'apply.enabled': False, 'apply.tool_tip': 'it is not linear'},
    ),
    'two seeds of one name': (
        (asked(seeds=(*SEEDS, SEEDS[0])), PLACED, None),
        {
            'apply.enabled': False,
            'apply.tool_tip': '2 seeds are labeled S37; keep one of them.',
        },
    ),
    'while it measures': (
        (asked(), replace(PLACED, measuring=True), None),
        {'apply.enabled': False},
    ),
    'a worksheet': (
        (asked(known=KNOWN), PLACED, None),
        {
            'activity.text': 'a_H 20.00 kBq/mL ± 3.0 %, a_B 5.00 kBq/mL ± 3.0 %, '
            'ratio 4.000 ± 0.7 % at 2026-03-01 12:00:00',
            'save_activity.enabled': True,
        },
    ),
    'half a worksheet': (
        (asked(known=Known(notes=('The volume is missing',))), PLACED, None),
        {'activity.text': 'The volume is missing', 'save_activity.enabled': False},
    ),
    'an SUV type that the header cannot give': (
        (Choices(REQUEST, 'lbm'), PLACED, None),
        {
            'make_suv.enabled': False,
            'make_suv.tool_tip': 'no height',
            'suv.text': 'no height',
            'suv.visible': True,
        },
    ),
    'an SUV volume was made': (
        (asked(), with_volume(suv_made=('bw', 'Scan SUVbw', 'by weight')), None),
        {
            'suv.text': 'Scan SUVbw was made; its decisions are in this tool tip.',
            'suv.tool_tip': 'by weight',
            'suv.visible': True,
            'make_suv.enabled': True,
        },
    ),
    'an SUV volume of another type was made': (
        (asked(), with_volume(suv_made=('bsa', 'Scan SUVbsa', 'by surface')), None),
        {'suv.visible': False},
    ),
    'a fresh result': (
        (asked(), replace(PLACED, has_outputs=True), measured()),
        {
            'show_table.enabled': True,
            'table.enabled': True,
            'chart.enabled': True,
            'missing.plain': '',
            'missing.visible': False,
            'export.enabled': True,
            'export.tool_tip': 'Write workbooks, pictures and all numbers into a folder.',
        },
    ),
    'a result without its nodes': (
        (asked(), PLACED, measured()),
        {'show_table.enabled': False, 'export.enabled': True},
    ),
    'ROIs where the rule put them': (
        (asked(), replace(PLACED, has_rois=True, rois=12), None),
        {'rois.text': '12, placed by the rule', 'place_rois_again.enabled': False},
    ),
    'ROIs that were moved': (
        (asked(), replace(PLACED, has_rois=True, rois=12, moved_rois=2), None),
        {'rois.text': '12, of which 2 yours', 'place_rois_again.enabled': True},
    ),
    'ROIs that were all deleted': (
        (asked(), replace(PLACED, has_rois=True), None),
        {'rois.text': 'placed by Apply', 'place_rois_again.enabled': True},
    ),
    'an export': (
        (asked(), replace(PLACED, has_folder=True, has_report=True), None),
        {'open_folder.enabled': True, 'open_report.visible': True},
    ),
}


TITLES = [
    *('Verdict', 'Measured'),
    *('Doubts: spheres', 'Doubts: background', 'Doubts: header and voxels'),
]


def said(chosen, measured_):
    """The list of results, as a user reads it."""
    return words(panel_state(chosen, PLACED, measured_).results.html)


def shown(state, name):
    part, what = name.split('.')
    return getattr(getattr(state, part), what)


@pytest.mark.parametrize('situation', SITUATIONS)
def test_what_is_shown(situation):
    values, expected = SITUATIONS[situation]

    state = panel_state(*values)

    assert {name: shown(state, name) for name in expected} == expected


def test_the_scan_start_says_where_it_is_from():
    tip = panel_state(asked(), PLACED, None).scan_start.tool_tip

    assert tip.startswith('When the scan started')
    assert tip.splitlines()[-1] == 'From the header.'


def test_decisions_of_the_worksheet_are_in_its_tool_tip():
    tip = panel_state(asked(known=KNOWN), PLACED, None).activity.tool_tip

    assert len(tip.splitlines()) > 1
    assert 'F-18' in tip


def test_what_contradicts_the_worksheet_is_said_before_apply():
    late = replace(KNOWN.worksheet, scan_start=datetime(2026, 3, 1, 11, 30))
    scene = with_volume(scan=ScanFacts(isotope='Ga-68'))

    lines = panel_state(asked(known=Known(worksheet=late)), scene, None).activity.text.splitlines()

    assert lines[0].startswith('a_H')
    assert lines[1].startswith('The hot fill was assayed at 2026-03-01 12:00, after the scan')
    assert lines[-1] == 'The worksheet says F-18, the header of the scan Ga-68.'


CHANGES = {
    'a seed': {'seeds': (replace(SEEDS[0], position_ras_mm=(0.0, 0.0, 1.0)), *SEEDS[1:])},
    'the phantom': {'phantom': replace(PHANTOM, name='other')},
    'a setting': {'settings': Settings(counting='hard')},
    'a ROI': {'rois': (Seed('BG01', (1.0, 2.0, 3.0)),)},
    'the worksheet': {'known': KNOWN},
    'half a worksheet': {'known': Known(notes=('not used',))},
}


@pytest.mark.parametrize('what', CHANGES)
def test_a_change_of_what_the_result_depends_on_is_said(what):
    fresh = said(asked(), measured())
    stale = said(asked(**CHANGES[what]), measured())
    back = said(asked(**CHANGES[what]), measured(replace(REQUEST, **CHANGES[what])))

    assert stale == f'Something was changed since: press Apply again.\n{fresh}'
    assert back == fresh


def test_a_worksheet_that_says_the_same_changes_nothing():
    """Each look at the text makes another object."""
    again = Known(worksheet=replace(KNOWN.worksheet))

    text = said(asked(known=again), measured(replace(REQUEST, known=KNOWN)))
    assert 'changed' not in text


def test_the_verdict_comes_first_then_what_was_measured_then_the_doubts():
    result = quality_result()
    lines = said(asked(), measured(result=result)).splitlines()
    titles = [line for line in lines if line in TITLES]

    assert titles[:2] == ['Verdict', 'Measured']
    assert titles == [one for one in TITLES if one in titles]
    assert lines[1].startswith('EARL')
    assert lines[lines.index('Measured') + 1] == '6 inserts measured in Bq/mL.'


def test_every_doubt_is_said_once_with_the_names_of_the_spheres():
    result = made_result()
    flagged = [voi for voi in result.spheres if voi.flags]
    lines = said(asked(), measured(result=result)).splitlines()

    assert f'{len(result.spheres)} inserts measured in Bq/mL.' in lines
    assert flagged
    for flag in {flag for voi in flagged for flag in voi.flags}:
        names = ', '.join(voi.label for voi in flagged if flag in voi.flags)
        assert sum(line.startswith(f'{names}: {flag.text}') for line in lines) == 1
    assert set(result.notes) <= set(lines)


def test_a_sphere_that_is_doubted_twice_is_named_once():
    """By its VOI and by its contrast."""
    flags = (Flag.FEW_VOXELS,)
    result = with_sphere(quality_result(), 2, flags=flags)
    spheres = [replace(voi, flags=flags if n == 2 else ()) for n, voi in enumerate(result.spheres)]
    result = replace(result, spheres=tuple(spheres))
    lines = said(asked(), measured(result=result)).splitlines()

    line = f'{result.spheres[2].label}: {Flag.FEW_VOXELS.text}. Reconstruct on a finer grid.'
    assert line in lines


def test_doubts_are_grouped_by_what_they_are_about():
    result = quality_result()
    placement = result.nema.placement
    rois = (replace(placement.rois[0], flags=(Flag.ROI_NEAR_EDGE,)), *placement.rois[1:])
    result = replace(
        result,
        flags=(Flag.VOXELS_DIFFER,),
        nema=replace(result.nema, placement=replace(placement, rois=rois)),
    )
    lines = said(asked(), measured(result=result)).splitlines()

    background = lines[lines.index('Doubts: background') + 1 :]
    assert any(line.startswith(f'{rois[0].name}: {Flag.ROI_NEAR_EDGE.text}') for line in background)
    header = lines[lines.index('Doubts: header and voxels') + 1 :]
    sentence = Flag.VOXELS_DIFFER.text
    assert f'{sentence[0].upper()}{sentence[1:]}.' in header


def test_a_contradiction_is_said_once_with_the_verdict():
    texts = ('the hot fill is cold.', 'the image is empty.')
    notes = ('Found without seeds.', *(f'Contradiction: {text}' for text in texts))
    result = replace(made_result(), contradictions=texts, notes=notes)
    lines = said(asked(), measured(result=result)).splitlines()

    assert [line for line in lines if 'Contradiction' in line] == list(notes[1:])
    assert lines.index(notes[1]) < lines.index('Measured') < lines.index(notes[0])


def test_a_result_without_doubts_says_so():
    result = replace(made_result(), flags=(), notes=())
    result = replace(result, spheres=tuple(replace(v, flags=()) for v in result.spheres))
    result = replace(result, background=(), nema=None, recovery=None, suv=None)

    assert 'Nothing is doubted.' in said(asked(), measured(result=result))


def test_an_unknown_unit_is_a_sentence():
    result = made_result()
    result = replace(result, image=replace(result.image, unit='unknown'))

    text = said(asked(), measured(result=result))
    assert 'inserts measured; the unit of the values is not known.' in text
    assert 'measured in unknown' not in text


@pytest.mark.parametrize('flag', Flag)
def test_every_doubt_has_its_way_out(flag):
    says_itself = re.search(r': (check|move|reload)|; check', flag.text)

    assert bool(says_itself) != bool(way_out(flag)), flag


def test_names_of_people_cannot_be_rich_text():
    html = as_html([Group('<b>', (Line('<u>a</u>', ('<i>S10</i>',)), Line('<u>b</u>')))])

    assert words(html) == '<b>\n<i>S10</i>: <u>a</u>\n<u>b</u>'
    assert '<i>' not in html
    assert '<u>' not in html


@pytest.mark.parametrize(
    ('name', 'link', 'told'),
    [
        ('S37', 'S37', 'S37'),
        ('S:13', 'S%3A13', 'S%3A13'),
        ('50%', '50%25', '50%25'),
        ('a%41', 'a%2541', 'a%2541'),
        ('"q"', '%22q%22', '%22q%22'),
        ('37/28 ä', '37%2F28%20%C3%A4', '37%2F28 ä'),
    ],
)
def test_a_link_leads_to_its_name_whatever_that_is(name, link, told):
    """What a QTextBrowser of Qt 6.12 tells of a click: without quotes s:13, 50%25, aA, %22q%22."""
    html = as_html([Group('', (Line('off', (name,)),))])

    assert f'<a href="{link}">' in html
    assert name_of_link(told) == name


def test_the_verdicts_are_counted_by_standard_and_quantity():
    result = quality_result()
    text = panel_state(asked(), PLACED, measured(result=result)).standards.text

    lines = dict(line.split(': ', 1) for line in text.splitlines())
    verdicts = [one for sphere in result.recovery.spheres for one in sphere.verdicts]
    assert set(lines) == {one.standard for one in verdicts}
    for standard, line in lines.items():
        ones = [o for o in verdicts if o.standard == standard and o.quantity == 'rc_max']
        passed = sum(one.passed for one in ones)
        assert f'RCmax {passed} of {len(ones)} within' in line


def test_without_an_activity_there_is_no_verdict():
    result = quality_result(known=False)

    text = panel_state(asked(), PLACED, measured(result=result)).standards.text
    assert text.startswith('no verdict: the activity is unknown')


# How it is applied


def empty_state(**looks):
    return PanelState(**{one.name: Look() for one in fields(PanelState)} | looks)


class Widget:
    """Notes what is set."""

    def __init__(self):
        self.__dict__['set_'] = {}

    def __setattr__(self, name, value):
        self.set_[name] = value


def widgets():
    return SimpleNamespace(**{name: Widget() for name in WIDGETS.values()})


def test_only_what_the_state_says_is_touched():
    ui = widgets()

    apply(empty_state(apply=Look(tool_tip='why', enabled=False), suv=Look('', visible=True)), ui)

    touched = {name: widget.set_ for name, widget in vars(ui).items() if widget.set_}
    assert touched == {
        'applyButton': {'toolTip': 'why', 'enabled': False},
        'suvLabel': {'text': '', 'visible': True},
    }


def test_what_is_shown_already_is_not_set_again():
    """A text that is set anew jumps to its beginning."""
    state = panel_state(asked(), PLACED, measured())
    later = panel_state(asked(), replace(PLACED, has_folder=True), measured())
    ui = widgets()

    apply(later, ui, state)

    touched = {name: widget.set_ for name, widget in vars(ui).items() if widget.set_}
    assert touched == {'openFolderButton': {'enabled': True}}


def test_a_whole_state_is_applied_as_it_is():
    ui, state = widgets(), panel_state(*SITUATIONS['a volume from DICOM, no seeds yet'][0])

    apply(state, ui)

    for part, name in WIDGETS.items():
        look = {PROPERTIES[k]: v for k, v in vars(getattr(state, part)).items() if v is not None}
        assert look, f'{part} shows nothing'
        assert getattr(ui, name).set_ == look


def test_every_part_has_a_widget_of_its_own():
    assert set(WIDGETS) == {one.name for one in fields(PanelState)}
    assert len(set(WIDGETS.values())) == len(WIDGETS)
    assert set(PROPERTIES) == {one.name for one in fields(Look)}


@pytest.mark.parametrize('part', WIDGETS)
def test_the_application_lists_what_is_set(part):
    states = [panel_state(*values) for values, _expected in SITUATIONS.values()]
    used = {key for s in states for key, v in vars(getattr(s, part)).items() if v is not None}

    assert {PROPERTIES[key] for key in used} <= set(CLASSES[WIDGETS[part]].properties)


def test_the_same_values_give_the_same_state_and_leave_nothing_behind():
    values, _expected = SITUATIONS['a worksheet']

    assert panel_state(*values) == panel_state(*values)


def test_the_state_fits_the_panel_of_the_application(monkeypatch):
    """Stand-ins raise for a property that the application does not list."""
    for name, made in classes().items():
        if name.startswith('slicer.'):
            monkeypatch.setattr(slicer, name.split('.')[1], made, raising=False)
    panel = load_ui(UI_FILE)
    for values, _expected in SITUATIONS.values():
        apply(panel_state(*values), SimpleNamespace(**panel.children_))

    assert panel.children_['openReportButton'].visible


def test_a_uniform_cylinder_needs_no_seeds():
    chosen = asked(seeds=(), phantom=load_phantom('uniform cylinder'))

    state = panel_state(chosen, replace(PLACED, placed_seeds=0), None)

    assert state.seed_count.text == 'none needed'
    assert (state.place_seeds.enabled, state.apply.enabled) == (False, True)
    assert state.apply.tool_tip == 'Find the cylinder and measure it.'


def test_the_bias_of_a_cylinder_is_said_with_its_verdict():
    result = cylinder_result()
    chosen = asked(seeds=(), phantom=result.phantom)

    text = said(chosen, measured(chosen.request, result))

    bias = result.cylinder.bias.percent
    assert f'EARL calibration: pass. Bias {bias:+.2f} %; accepted ± 10 %.' in text
    assert 'Cylinder of 150.' in text
    assert 'SUV 0.99' in text or 'SUV 1.00' in text
