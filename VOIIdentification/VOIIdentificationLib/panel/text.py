"""What the panel says, in the language of the application."""

from __future__ import annotations

from pathlib import Path

from ..core.image import UNKNOWN_UNIT, PETImage
from ..core.phantom import Phantom

try:
    from slicer.i18n import tr
except ImportError:  # outside the application there is nothing to translate with
    tr = str


def _(text: str) -> str:
    return str(tr(text))


def title() -> str:
    """Name of the module."""
    return _('VOI Identification')


def canceled() -> str:
    """After the user stopped the work."""
    return _('Canceled; nothing was changed.')


def no_volume() -> str:
    """Instead of a description."""
    return _('no volume selected')


def select_volume() -> str:
    """Why Apply cannot work."""
    return _('Select a PET volume.')


def apply_tip(*, seeded: bool) -> str:
    """
    What Apply does.

    Parameters
    ----------
    seeded : bool
        Whether there are seeds to start from.

    Returns
    -------
    text : str
        One sentence.
    """
    if seeded:
        return _('Find the centers from the seeds and measure the inserts.')
    return _('Find the spheres without seeds and measure them.')


def unknown_phantom(reason: object) -> str:
    """
    Why the phantom of a scene is not used.

    Parameters
    ----------
    reason : object
        The error.

    Returns
    -------
    text : str
        Two sentences.
    """
    return _(
        'The phantom of the scene cannot be used, so the default one is taken. {reason}'
    ).format(reason=reason)


def reading() -> str:
    """While the volume is compared with its files."""
    return _('Reading the DICOM files')


def measuring() -> str:
    """While Apply works."""
    return _('Measuring')


def exporting() -> str:
    """While files are written."""
    return _('Exporting')


def export_title() -> str:
    """Title of the dialog that asks for a folder."""
    return _('Export into folder')


def apply_failed() -> str:
    """Above the reason."""
    return _('The phantom could not be measured.')


def reload_failed() -> str:
    """Above the reason."""
    return _('The volume could not be read again.')


def export_failed() -> str:
    """Above the reason."""
    return _('The results could not be exported.')


def install_failed() -> str:
    """Above the reason."""
    return _('The packages could not be installed.')


def phantom_failed() -> str:
    """Above the reason."""
    return _('The phantom could not be changed.')


def own_phantom() -> str:
    """Entry of the list of phantoms for one that does not come with the module."""
    return _('Own phantom')


def phantom_tip(phantom: Phantom) -> str:
    """
    Tool tip of a phantom.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    text : str
        Its name, and where its numbers come from.
    """
    return '\n'.join(part for part in (phantom.name, phantom.source) if part)


def insert_headers() -> list[str]:
    """Headers of the table of inserts."""
    return [_('Insert'), _('Diameter [mm]'), _('Cylinder, height [mm]')]


def load_phantom_title() -> str:
    """Title of the dialog that reads a phantom."""
    return _('Load phantom')


def save_phantom_title() -> str:
    """Title of the dialog that writes a phantom."""
    return _('Save phantom')


def phantom_files() -> str:
    """Filter of the dialogs for phantom files, as Qt writes filters."""
    return _('Phantom (*.json)')


def volume_text(image: PETImage) -> str:
    """
    What a volume is, and what it does not say.

    Parameters
    ----------
    image : PETImage
        The volume.

    Returns
    -------
    text : str
        Series, unit, voxels; what is missing in a last line.
    """
    facts = image.acquisition
    series = [facts.series_description, facts.series_datetime.replace('T', ' ')]
    size = ' x '.join(str(n) for n in image.geometry.size_ijk)
    spacing = ' x '.join(f'{step:.3f}' for step in image.geometry.spacing_ijk_mm)
    lines = [', '.join(part for part in series if part)]
    lines.append(_('{size} voxels of {spacing} mm').format(size=size, spacing=spacing))
    if image.unit != UNKNOWN_UNIT:
        lines.append(_('Values in {unit}').format(unit=image.unit))
    missing = _missing_facts(image)
    if missing:
        lines.append(_('Missing: {facts}').format(facts=', '.join(missing)))
    return '\n'.join(line for line in lines if line)


def seeds_text(placed: int, wanted: int, label: str | None) -> str:
    """
    How far the placing of the seeds is.

    Parameters
    ----------
    placed, wanted : int
        Points that are set, and inserts that are measured.

    label : str or None
        Of the next point.

    Returns
    -------
    text : str
        E.g. ``'4 of 6; next S13'``.
    """
    if label is None or placed >= wanted:
        return _('{placed} of {wanted}').format(placed=placed, wanted=wanted)
    return _('{placed} of {wanted}; next {label}').format(placed=placed, wanted=wanted, label=label)


def background_text(count: int) -> str:
    """
    How many background points are placed.

    Parameters
    ----------
    count : int
        From 0.

    Returns
    -------
    text : str
        E.g. ``'2 placed'``.
    """
    return _('{count} placed').format(count=count)


def export_tip(*, measured: bool) -> str:
    """
    What the export does, or what it waits for.

    Parameters
    ----------
    measured : bool
        Whether there is a result.

    Returns
    -------
    text : str
        One sentence.
    """
    if measured:
        return _('Write workbooks, pictures and all numbers into a folder.')
    return _('Measure first: press Apply.')


def packages_question(requirements: tuple[str, ...]) -> str:
    """
    Why packages are asked for.

    Parameters
    ----------
    requirements : tuple of str
        What is missing.

    Returns
    -------
    text : str
        A question to be answered with OK or Cancel.
    """
    return _(
        'The export writes Excel workbooks (openpyxl) and pictures (matplotlib). '
        'These Python packages are missing and will be installed into the application:\n\n'
        '{packages}\n\nMeasuring works without them. Continue?'
    ).format(packages='\n'.join(requirements))


def overwrite_question(folder: Path, count: int) -> str:
    """
    Whether earlier results are replaced.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where they are.

    count : int
        How many files.

    Returns
    -------
    text : str
        A question to be answered with Yes or No.
    """
    return _(
        '{folder} holds {count} files of an earlier export. Replace them? '
        'Other files in the folder stay.'
    ).format(folder=folder, count=count)


def _missing_facts(image: PETImage) -> list[str]:
    facts = image.acquisition
    missing = []
    if image.unit == UNKNOWN_UNIT:
        missing.append(_('the unit of the values'))
    if not facts.series_instance_uid:
        missing.append(_('the DICOM header'))
    elif not facts.acquisition_datetime:
        missing.append(_('the time of the scan'))
    return missing
