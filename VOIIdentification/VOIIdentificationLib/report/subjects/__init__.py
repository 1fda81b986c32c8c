"""How each group of numbers is shown: a file for each subject, and their order."""

from .activity import ACTIVITY, SUV
from .background import BACKGROUND_ROIS
from .calibration import CALIBRATION
from .fit import FIT
from .limits import LIMITS
from .nema import NEMA
from .noise_figures import NOISE
from .recovery import RECOVERY
from .spheres import SPHERES
from .subject import Subject
from .verdict import VERDICT

SUBJECTS: tuple[Subject, ...] = (
    *(SPHERES, FIT),
    *(NEMA, BACKGROUND_ROIS, NOISE, RECOVERY, LIMITS),
    *(CALIBRATION, ACTIVITY, SUV, VERDICT),
)
"""Every subject, in the order in which people read them. A new one is one more name here."""
