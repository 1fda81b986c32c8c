"""What `analyze` writes for other systems: DICOM objects, and files of QC systems."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import InputFileError, OutputError

if TYPE_CHECKING:
    from ..dicom.read import PETStack
    from ..dicom.segmentation import SegmentationKind
    from ..report.dicom_out import DicomOptions
    from ..results import AnalysisResult

QA_SYSTEMS = ('quaac', 'qatrack', 'wadqc')
"""The keys of `QA_FORMATS`, known without loading what writes them."""


def add_outward_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare what is written for other systems.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command that analyzes one series.
    """
    group = parser.add_argument_group('for other systems')
    group.add_argument(
        '--dicom-seg',
        nargs='?',
        const='fractional',
        choices=('fractional', 'binary'),
        help='also write the VOIs as a DICOM Segmentation, with the part of each voxel inside, '
        'or as whole voxels (binary)',
    )
    group.add_argument(
        '--dicom-sr',
        action='store_true',
        help='also write a DICOM Structured Report, with the segmentation that it refers to',
    )
    group.add_argument(
        '--export',
        nargs=2,
        action=_Export,
        default=[],
        metavar=('|'.join(QA_SYSTEMS), 'FILE'),
        help="also write FILE for a hospital's QC system; may be given several times",
    )


class _Export(argparse.Action):
    """System and file, several of them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[str] | None,
        _option: str | None = None,
    ) -> None:
        system, file = values or ('', '')
        if system not in QA_SYSTEMS or not file:
            known = ', '.join(QA_SYSTEMS)
            parser.error(f'argument --export: takes one of {known} and a file, got {system!r}')
        pairs = [*getattr(namespace, self.dest), (system, Path(file))]
        setattr(namespace, self.dest, pairs)


def outward_options(args: argparse.Namespace, stack: PETStack | None) -> DicomOptions | None:
    """
    Check what is asked for before any work is done.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_outward_arguments` declares them, with ``output`` and ``overwrite``.

    stack : PETStack or None
        The series; None if INPUT is not DICOM.

    Returns
    -------
    options : DicomOptions or None
        None without DICOM objects.

    Raises
    ------
    PhantomError
        If something that is asked for cannot be written.
    """
    from ..dicom.derived import require_highdicom, source_datasets
    from ..report.dicom_out import DicomOptions

    _check_files([path for _, path in args.export], args.output, overwrite=args.overwrite)
    _spare_inputs(args, stack)
    if not (args.dicom_seg or args.dicom_sr):
        return None
    require_highdicom()
    if stack is None:
        msg = (
            '--dicom-seg and --dicom-sr need a DICOM series as INPUT: '
            'they take patient, study and frame of reference from it.'
        )
        raise InputFileError(msg)
    kind: SegmentationKind = args.dicom_seg or 'fractional'
    return DicomOptions(source_datasets(stack.slices), kind, report=args.dicom_sr)


def _check_files(paths: Sequence[Path], results: Path, *, overwrite: bool) -> None:
    """Refuse files that something else is in the place of, or will be."""
    from ..files.target import real_path
    from ..report.export import IMAGE_FOLDER, RESULT_FILES

    pictures = real_path(results / IMAGE_FOLDER)
    taken = {real_path(results / name) for name in RESULT_FILES}
    for path in paths:
        if path.is_dir():
            msg = f'{path} is a folder: name a file for --export.'
            raise OutputError(msg)
        if real_path(path) in taken or real_path(path).parent == pictures:
            msg = f'{path} is written already by this run: name another file for --export.'
            raise OutputError(msg)
        if path.exists() and not overwrite:
            msg = f'{path} is there already. Choose another file, or allow --overwrite.'
            raise OutputError(msg)
        taken.add(real_path(path))


def _spare_inputs(args: argparse.Namespace, stack: PETStack | None) -> None:
    """Nothing that is read is written over; points and worksheet may come from earlier results."""
    from ..files.target import require_other
    from ..many.stored import RESULTS_NAME
    from ..report.export import RESULT_FILES

    given = [args.input, args.seeds, args.settings, args.activity, args.baseline, args.centers]
    given += [args.phantom, *args.limits]
    inputs = [Path(one) for one in given if one]
    inputs += [path / RESULTS_NAME for path in inputs if path.is_dir()]
    inputs += [one.file.path for one in stack.slices] if stack is not None else []
    for _, path in args.export:
        require_other(path, inputs)
    if args.input.is_file():
        for name in RESULT_FILES:
            require_other(args.output / name, [args.input])


def write_exports(args: argparse.Namespace, result: AnalysisResult) -> None:
    """
    Write the files of QC systems.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_outward_arguments` declares them.

    result : AnalysisResult
        What was found.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from ..files.target import write_text
    from ..report.qa_exports import qa_text

    for system, path in args.export:
        write_text(path, qa_text(result, system))
