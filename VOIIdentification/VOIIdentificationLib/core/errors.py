"""
Errors that a user can act on.

* PhantomError
  - GeometryError         the image grid cannot be used as a volume
  - SeriesError           the DICOM series is missing, incomplete or ambiguous
  - InputFileError        a seeds, phantom, settings or volume file cannot be used
  - OutputError           the results cannot be written where they were asked for
  - SeedError             the seeds do not fit the phantom or the image
  - VOIOutsideImageError  the VOI has no voxel in the image
  - NodeError             a node of the Slicer scene cannot be used
  - SUVError              the header does not allow an SUV
  - ActivityError         the fill worksheet does not make sense
  - CanceledError         the user stopped the work

A wrong argument in a call is a plain ``ValueError`` or ``TypeError``: that is
a bug in the caller, not something the person at the scanner can repair.
"""


class PhantomError(Exception):
    """Base class: catch this one at the edge (widget, command line)."""


class GeometryError(PhantomError):
    """The image grid cannot be used as a volume."""


class SeriesError(PhantomError):
    """The DICOM series is missing, incomplete or ambiguous."""


class InputFileError(PhantomError):
    """A seeds, phantom, settings or volume file cannot be used."""


class OutputError(PhantomError):
    """The results cannot be written where they were asked for."""


class SeedError(PhantomError):
    """The seeds do not fit the phantom or the image."""


class VOIOutsideImageError(PhantomError):
    """The VOI has no voxel in the image."""


class NodeError(PhantomError):
    """A node of the Slicer scene cannot be used."""


class SUVError(PhantomError):
    """The header does not allow an SUV; the sentence names the tag."""


class ActivityError(PhantomError):
    """The fill worksheet does not make sense."""


class CanceledError(PhantomError):
    """The user stopped the work; nothing was changed."""
