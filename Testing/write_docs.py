"""
Write what the documentation takes from the code.

The dictionary of columns in docs/outputs.md, from the tables of results that
hold everything, docs/results.schema.json, from the same results as
``results.json`` shows them, and the schemas of the files that people write,
from the dataclasses that they become. Run it after a change of tables or keys;
Testing/Python/report/test_docs.py fails until then.
"""

import json
import sys
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

TESTING = Path(__file__).resolve().parent
DOCS = TESTING.parent / 'docs'
OUTPUTS, SCHEMA = DOCS / 'outputs.md', DOCS / 'results.schema.json'
BEGIN = '<!-- columns: written by Testing/write_docs.py -->'
END = '<!-- end of columns -->'

NEVER_NULL = {
    'schema',
    'software',
    'input',
    'scan',
    'settings',
    'label',
    'flags',
    'notes',
    'spheres',
}
"""Keys that always have a value; every other one is null where there is none."""

NULL_OR_BOOLEAN = ('passed',)
"""Other keys of yes or no always have a value; this one is null where nothing was judged."""

NAMES_OF_USERS = ('deviations_mm',)
"""Their keys are labels of inserts, which a phantom chooses: any may be there."""

WHOLE = ('count', 'iterations', 'subsets', 'slice_k', 'slices_k', 'shape_ijk')
"""Ends of the keys of whole numbers."""


def sample_results():
    """Results that together hold every table and every key."""
    sys.path[:0] = [str(TESTING.parent / 'VOIIdentification'), str(TESTING / 'Python')]
    from made_cylinder import cylinder_result
    from made_quality import judged_result, quality_result, with_given_centers
    from made_results import made_result

    shared = with_given_centers(quality_result())
    known = judged_result(), quality_result(known=False)
    return *known, made_result(), cylinder_result(), shared


def dictionary(results):
    """One table of Markdown for each table of the results: key, title, unit, meaning."""
    from VOIIdentificationLib.report.formats import result_tables

    found = {}
    for result in results:
        for table in result_tables(result):
            columns = found.setdefault(table.key, (table.title, {}))[1]
            for column in table.columns:
                columns.setdefault(column.key, column)
    return '\n\n'.join(markdown(key, *of) for key, of in found.items())


def markdown(key, title, columns):
    """One table."""
    rows = [
        f'| `{column.key}` | {column.title} | {column.unit} | {column.description} |'
        for column in columns.values()
    ]
    head = [f'**{title}** (`{key}`)', '', '| key | column | unit | meaning |', '|---|---|---|---|']
    return '\n'.join(line.replace('\n', ' ') for line in [*head, *rows])


def with_dictionary(text, words):
    """The page with the dictionary between its marks."""
    before, _, rest = text.partition(BEGIN)
    if END not in rest:
        sys.exit(f'{OUTPUTS} lacks the marks {BEGIN} and {END}')
    return f'{before}{BEGIN}\n\n{words}\n\n{END}{rest.partition(END)[2]}'


def schema(results):
    """JSON Schema (draft 2020-12) that every ``results.json`` satisfies."""
    from VOIIdentificationLib.report.formats import RESULTS_SCHEMA, results_json

    shape = merged([described(results_json(result)) for result in results])
    shape['properties']['schema'] = {'const': RESULTS_SCHEMA}
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': 'results.json of VOI Identification',
        'description': 'Keys stay as they are; new ones may be added. null: there is no value.',
        **shape,
    }


def described(value, key=''):
    """The schema of one value: objects by their keys, lists by what they hold."""
    if isinstance(value, dict) and key in NAMES_OF_USERS:
        inner = merged([described(part, 'value') for part in value.values()])
        shape = {'type': 'object', 'additionalProperties': inner}
    elif isinstance(value, dict):
        properties = {name: described(part, name) for name, part in value.items()}
        shape = {'type': 'object', 'properties': properties, 'required': sorted(properties)}
    elif isinstance(value, list):
        shape = {'type': 'array', 'items': merged([described(part, key) for part in value])}
    elif isinstance(value, bool):
        return {'type': ['boolean', 'null'] if key in NULL_OR_BOOLEAN else 'boolean'}
    elif isinstance(value, (int, float)):
        shape = {'type': 'integer' if key.endswith(WHOLE) else 'number'}
    else:
        shape = {} if value is None else {'type': 'string'}
    if shape and key and key not in NEVER_NULL:
        shape['type'] = [shape['type'], 'null']
    return shape


