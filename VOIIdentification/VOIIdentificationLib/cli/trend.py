"""The command ``voi-identification trend``: years of scans in one log."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.errors import InputFileError
from ..core.sentence import sentence_of
from .terminal import as_lines, complain

EXIT_PROBLEM = 1
"""Some results could not be added."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    parser.add_argument('log', metavar='LOG.sqlite', type=Path, help='the log; add makes it')
    actions = parser.add_subparsers(title='actions', required=True, metavar='ACTION')
    for name, action, text in (
        ('add', _declare_add, 'add analyses: each is there whole or not at all, and never twice'),
        ('show', _declare_show, 'write a page of control charts'),
        ('export', _declare_export, 'write every value as CSV'),
        ('edit', _declare_edit, 'change an entry; the history keeps what was'),
        ('check', _declare_check, 'say whether the log is sound'),
    ):
        one = actions.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.')
        one.set_defaults(action=name)
        action(one)


def _declare_add(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('results', metavar='RESULTS', type=Path, nargs='+', help='a results.json, or its folder')
    for name in ('scanner', 'reconstruction', 'fill'):
        add(f'--{name}', default='', metavar='TEXT', help=f'the {name}, where the results lack it')
    add('--date', default='', metavar='DATE', help='when it was scanned, where they lack it')
    add(
        '--replace',
        default='',
        metavar='REASON',
        help='why these values replace those of the same scan; the old ones are kept',
    )


def _declare_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--output', metavar='PAGE.html', type=Path, required=True)
    parser.add_argument('--quantity', default='', metavar='KEY', help='only this, e.g. rc_max')
    parser.add_argument('--sphere', default='', metavar='LABEL', help='only this, e.g. S10')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier page')


def _declare_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('output', metavar='FILE.csv', type=Path)
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier file')


def _declare_edit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('entry', metavar='ENTRY', type=int, help='its number, as page and export show it')
    what = parser.add_mutually_exclusive_group(required=True)
    for state, name in (('excluded', 'exclude'), ('current', 'include')):
        what.add_argument(
            f'--{name}', dest='state', action='store_const', const=state, help=f'{name} in charts'
        )
    for name in ('scanner', 'reconstruction', 'fill', 'note'):
        what.add_argument(f'--{name}', metavar='TEXT')
    what.add_argument('--date', dest='scanned_at', metavar='DATE')
    add('--reason', required=True, metavar='TEXT', help='kept in the history')


def _declare_check(_parser: argparse.ArgumentParser) -> None:
    """It needs no more than the log."""


def run(args: argparse.Namespace) -> int:
    """
    Add to a log, or show, export, edit or check it.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status: 1 if some of several results could not be added or the log
        is damaged, which is said; other problems are raised as `PhantomError`.
    """
    actions = {'add': _add, 'show': _show, 'export': _export, 'edit': _edit, 'check': _check}
    return actions[args.action](args)


def _add(args: argparse.Namespace) -> int:
    """One bad file does not stop the others."""
    added = [_add_one(args, path) for path in args.results]
    return 0 if all(added) else EXIT_PROBLEM


def _add_one(args: argparse.Namespace, path: Path) -> bool:
    from ..many.stored import read_results
    from ..many.trend_log import Said, add_entry

    said = Said(args.scanner, args.reconstruction, args.fill, args.date)
    try:
        outcome = add_entry(args.log, read_results(path), said, replace_reason=args.replace)
    except InputFileError as error:
        complain(sentence_of(error))
        return False
    sys.stdout.write(as_lines([f'{outcome}: {path}']))
    sys.stdout.flush()
    return True


def _show(args: argparse.Namespace) -> int:
    from ..files.target import require_free, require_other, write_text
    from ..many.trend_page import trend_page

    require_free(args.output, '.html', overwrite=args.overwrite)
    require_other(args.output, [args.log])
    write_text(args.output, trend_page(args.log, quantity=args.quantity, label=args.sphere))
    sys.stdout.write(as_lines([f'Page: {args.output}']))
    return 0


def _export(args: argparse.Namespace) -> int:
    from ..files.target import require_free, require_other, write_text
    from ..many.page import csv_text
    from ..many.trend_charts import exported_rows

    require_free(args.output, '.csv', overwrite=args.overwrite)
    require_other(args.output, [args.log])
    write_text(args.output, csv_text(exported_rows(args.log)))
    sys.stdout.write(as_lines([f'Values: {args.output}']))
    return 0


def _edit(args: argparse.Namespace) -> int:
    from ..many.trend_log import edit_entry
    from ..many.trend_schema import EDITABLE

    field = next(name for name in EDITABLE if getattr(args, name) is not None)
    edit_entry(args.log, args.entry, field, getattr(args, field), args.reason)
    sys.stdout.write(as_lines([f'Entry {args.entry}: {field} is now {getattr(args, field)}']))
    return 0


def _check(args: argparse.Namespace) -> int:
    from ..many.trend_log import integrity_problems

    problems = integrity_problems(args.log)
    sys.stdout.write(as_lines(problems or ['The log is sound.']))
    return EXIT_PROBLEM if problems else 0
