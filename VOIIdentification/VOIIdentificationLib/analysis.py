"""From an image and seeds to everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from .activity.worksheet import FillWorksheet, TrueActivity, true_activity
from .core.errors import PhantomError, Progress, no_progress, part_of
from .core.flags import BESIDE_SPHERES, DOUBTED_LABELS, Flag
from .core.image import CONCENTRATION_UNIT, UNKNOWN_UNIT, PETImage
from .core.phantom import Phantom, Seed, UniformCylinder
from .core.sentence import joined, sentence_of, sentences
from .core.settings import Settings
from .evaluate.background import PooledBackground, pooled_background
from .evaluate.background_vois import checked_background, left_out, undoubted
from .evaluate.calibration import Calibration, calibration
from .evaluate.damage import Damage, image_damage, slice_contradictions
from .evaluate.editions import DEFAULT_EDITION, filling_contradictions
from .evaluate.limits import shipped_limits
from .evaluate.nema import NEMAResult, nema_quality
from .evaluate.noise_figures import NoiseFigures, noise_figures
from .evaluate.plausibility import (
    Measured,
    cold_by_design,
    header_contradictions,
    image_contradictions,
    worksheet_contradictions,
)
from .evaluate.recovery import RecoveryResult, core_mean, measured_level, recovery, true_level
from .evaluate.roi_placement import place_background
from .evaluate.uniform_cylinder import evaluate_cylinder, measure_cylinder
from .locate.check import require_measurable
from .locate.inserts import Located, locate_inserts
from .locate.ring import ring_inserts
from .locate.shared import SharedGeometry
from .locate.uniform_cylinder import find_cylinder
from .measure.voi import VOIResult, flag_overlaps, measure_voi
from .measure.voi_mask import Sphere
from .results import AnalysisResult
from .suv.scale import SUVScale
from .suv.scan_facts import ScanFacts

_ = sentences(__name__)


@dataclass(frozen=True, eq=False)
class Known:
    """
    What is known besides the image.

    Attributes
    ----------
    worksheet : FillWorksheet or None
        How the phantom was filled; gives `activity` if that is not given.

    activity : TrueActivity or None
        The true concentrations at the image's reference time.

    suv : SUVScale or None
        How the values become SUV, as the header says.

    scan : ScanFacts or None
        What the header says of isotope and times; the worksheet is held against it.

    centers : SharedGeometry or None
        Where the inserts are, from another image; what this one shows is compared.

    notes : tuple of str
        Why something is not known, for the user.

    doubt : str
        Why nothing of the image may be judged, e.g. that its voxels are not
        those of the files; empty if nothing is known against it.
    """

    worksheet: FillWorksheet | None = None
    activity: TrueActivity | None = None
    suv: SUVScale | None = None
    scan: ScanFacts | None = None
    centers: SharedGeometry | None = None
    notes: tuple[str, ...] = ()
    doubt: str = ''

    @property
    def truth(self) -> TrueActivity | None:
        """The true concentrations: as given, or as the worksheet has them."""
        if self.activity is None and self.worksheet is not None:
            return true_activity(self.worksheet)
        return self.activity


class Standards(NamedTuple):
    """
    What was evaluated after measuring. None where it could not be.

    Attributes
    ----------
    nema : NEMAResult or None
        Image quality after NEMA NU 2.

    recovery : RecoveryResult or None
        Recovery coefficients.

    pooled_background : PooledBackground or None
        The background VOIs as one.

    background : tuple of VOIResult
        The background VOIs, flagged where they lie elsewhere.

    contradictions : tuple of str
        Where worksheet, header and image contradict each other: no verdict.

    doubt : str
        Why nothing may be judged; empty if nothing is known against it.

    noise : NoiseFigures or None
        Noise of the background under other names than N.

    calibration : Calibration or None
        The measured background over the true one.

    notes : tuple of str
        Why something is missing.
    """

    nema: NEMAResult | None = None
    recovery: RecoveryResult | None = None
    pooled_background: PooledBackground | None = None
    background: tuple[VOIResult, ...] = ()
    contradictions: tuple[str, ...] = ()
    doubt: str = ''
    noise: NoiseFigures | None = None
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()


def analyze(
    image: PETImage,
    seeds: Sequence[Seed],
    phantom: Phantom,
    settings: Settings | None = None,
    progress: Progress = no_progress,
    *,
    known: Known | None = None,
) -> AnalysisResult:
    """
    Find and measure the inserts of a phantom.

    Parameters
    ----------
    image : PETImage
        The scan of the phantom.

    seeds : sequence of Seed
        One near the center of each insert, labeled as the insert, or without
        labels in any order; two or three are enough for a ring of spheres, and
        none if it is to be found. Seeds that carry the label of the phantom's
        background are measured where they are; those labeled ``BG01`` … are
        the background ROIs of NEMA NU 2, where the user wants them. A uniform
        cylinder needs none, and passes them over.

    phantom : Phantom
        What was scanned.

    settings : Settings, optional
        How it is measured.

    progress : callable, optional
        Told before each step; may raise `CanceledError`.

    known : Known, optional
        The true activity, the SUV of the header, and centers of another image
        that are used instead of seeds.

    Returns
    -------
    result : AnalysisResult
        The inserts in the phantom's order.

    Raises
    ------
    InputFileError
        If the image cannot show an insert of that size.
    SeedError
        If the seeds do not fit the phantom or lie outside the image, or the
        phantom is not found without them.
    VOIOutsideImageError
        If a VOI has no voxel in the image.
    """
    settings, known = settings or Settings(), known or Known()
    known = replace(known, activity=known.truth)
    if phantom.cylinder is not None and known.centers is None:
        return _analyze_cylinder(image, phantom, phantom.cylinder, settings, known, progress)
    require_measurable(phantom, image.geometry)
    located = locate_inserts(
        image, seeds, phantom, settings, part_of(progress, 0.0, 0.7), shared=known.centers
    )
    phantom = located.phantom
    progress(0.7, _('measuring'))
    spheres, doubts, seen = _measured_inserts(image, located, settings)
    background = tuple(measure_voi(image, one, settings.counting) for one in located.background)
    progress(0.8, _('evaluating the standards'))
    asked = replace(phantom, edition=settings.edition or phantom.edition)
    rois = located.rois
    standards = evaluate_standards(image, asked, spheres, background, rois=rois, known=known)
    notes = (*image.acquisition.notes, *known.notes, *located.notes, *seen)
    progress(1.0, _('measured'))
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=settings,
        spheres=spheres,
        background=standards.background,
        pooled_background=standards.pooled_background,
        flags=(*_unit_doubts(image), *located.flags, *doubts),
        notes=(*_told(standards.contradictions), *notes, *standards.notes),
        analyzed_at=datetime.now().astimezone().isoformat(timespec='seconds'),
        pose=located.pose,
        nema=standards.nema,
        recovery=standards.recovery,
        worksheet=known.worksheet,
        activity=known.activity,
        suv=known.suv,
        contradictions=standards.contradictions,
        noise=standards.noise,
        calibration=standards.calibration,
        doubt=standards.doubt,
        shared=located.shared,
    )


def _measured_inserts(image: PETImage, located: Located, settings: Settings) -> Damage:
    """The inserts in the phantom's order, with what speaks against the image."""
    measured = [measure_voi(image, one, settings.counting) for one in located.inserts]
    return image_damage(image, flag_overlaps(measured))


