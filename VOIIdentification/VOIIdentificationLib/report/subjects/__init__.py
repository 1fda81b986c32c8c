"""How each group of numbers is shown: a file for each subject, and their order."""

from .activity import ACTIVITY, SUV
from .background import BACKGROUND_ROIS
from .calibration import CALIBRATION
from .cylinder_slices import CYLINDER_SLICES
from .fit import FIT
from .limits import LIMITS
from .nema import NEMA
from .noise_figures import NOISE
from .recovery import RECOVERY
from .shared import SHARED
from .spheres import SPHERES
from .subject import Subject
from .uniform_cylinder import UNIFORM_CYLINDER
from .verdict import VERDICT

SUBJECTS: tuple[Subject, ...] = (
    *(SPHERES, FIT, SHARED, UNIFORM_CYLINDER, CYLINDER_SLICES),
    *(NEMA, BACKGROUND_ROIS, NOISE, RECOVERY, LIMITS),
    *(CALIBRATION, ACTIVITY, SUV, VERDICT),
)
"""Every subject, in the order in which people read them. A new one is one more name here."""
