"""Random damage: bytes, elements of a header, JSON trees, tables."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

NASTY_TEXTS = (
    *('', ' ', '0', '-1', '1e308', 'nan', 'inf', '-inf', '1e-320', '9' * 400, '\\', '\\' * 3),
    *('\0', '\x1b[31m', 'true', 'null', '20260230', '20260301', '250000', '235960'),
    *('101500.1234567', '+0100', '[]', 'BQML', '\xe9', '1,5', '1.5.2', '0x10', '\u0661\u0662'),
    *('\u202e', 'a' * 5000),
)
NASTY_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**400, 1e308, -1e308, 1e-320, float('nan'), float('inf')),
    *([], {}, [[]], '', 'nan', 'S37', '\x1b[2J', '\ud800', [None], {'a': {}}, [1, 2, 3, 4]),
    *('LPS', '2026-03-01', '9' * 5000),
)
NASTY_BYTES = (
    *(b'\0', b'\xff', b'\xff' * 4, b'\0' * 4, b'\\', b'"', b'\n', b',', b'[', b'1e999'),
    *(b'\xef\xbb\xbf', b'\x9b'),
)


def damaged_bytes(data: bytes, rng: random.Random, upto: int | None = None) -> bytes:
    """A few of: bits flipped, bytes replaced, cut out, doubled, or the end lost."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        end = min(upto or len(out), len(out))
        if end < 1:
            break
        _damage(out, rng.randrange(end), rng)
    return bytes(out)


def _damage(out: bytearray, at: int, rng: random.Random) -> None:
    length = rng.choice((1, 2, 4, 8, 16))
    kind = rng.randrange(6)
    if kind == 0:
        out[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        out[at] = rng.randrange(256)
    elif kind == 2:
        out[at : at + length] = rng.choice(NASTY_BYTES)
    elif kind == 3:
        del out[at : at + length]
    elif kind == 4:
        out[at:at] = out[at : at + length]
    elif rng.random() < 0.2:
        del out[at:]
    else:
        out[at] = (out[at] + rng.choice((-1, 1))) % 256


def damaged_json(data: Any, rng: random.Random) -> str:
    """A tree with something else in some of its places, or its text damaged."""
    tree = copy.deepcopy(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        tree = _in_place(tree, rng)
    try:
        text = json.dumps(tree)
    except (ValueError, RecursionError):
        text = json.dumps(data)
    if rng.random() < 0.3:
        return damaged_bytes(text.encode('utf-8', 'surrogatepass'), rng).decode('latin-1')
    return text


def _in_place(tree: Any, rng: random.Random) -> Any:
    places = list(_places(tree))
    if not places:
        return copy.deepcopy(rng.choice(NASTY_VALUES))
    holder, key = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[rng.choice(NASTY_TEXTS)] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(rng.choice(NASTY_VALUES))
    return tree


def _places(tree: Any) -> Any:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def damaged_table(text: str, rng: random.Random) -> bytes:
    """A table with other cells, other separators, or damaged bytes."""
    rows = [line.split(',') for line in text.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.choice(rows)
        kind = rng.randrange(4)
        if kind == 0 and row:
            row[rng.randrange(len(row))] = rng.choice(NASTY_TEXTS)
        elif kind == 1 and row:
            row.pop(rng.randrange(len(row)))
        elif kind == 2:
            row.append(rng.choice(NASTY_TEXTS))
        else:
            rows.insert(rng.randrange(len(rows) + 1), list(row))
    separator = rng.choice((',', ',', ';', '\t', ', '))
    data = '\n'.join(separator.join(row) for row in rows).encode('utf-8', 'surrogatepass')
    return damaged_bytes(data, rng) if rng.random() < 0.4 else data
