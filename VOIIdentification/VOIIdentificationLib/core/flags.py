"""What a reader must know before trusting a value: the one list of flags."""

from __future__ import annotations

from enum import Enum

from .sentence import sentences

_ = sentences(__name__)


class Flag(str, Enum):
    """
    A reason to doubt a value.

    The value is the stable name that files carry; `text` is the sentence that
    people read.
    """

    CLIPPED = 'clipped'
    NON_FINITE = 'non_finite'
    FEW_VOXELS = 'few_voxels'
    SEARCH_AT_LIMIT = 'search_at_limit'
    SEARCH_BLOCKED = 'search_blocked'
    SEEDS_OVERLAP = 'seeds_overlap'
    NOT_REFINED = 'not_refined'
    UNIT_UNKNOWN = 'unit_unknown'
    TIMES_CONTRADICT = 'times_contradict'
    HEADER_CONTRADICTS = 'header_contradicts'
    DOSE_IN_MBQ = 'dose_in_mbq'
    WEIGHT_IN_GRAMS = 'weight_in_grams'
    HEIGHT_IN_CM = 'height_in_cm'
    VOXELS_DIFFER = 'voxels_differ'
    NOT_MONOTONIC = 'not_monotonic'
    A50_AT_EDGE = 'a50_at_edge'
    ROI_NEAR_EDGE = 'roi_near_edge'
    ROI_NEAR_SPHERE = 'roi_near_sphere'
    ROI_NEAR_LUNG = 'roi_near_lung'
    ROI_OVERLAPS = 'roi_overlaps'
    FEW_ROIS = 'few_rois'
    SLICES_REPEATED = 'slices_repeated'
    SLICES_OUTSIDE = 'slices_outside'
    LUNG_ASSUMED = 'lung_assumed'
    OFF_SLICE = 'off_slice'
    FIT_REFUSED = 'fit_refused'
    OFF_RING = 'off_body'
    BOUND_BY_RING = 'bound_by_body'
    PREDICTED = 'predicted'
    SEED_MISNAMED = 'seed_misnamed'
    SEED_ASTRAY = 'seed_astray'
    HEADER_IMPLAUSIBLE = 'header_implausible'
    DAY_UNKNOWN = 'day_unknown'
    ZONE_UNKNOWN = 'zone_unknown'
    SEVERAL_INJECTIONS = 'several_injections'
    BACKGROUND_ON_INSERT = 'background_on_insert'
    BACKGROUND_IN_LUNG = 'background_in_lung'
    BACKGROUND_IN_AIR = 'background_in_air'
    BACKGROUND_DEVIATES = 'background_deviates'
    RECOVERY_IMPLAUSIBLE = 'recovery_implausible'
    NOTHING_SEEN = 'nothing_seen'
    SIZE_OPEN = 'size_open'
    FILLING_DIFFERS = 'filling_differs'
    SIGNAL_DEVIATES = 'signal_deviates'
    DIAMETER_DEVIATES = 'diameter_deviates'
    PART_MISSING = 'part_missing'
    SATURATED = 'saturated'
    SLICES_COPIED = 'slices_copied'
    RING_SCALE = 'ring_scale'
    OFF_CENTER = 'off_center'
    CYLINDER_SIZE = 'cylinder_size'
    CYLINDER_CUT = 'cylinder_cut'
    CYLINDER_BUBBLE = 'cylinder_bubble'
    SLICES_DEVIATE = 'slices_deviate'
    OFF_GIVEN_CENTER = 'off_given_center'

    @property
    def text(self) -> str:
        """The flag in words, as shown to the user."""
        return _TEXTS[self]


