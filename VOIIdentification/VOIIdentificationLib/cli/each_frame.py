"""``voi-identification analyze --each-frame``: every time or gate of INPUT, and repeatability."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from ..core.errors import InputFileError, Progress, part_of
from ..core.phantom import load_phantom
from .arguments import in_said_unit
from .terminal import as_lines

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..many.each_frame import Frame, FrameOptions
    from ..many.repeatability import Repeatability

_SHOWN = ('rc_max', 'rc_mean', 'rc_peak', 'contrast_percent', 'variability_percent', 'max')
"""Quantities of the table on the terminal; the files have all."""


def run_each_frame(args: argparse.Namespace, progress: Progress) -> int:
    """
    Measure every frame and say how far values repeat.

    Parameters
    ----------
    args : `argparse.Namespace`
        Of ``analyze``.

    progress : callable
        Told how far it is.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..many.each_frame import measure_each_frame

    _require_alone(args)
    frames = _frames(args, part_of(progress, 0.0, 0.1))
    found = measure_each_frame(frames, args.output, _options(args), part_of(progress, 0.1, 1.0))
    progress(1.0, 'done')
    if not args.quiet:
        sys.stdout.write(as_lines(_lines(found, frames, args)))
    return 0


def _require_alone(args: argparse.Namespace) -> None:
    """What makes no sense for several results, or is not offered for them."""
    names = (
        *('frame', 'centers', 'export', 'dicom_seg', 'dicom_sr', 'calibration'),
        *('limits', 'baseline', 'fail_on'),
    )
    given = [name for name in names if getattr(args, name, None)]
    if given:
        option = given[0].replace('_', '-')
        msg = f'--each-frame cannot go with --{option}; measure single frames with --frame.'
        raise InputFileError(msg)


def _options(args: argparse.Namespace) -> FrameOptions:
    from ..files.markups import read_seeds
    from ..many.each_frame import FrameOptions
    from ..report.export import PageOptions
    from .analyze import settings_of

    return FrameOptions(
        phantom=load_phantom(args.phantom),
        settings=settings_of(args),
        seeds=tuple(read_seeds(args.seeds)) if args.seeds else (),
        page=PageOptions(identify=args.identify, pdf=args.pdf),
        overwrite=args.overwrite,
    )


def _frames(args: argparse.Namespace, progress: Progress) -> list[Frame]:
    from ..dicom.facts import acquisition_facts
    from ..dicom.read import image_of_stack, stacks_of_frames
    from ..files.nifti import nifti_frame_count
    from ..files.volume import is_volume_file
    from ..many.each_frame import Frame
    from .analyze import known_of

    if is_volume_file(args.input):
        count = nifti_frame_count(args.input) if '.nii' in args.input.name.lower() else 1
        return [
            Frame(
                partial(_volume, args, n),
                partial(known_of, args, None, frame=n),
                f'volume {n} of {args.input.name}',
            )
            for n in range(1, count + 1)
        ]
    stacks = stacks_of_frames(args.input, args.series, progress)
    return [
        Frame(
            partial(image_of_stack, stack),
            partial(known_of, args, stack),
            next(iter(stack.notes), ''),
            acquisition_facts(stack.slices).frame_duration_s,
        )
        for stack in stacks
    ]


def _volume(args: argparse.Namespace, number: int) -> PETImage:
    from ..files.volume import read_volume

    return in_said_unit(read_volume(args.input, frame=number), args.unit)


def _lines(
    found: tuple[Repeatability, ...], frames: list[Frame], args: argparse.Namespace
) -> list[str]:
    from ..evaluate.quantities import QUANTITY_OF

    rows = [
        f'{QUANTITY_OF[one.quantity].title:20} {one.label:6} {len(one.known):3} {one.mean:12.5g} '
        f'{one.sd or 0.0:11.3g} {one.cov_percent or 0.0:8.2f}'
        for one in found
        if one.quantity in _SHOWN and one.sd is not None
    ]
    head = f'{"":20} {"":6} {"n":>3} {"mean":>12} {"SD":>11} {"COV [%]":>8}'
    return [head, *rows, f'{len(frames)} frames. Results: {args.output}']