def _analyze_cylinder(
    image: PETImage,
    phantom: Phantom,
    wanted: UniformCylinder,
    settings: Settings,
    known: Known,
    progress: Progress,
) -> AnalysisResult:
    progress(0.0, _('looking for the cylinder'))
    found = find_cylinder(image)
    progress(0.8, _('measuring'))
    measured = measure_cylinder(image, found, wanted, counting=settings.counting, suv=known.suv)
    sheet, scan = known.worksheet, known.scan
    cylinder, contradictions = evaluate_cylinder(
        image, measured, truth=known.truth, sheet=sheet, scan=scan, doubt=known.doubt
    )
    progress(1.0, _('measured'))
    notes = (*image.acquisition.notes, *known.notes, *cylinder.notes)
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=settings,
        spheres=(),
        flags=(*_unit_doubts(image), *cylinder.flags),
        notes=(*_told(contradictions), *notes),
        analyzed_at=datetime.now().astimezone().isoformat(timespec='seconds'),
        worksheet=known.worksheet,
        activity=known.activity,
        suv=known.suv,
        contradictions=contradictions,
        doubt=joined(filter(None, [*contradictions, known.doubt])),
        cylinder=cylinder,
    )


def _unit_doubts(image: PETImage) -> tuple[Flag, ...]:
    return (Flag.UNIT_UNKNOWN,) if image.unit == UNKNOWN_UNIT else ()


def _told(contradictions: Sequence[str]) -> tuple[str, ...]:
    return tuple(_('Contradiction: {text}').format(text=text) for text in contradictions)