_TEXTS = {
    Flag.CLIPPED: _('part of the VOI lies outside the image'),
    Flag.NON_FINITE: _('the VOI holds voxels that are not a number; they are left out'),
    Flag.FEW_VOXELS: _('fewer than two whole voxels: no standard deviation'),
    Flag.SEARCH_AT_LIMIT: _('the best position lies at the limit of the search: check the seed'),
    Flag.SEARCH_BLOCKED: _("the search stopped at another seed's sphere: check the seeds"),
    Flag.SEEDS_OVERLAP: _('the spheres of two seeds overlap: check the seeds'),
    Flag.NOT_REFINED: _('the seed itself is used: no position around it could be searched'),
    Flag.UNIT_UNKNOWN: _('the header names no unit: the values are those stored in the image'),
    Flag.TIMES_CONTRADICT: _('times in the header contradict each other: check the SUV decisions'),
    Flag.HEADER_CONTRADICTS: _(
        'entries of the header contradict each other: check the SUV decisions'
    ),
    Flag.DOSE_IN_MBQ: _('the stored dose is so small that it is taken for MBq'),
    Flag.WEIGHT_IN_GRAMS: _('the stored weight is so large that it is taken for gram'),
    Flag.HEIGHT_IN_CM: _('the stored height is so large that it is taken for centimeter'),
    Flag.VOXELS_DIFFER: _('the voxels are not those of the DICOM files: reload the volume'),
    Flag.NOT_MONOTONIC: _('a recovery coefficient falls as the spheres grow'),
    Flag.A50_AT_EDGE: _('the A50 VOI runs away from its sphere: check the background value'),
    Flag.ROI_NEAR_EDGE: _("a background ROI is less than 15 mm from the phantom's edge"),
    Flag.ROI_NEAR_SPHERE: _('a background ROI is less than 15 mm from a sphere'),
    Flag.ROI_NEAR_LUNG: _('a background ROI touches the lung insert'),
    Flag.ROI_OVERLAPS: _('two background ROIs overlap'),
    Flag.FEW_ROIS: _('there is no room for twelve background ROIs'),
    Flag.SLICES_REPEATED: _(
        'slices so thick that two background slices are the same: it counts once'
    ),
    Flag.SLICES_OUTSIDE: _('a background slice lies outside the image and is left out'),
    Flag.LUNG_ASSUMED: _('the lung insert was not found and is assumed on the axis of the ring'),
    Flag.OFF_SLICE: _('the center of the sphere is more than 2 mm off the common slice'),
    Flag.FIT_REFUSED: _('the model fit was not accepted: the center is that of the search'),
    Flag.OFF_RING: _('the sphere lies off the place that the other spheres give it'),
    Flag.BOUND_BY_RING: _('too little contrast to find it alone: its place is held by the others'),
    Flag.SEED_MISNAMED: _('the seed lies on a sphere of another size: check its label'),
    Flag.SEED_ASTRAY: _('the seed lies on no sphere: check where it was placed'),
    Flag.HEADER_IMPLAUSIBLE: _(
        'a value of the header is far outside what is usual: check the SUV decisions'
    ),
    Flag.DAY_UNKNOWN: _(
        'the day of the injection or of the scan is assumed: check the SUV decisions'
    ),
    Flag.ZONE_UNKNOWN: _('some times of the header have a time zone, others none: check them'),
    Flag.SEVERAL_INJECTIONS: _('the header lists several injections: the SUV counts the first'),
    Flag.BACKGROUND_ON_INSERT: _('the background VOI reaches into an insert: move its seed'),
    Flag.BACKGROUND_IN_LUNG: _('the background VOI reaches into the lung insert: move its seed'),
    Flag.BACKGROUND_IN_AIR: _('the background VOI is nearly empty, as in air: move its seed'),
    Flag.BACKGROUND_DEVIATES: _(
        'the background VOI is far from the background ROIs: check its seed'
    ),
    Flag.RECOVERY_IMPLAUSIBLE: _('no scan recovers so much or so little: check the true activity'),
    Flag.NOTHING_SEEN: _('nothing stands out from the noise here: check the place and the filling'),
    Flag.SIZE_OPEN: _('the image does not tell which sphere this is: the phantom is believed'),
    Flag.FILLING_DIFFERS: _(
        'the image shows it cold where the phantom has it hot, or hot for cold'
    ),
    Flag.SIGNAL_DEVIATES: _(
        'its signal contradicts that of the other spheres: check size and label'
    ),
    Flag.PART_MISSING: _(
        'one side of the sphere holds less than the rest: check it for an air bubble, the image '
        'for damaged slices'
    ),
    Flag.SATURATED: _(
        'many of its voxels hold exactly its highest value: the values of the image are cut off'
    ),
    Flag.SLICES_COPIED: _('neighboring slices hold the same values: one was copied over another'),
    Flag.DIAMETER_DEVIATES: _(
        'the large spheres look larger or smaller than the phantom has them: check its diameters'
    ),
    Flag.RING_SCALE: _(
        'the ring is larger or smaller than the phantom has it: check the voxel size'
    ),
    Flag.OFF_CENTER: _('the model fit does not find the center that is used: check it'),
    Flag.CYLINDER_SIZE: _('the cylinder has another size than the phantom: check the voxel size'),
    Flag.CYLINDER_CUT: _('the cylinder reaches out of the image: check its length by hand'),
    Flag.CYLINDER_BUBBLE: _('part of the cylinder holds no activity: check it for an air bubble'),
    Flag.SLICES_DEVIATE: _('slices deviate from the mean of the cylinder: check them'),
    Flag.OFF_GIVEN_CENTER: _(
        'its own fit lies off the given center by more than both uncertainties: check that nothing '
        'moved'
    ),
    Flag.PREDICTED: _('no seed: searched where the other spheres say it must be'),
}

DOUBTED_LABELS = frozenset(
    {
        Flag.SEED_MISNAMED,
        Flag.SEED_ASTRAY,
        Flag.SEEDS_OVERLAP,
        Flag.NOTHING_SEEN,
        Flag.SIZE_OPEN,
        Flag.FILLING_DIFFERS,
        Flag.SIGNAL_DEVIATES,
        Flag.DIAMETER_DEVIATES,
        Flag.PART_MISSING,
    }
)
"""Flags of a sphere that may not be the one its label says: nothing is judged by its diameter."""

BESIDE_SPHERES = frozenset({Flag.SEED_ASTRAY, Flag.NOTHING_SEEN})
"""Flags of a VOI that lies on no sphere: it does not say where the phantom is."""

DOUBTED_BACKGROUND = frozenset(
    {
        Flag.BACKGROUND_ON_INSERT,
        Flag.BACKGROUND_IN_LUNG,
        Flag.BACKGROUND_IN_AIR,
        Flag.BACKGROUND_DEVIATES,
    }
)
"""Flags of a background VOI that is not taken for background."""
