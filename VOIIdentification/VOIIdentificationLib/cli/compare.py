"""The command ``voi-identification compare``: several results over each other."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.errors import InputFileError
from .terminal import as_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    add = parser.add_argument
    add('results', metavar='RESULTS', type=Path, nargs='*', help='a results.json, or its folder')
    add('--output', metavar='DIR', type=Path, required=True, help='folder for workbook and page')
    add(
        '--reference',
        metavar='NAME|PATH',
        default='',
        help='a result or group that the others are compared with (default: the first)',
    )
    add(
        '--replicates',
        metavar='RESULTS',
        type=Path,
        nargs='+',
        action='append',
        default=[],
        help='results that are averaged although their headers do not say that they may be; '
        'can be given several times',
    )
    add('--overwrite', action='store_true', help='replace an earlier comparison in DIR')


def run(args: argparse.Namespace) -> int:
    """
    Compare results and write workbook and page.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..many.comparison import PAGE, WORKBOOK, check_target, compare, write_comparison
    from ..many.groups import find_group, form_groups
    from ..many.stored import read_results

    check_target(args.output, overwrite=args.overwrite)
    if len(args.results) + sum(map(len, args.replicates)) < 2:
        msg = 'a comparison needs at least two results'
        raise InputFileError(msg)
    said = [[read_results(path) for path in part] for part in args.replicates]
    groups = form_groups([read_results(path) for path in args.results], said)
    comparison = compare(groups, find_group(groups, args.reference))
    write_comparison(comparison, args.output, overwrite=args.overwrite)
    lines = [f'{group.name}: {group.reason}' for group in groups]
    lines += [f'Reference: {comparison.reference.name}']
    lines += [f'Written: {args.output / name}' for name in (PAGE, WORKBOOK)]
    sys.stdout.write(as_lines(lines))
    return 0
