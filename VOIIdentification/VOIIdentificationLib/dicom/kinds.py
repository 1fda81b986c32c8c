"""Images that say they are PET, and whose values are not those of planes of activity."""

from __future__ import annotations

from functools import cache

from ..core.errors import SeriesError
from ..core.sentence import sentences
from .attributes import tag_text
from .header import Header

_ = sentences(__name__)

_PROJECTIONS = ('REPROJECTION', 'MIP', 'MAX_IP', 'MIN_IP', 'PROJECTION IMAGE')
"""Values of Series Type and Image Type of images that add up or pick out along lines."""


@cache
def other_class(uid: str) -> str:
    """
    Name of a class whose values are no activity, whatever the modality says.

    Parameters
    ----------
    uid : str
        SOP Class UID.

    Returns
    -------
    name : str
        E.g. ``'CT Image Storage'``; empty for all but CT and MR.
    """
    from pydicom import uid as known_uids

    others = (
        *(known_uids.CTImageStorage, known_uids.EnhancedCTImageStorage),
        *(known_uids.MRImageStorage, known_uids.EnhancedMRImageStorage),
        known_uids.LegacyConvertedEnhancedCTImageStorage,
        known_uids.LegacyConvertedEnhancedMRImageStorage,
    )
    return next((str(other.name) for other in others if other == uid), '')


def require_volume(file: Header) -> None:
    """
    Refuse a file that shows a projection through the volume instead of a plane of it.

    Parameters
    ----------
    file : Header
        A file of a series.

    Raises
    ------
    SeriesError
        If its Series Type or Image Type says so (PS3.3, C.8.9.1.1.4).
    """
    for keyword in ('SeriesType', 'ImageType'):
        said = [text.upper() for text in file.texts(keyword)]
        word = next((word for word in _PROJECTIONS if word in said), '')
        if word:
            msg = _(
                '{file} is a projection ({tag} has {word}), whose values are not those of planes; '
                'take the original series of the scanner.'
            ).format(file=file.name, tag=tag_text(keyword), word=word)
            raise SeriesError(msg)
