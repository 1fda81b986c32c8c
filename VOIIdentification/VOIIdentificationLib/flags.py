"""What a reader must know before trusting a value: the one list of flags."""

from __future__ import annotations

from enum import Enum


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

    @property
    def text(self) -> str:
        """The flag in words, as shown to the user."""
        return _TEXTS[self]


_TEXTS = {
    Flag.CLIPPED: 'part of the VOI lies outside the image',
    Flag.NON_FINITE: 'the VOI holds voxels that are not a number; they are left out',
    Flag.FEW_VOXELS: 'fewer than two whole voxels: no standard deviation',
    Flag.SEARCH_AT_LIMIT: 'the best position lies at the limit of the search: check the seed',
    Flag.SEARCH_BLOCKED: "the search stopped at another seed's sphere: check the seeds",
    Flag.SEEDS_OVERLAP: 'the spheres of two seeds overlap: check the seeds',
    Flag.NOT_REFINED: 'the seed itself is used: no position around it could be searched',
    Flag.UNIT_UNKNOWN: 'the header names no unit: the values are those stored in the image',
    Flag.TIMES_CONTRADICT: 'times in the header contradict each other: check the SUV decisions',
    Flag.HEADER_CONTRADICTS: 'entries of the header contradict each other: check the SUV decisions',
    Flag.DOSE_IN_MBQ: 'the stored dose is so small that it is taken for MBq',
    Flag.WEIGHT_IN_GRAMS: 'the stored weight is so large that it is taken for gram',
    Flag.HEIGHT_IN_CM: 'the stored height is so large that it is taken for centimeter',
    Flag.VOXELS_DIFFER: 'the voxels are not those of the DICOM files: reload the volume',
}
