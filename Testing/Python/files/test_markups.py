"""
Point lists in files.

Slicer's own formats hold LPS: a point at R 1, A 2, S 3 mm is written -1, -2, 3.
"""

import json

import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.files.markups import MAX_POINTS, read_seeds, write_markups

TWO_SEEDS = (Seed('S37', (1.0, 2.0, 3.0)), Seed('S28', (-4.5, 0.0, 6.25)))

FCSV = """# Markups fiducial file version = 5.0
# CoordinateSystem = LPS
# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID
1,-1.0,-2.0,3.0,0,0,0,1,1,1,0,S37,,,2,0
2,4.5,0.0,6.25,0,0,0,1,1,1,0,S28,,,2,0
"""


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding='utf-8')
    return path


def markups_json(points, system='LPS'):
    return json.dumps({'markups': [{'coordinateSystem': system, 'controlPoints': points}]})


def test_points_survive_writing_and_reading(tmp_path):
    path = tmp_path / 'seeds.mrk.json'
    write_markups(path, TWO_SEEDS, name='Seeds')
    assert read_seeds(path) == TWO_SEEDS


def test_a_written_file_is_lps_as_slicer_writes_it(tmp_path):
    path = tmp_path / 'seeds.mrk.json'

    write_markups(path, TWO_SEEDS, name='Seeds')

    markup = json.loads(path.read_text())['markups'][0]
    assert markup['coordinateSystem'] == 'LPS'
    assert markup['controlPoints'][0]['position'] == [-1.0, -2.0, 3.0]
    assert markup['controlPoints'][1]['label'] == 'S28'


def test_a_ras_markups_file_is_not_flipped(tmp_path):
    text = markups_json([{'label': 'S37', 'position': [1, 2, 3]}], system='RAS')
    assert read_seeds(write(tmp_path, 'a.mrk.json', text)) == TWO_SEEDS[:1]


def test_points_without_a_position_are_left_out(tmp_path):
    points = [
        {'label': 'S37', 'position': [-1, -2, 3], 'positionStatus': 'defined'},
        {'label': 'S28', 'position': None, 'positionStatus': 'undefined'},
        {'label': 'S22', 'position': [0, 0, 0], 'positionStatus': 'preview'},
    ]
    assert read_seeds(write(tmp_path, 'a.mrk.json', markups_json(points))) == TWO_SEEDS[:1]


@pytest.mark.parametrize('system', ['LPS', '1'])
def test_fcsv_in_lps(tmp_path, system):
    text = FCSV.replace('= LPS', f'= {system}')
    assert read_seeds(write(tmp_path, 'a.fcsv', text)) == TWO_SEEDS


def test_an_old_fcsv_in_ras_is_not_flipped(tmp_path):
    text = FCSV.replace('= LPS', '= 0')
    assert read_seeds(write(tmp_path, 'a.fcsv', text))[0].position_ras_mm == (-1.0, -2.0, 3.0)


@pytest.mark.parametrize(
    'header',
    [
        'label,x_ras,y_ras,z_ras',
        'label,r,a,s',
        'Label, R, A, S',
        '# coordinates: RAS\nlabel,x,y,z',
        'label,x (RAS),y (RAS),z (RAS)',
        'label,x_ras_mm,y_ras_mm,z_ras_mm',
    ],
)
def test_csv_in_ras(tmp_path, header):
    text = f'{header}\nS37,1,2,3\nS28,-4.5,0,6.25\n'
    assert read_seeds(write(tmp_path, 'a.csv', text)) == TWO_SEEDS


@pytest.mark.parametrize('header', ['label,x_lps,y_lps,z_lps', 'label,l,p,s', '# LPS\nlabel,x,y,z'])
def test_csv_in_lps(tmp_path, header):
    text = f'\ufeff{header}\r\nS37,-1,-2,3\r\n"S28",4.5,0,6.25\r\n\r\n'
    assert read_seeds(write(tmp_path, 'a.csv', text)) == TWO_SEEDS