def merged(shapes):
    """One schema for several samples of a value; keys that one of them lacks are optional."""
    known = [shape for shape in shapes if shape]
    if not known:
        return {}
    whole = dict(known[0])
    if any('properties' in shape for shape in known):
        parts = [shape for shape in known if 'properties' in shape]
        names = sorted({name for part in parts for name in part['properties']})
        whole = dict(parts[0])
        whole['properties'] = {
            name: merged([p['properties'][name] for p in parts if name in p['properties']])
            for name in names
        }
        required = set.intersection(*(set(part['required']) for part in parts))
        whole['required'] = sorted(required)
    if any('items' in shape for shape in known):
        whole['items'] = merged([shape['items'] for shape in known if 'items' in shape])
    return whole


def written_files():
    """Schema of each kind of file that people write, by the name of its file in docs."""
    sys.path[:0] = [str(TESTING.parent / 'VOIIdentification')]
    from VOIIdentificationLib.activity.worksheet import FillWorksheet
    from VOIIdentificationLib.activity.worksheet_json import ACTIVITY_SCHEMA
    from VOIIdentificationLib.core.phantom import PHANTOM_SCHEMA, Phantom
    from VOIIdentificationLib.core.settings import Settings
    from VOIIdentificationLib.evaluate.limits import LIMITS_SCHEMA, Limits

    kinds = {
        'phantom': (Phantom, PHANTOM_SCHEMA),
        'activity': (FillWorksheet, ACTIVITY_SCHEMA),
        'settings': (Settings, ''),
        'limits': (Limits, LIMITS_SCHEMA),
    }
    return {f'{name}.schema.json': written_schema(name, *kind) for name, kind in kinds.items()}


def written_schema(name, kind, named):
    """What a file of one kind may hold; limits of numbers are in docs/json.md and in messages."""
    shape = of_dataclass(kind)
    if named:
        shape['properties'] = {'schema': {'const': named}, **shape['properties']}
        shape['required'] = ['schema', *shape['required']]
    if name == 'activity':  # the header of the scan may say it
        shape['required'].remove('scan_start')
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': f'{name} file of VOI Identification',
        **shape,
    }


def of_dataclass(kind):
    """An object with the fields of a dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    needed = [
        field.name
        for field in fields(kind)
        if field.default is MISSING
        and field.default_factory is MISSING
        and NoneType not in get_args(hints[field.name])
    ]
    return {
        'type': 'object',
        'properties': {field.name: of_hint(hints[field.name]) for field in fields(kind)},
        'required': needed,
        'additionalProperties': False,
    }


def of_hint(hint):
    """What a field may hold."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return of_hint(arguments[0])
    if origin in (Union, UnionType):
        return {'anyOf': [of_hint(one) for one in arguments if one is not NoneType]
                + [{'type': 'null'}]}  # fmt: skip
    if origin is Literal:
        return {'enum': list(arguments)}
    if origin is tuple:
        return {'type': 'array', 'items': of_hint(arguments[0])}
    if is_dataclass(hint):
        return of_dataclass(hint)
    return {'type': {float: 'number', bool: 'boolean', dict: 'object'}.get(hint, 'string')}


def write_json(path, data):
    """A file of JSON that people can read."""
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def main():
    """Write all."""
    for name, shape in written_files().items():
        write_json(DOCS / name, shape)
    results = sample_results()
    text = OUTPUTS.read_text(encoding='utf-8')
    OUTPUTS.write_text(with_dictionary(text, dictionary(results)), encoding='utf-8')
    write_json(SCHEMA, schema(results))


if __name__ == '__main__':
    main()