def evaluate_standards(
    image: PETImage,
    phantom: Phantom,
    spheres: Sequence[VOIResult],
    background: Sequence[VOIResult],
    *,
    rois: Sequence[Seed] = (),
    known: Known | None = None,
) -> Standards:
    """
    Evaluate NEMA NU 2 image quality and recovery.

    Parameters
    ----------
    image : PETImage
        The scan.

    phantom : Phantom
        What was scanned. NEMA NU 2 is evaluated if its spheres stand on a ring,
        by the phantom's edition, or the usual one.

    spheres, background : sequence of VOIResult
        What was measured.

    rois : sequence of Seed, optional
        Where the user wants the background ROIs.

    known : Known, optional
        Without the true concentrations contrast and verdicts stay empty; where
        worksheet, header and image contradict each other nothing is judged.

    Returns
    -------
    standards : Standards
        What could be evaluated, and why the rest could not.
    """
    known = known or Known()
    truth = known.truth
    nema, notes = _nema(image, phantom, spheres, rois, truth)
    background = checked_background(image, background, spheres, nema)
    pooled = pooled_background(background)
    measured = _measured(image, spheres, background, nema)
    contradictions = (
        *_contradictions(known, truth, measured, nema),
        *(slice_contradictions(nema, image.geometry) if nema is not None else ()),
    )
    doubt = joined(filter(None, [*contradictions, known.doubt]))
    sure = undoubted(background)
    level = measured_level(nema, pooled_background(sure)) or true_level(image, truth)
    if cold_by_design(truth, known.worksheet) and not measured.shows_background:
        level = (0.0, _('the background is cold by design: B = 0'))
    return Standards(
        nema=nema,
        recovery=recovery(image, spheres, level, limits=shipped_limits(), truth=truth, doubt=doubt),
        pooled_background=pooled,
        background=background,
        contradictions=contradictions,
        doubt=doubt,
        noise=None if nema is None else noise_figures(image, nema, doubt),
        calibration=calibration(nema, truth, in_bqml=image.unit == CONCENTRATION_UNIT),
        notes=(*notes, *left_out(background)),
    )


def _measured(
    image: PETImage,
    spheres: Sequence[VOIResult],
    background: Sequence[VOIResult],
    nema: NEMAResult | None,
) -> Measured:
    """What the image says of both fills, without what is in doubt or in another unit."""
    sure = [one for one in spheres if one.insert.hot and not DOUBTED_LABELS & {*one.flags}]
    hot = [one for one in sure if isinstance(one.solid, Sphere)]
    largest = max(hot, key=lambda one: one.insert.diameter_mm, default=None)
    if image.unit != CONCENTRATION_UNIT or largest is None:
        return Measured(None, 0.0, None)
    placed = pooled_background(undoubted(background))
    level = nema.background[0].mean if nema is not None and nema.background else None
    if level is None and placed is not None:
        level = placed.mean
    return Measured(core_mean(image, largest), largest.insert.diameter_mm, level)


def _contradictions(
    known: Known, truth: TrueActivity | None, measured: Measured, nema: NEMAResult | None
) -> tuple[str, ...]:
    sheet, scan = known.worksheet, known.scan
    filling = filling_contradictions(nema) if nema is not None else ()
    if truth is None:
        return filling
    return (
        *(worksheet_contradictions(sheet) if sheet is not None else ()),
        *(header_contradictions(sheet, scan) if sheet is not None and scan is not None else ()),
        *image_contradictions(truth, measured, sheet),
        *filling,
    )


def _nema(
    image: PETImage,
    phantom: Phantom,
    spheres: Sequence[VOIResult],
    rois: Sequence[Seed],
    activity: TrueActivity | None,
) -> tuple[NEMAResult | None, tuple[str, ...]]:
    edition = phantom.edition or DEFAULT_EDITION
    on_ring = {insert.label for insert in ring_inserts(phantom)}
    if not on_ring & {sphere.label for sphere in spheres}:
        return None, ()
    astray = [s.solid for s in spheres if BESIDE_SPHERES & {*s.flags}]
    seen = [s.solid for s in spheres if s.solid not in astray] or astray
    try:
        placement = place_background(image, seen, astray=astray, positions=rois)
        return nema_quality(image, spheres, placement, activity, edition), ()
    except PhantomError as error:
        why = _('NEMA NU 2 image quality was not evaluated: {reason}')
        return None, (why.format(reason=sentence_of(error)),)