@pytest.mark.parametrize(
    ('name', 'text', 'words'),
    [
        ('a.csv', 'label,x,y,z\nS37,1,2,3\n', 'must say whether positions are RAS or LPS'),
        ('a.csv', '# RAS or LPS?\nlabel,x,y,z\nS37,1,2,3\n', 'must say whether'),
        ('a.csv', 'x_ras,y_ras,z_ras\n1,2,3\n', 'the header must be label,x,y,z'),
        ('a.csv', 'label,r,a,s\nS37,1,2\n', "'S37' has no usable position: ['1', '2']"),
        ('a.csv', 'label,r,a,s\nS37,1,two,3\n', 'no usable position'),
        ('a.csv', 'label,r,a,s\nS37,1,nan,3\n', 'no usable position'),
        ('a.csv', 'label,r,a,s\n', 'holds no point with a position'),
        ('a.csv', '', 'must say whether'),
        ('a.fcsv', '1,2,3\n', 'has no line "# columns'),
        ('a.fcsv', FCSV.replace('= LPS', '= IJK'), "unknown coordinate system ''"),
        ('a.mrk.json', '{', 'is not JSON'),
        ('a.mrk.json', '[' * 100_000, 'is nested too deep'),
        ('a.mrk.json', markups_json([{'label': 'S', 'position': '123'}]), 'no usable position'),
        ('a.mrk.json', markups_json([{'position': [10**400, 2, 3]}]), 'no usable position'),
        ('a.csv', 'label,r,a,s\n"S37' + 'x' * 200_000, 'is not a table'),
        ('a.mrk.json', '{"markups": 3}', 'is not a Slicer markups file'),
        ('a.mrk.json', '[]', 'is not a Slicer markups file'),
        ('a.mrk.json', markups_json([]), 'holds no point'),
        ('a.mrk.json', markups_json([{'label': 'S', 'position': [1, 2]}]), 'no usable position'),
        (
            'a.mrk.json',
            markups_json([{'label': 'S', 'position': [1, 2, 3]}], system='IJK'),
            "unknown coordinate system 'IJK'",
        ),
        ('a.txt', '', 'its name must end in .mrk.json, .fcsv or .csv'),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, name, text, words):
    with pytest.raises(InputFileError) as caught:
        read_seeds(write(tmp_path, name, text))
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputFileError, match=r'gone\.csv cannot be read'):
        read_seeds(tmp_path / 'gone.csv')


@pytest.mark.parametrize(
    'text',
    [
        'label,diameter_mm,x_ras,y_ras,z_ras\nS37,37,1,2,3\nS28,28,-4.5,0,6.25\n',
        'number,label,r,a,s\n1,S37,1,2,3\n2,S28,-4.5,0,6.25\n',
        'label,z_ras,y_ras,x_ras\nS37,3,2,1\nS28,6.25,0,-4.5\n',
        'label,S,A,R\nS37,3,2,1\nS28,6.25,0,-4.5\n',
        'label,zLPS,yLPS,xLPS,comment\nS37,3,-2,-1,ok\nS28,6.25,0,4.5,"L, P"\n',
        'label,x,y,z,RAS,sd\nS37,1,2,3,,9\nS28,-4.5,0,6.25,,9\n',
    ],
)
def test_csv_columns_are_told_by_name_whatever_their_order_and_company(tmp_path, text):
    assert read_seeds(write(tmp_path, 'a.csv', text)) == TWO_SEEDS


@pytest.mark.parametrize(
    'text',
    [
        'label;x_ras;y_ras;z_ras\nS37;1;2;3\nS28;-4.5;0;6.25\n',
        'label;x_ras;y_ras;z_ras\nS37;1,0;2,0;3,0\nS28;-4,5;0;6,25\n',
        'label\tx_ras\ty_ras\tz_ras\nS37\t1\t2\t3\nS28\t-4.5\t0\t6.25\n',
    ],
)
def test_csv_as_excel_writes_it_elsewhere(tmp_path, text):
    assert read_seeds(write(tmp_path, 'a.csv', text)) == TWO_SEEDS


@pytest.mark.parametrize('head', ['label,id,a_ras,b_ras,c_ras', 'label,x,y,z,x,RAS'])
def test_csv_whose_columns_are_open_is_refused(tmp_path, head):
    with pytest.raises(InputFileError, match='the header must be label,x,y,z'):
        read_seeds(write(tmp_path, 'a.csv', f'{head}\nS37,1,2,3,4,5\n'))


def test_a_label_cannot_bring_control_characters_into_a_file(tmp_path):
    path = tmp_path / 'a.mrk.json'
    write_markups(path, [Seed('S37\x1b[2J\x9b', (1.0, 2.0, 3.0))], name='Seeds\x00')

    (point,) = read_seeds(path)
    assert point.label == r'S37\x1b[2J\x9b'
    assert r'Seeds\\x00' in path.read_text()


def test_a_table_of_something_else_is_no_list_of_seeds(tmp_path):
    rows = ''.join(f'P{n},{n},0,0\n' for n in range(MAX_POINTS + 1))
    with pytest.raises(InputFileError, match=f'holds {MAX_POINTS + 1} points, more than the'):
        read_seeds(write(tmp_path, 'a.csv', f'label,r,a,s\n{rows}'))


def test_csv_columns_without_a_name_are_taken_in_their_order(tmp_path):
    """The label may stand anywhere; the system is said in a comment."""
    text = '# LPS\nu,label,v,w\n-1,S37,-2,3\n4.5,S28,0,6.25\n'
    assert read_seeds(write(tmp_path, 'a.csv', text)) == TWO_SEEDS
