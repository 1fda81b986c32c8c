"""
Which scans are of one kind: by scanner, reconstruction and fill.

Only what the header says counts. What it does not say is *unknown*, and what
is unknown is never taken to be the same: not even as another unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCANNER_KEYS = ('manufacturer', 'model', 'device_serial_number', 'station_name')
RECONSTRUCTION_KEYS = (
    'reconstruction_method',
    'iterations',
    'subsets',
    'convolution_kernel',
    'corrected_image',
    'frame_duration_s',
    'software_versions',
)
"""Keys of the object ``scan`` of ``results.json`` that decide."""

_GRID_DECIMALS = 3
_RATIO_DIGITS = 3
"""Voxel sizes differ from 0.001 mm on, ratios of the fill from the third digit on."""

UNKNOWN = 'unknown'


@dataclass(frozen=True)
class Signature:
    """
    Scanner, reconstruction and fill of a scan, as texts that are equal or not.

    Attributes
    ----------
    scanner, reconstruction, fill : str
        `UNKNOWN` where the results do not tell it.

    acquisition : str
        Which measurement it was: equal for two reconstructions of one
        acquisition; `UNKNOWN` where the results do not tell it.

    missing : tuple of str
        What would have to be known.
    """

    scanner: str = UNKNOWN
    reconstruction: str = UNKNOWN
    fill: str = UNKNOWN
    acquisition: str = UNKNOWN
    missing: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the scan can be told to be a repetition of another."""
        return not self.missing

    @property
    def text(self) -> str:
        """All three in a line."""
        parts = {
            'scanner': self.scanner,
            'reconstruction': self.reconstruction,
            'fill': self.fill,
        }
        return '; '.join(f'{name} unknown' if v == UNKNOWN else v for name, v in parts.items())


def signature_of_results(results: dict[str, Any]) -> Signature:
    """
    What kind of scan an analysis is of.

    Parameters
    ----------
    results : dict
        The content of a ``results.json``.

    Returns
    -------
    signature : Signature
        From its ``scan``, ``input``, ``phantom`` and ``activity``.
    """
    header = results.get('scan') or {}
    scanner, fill = _scanner(header), _fill(results)
    reconstruction, acquisition = _reconstruction(header, results), _acquisition(header, scanner)
    parts = {
        'the scanner and its serial number or station name': scanner,
        'the reconstruction method': reconstruction,
        'the time of the acquisition': acquisition,
        'the ratio of the fill': fill,
    }
    missing = tuple(name for name, text in parts.items() if text == UNKNOWN)
    return Signature(scanner, reconstruction, fill, acquisition, missing)


def _scanner(header: dict[str, Any]) -> str:
    """Twins of one model are two scanners, so that the model alone is not enough."""
    if not (header.get('device_serial_number') or header.get('station_name')):
        return UNKNOWN
    return _joined(header, SCANNER_KEYS)


def _reconstruction(header: dict[str, Any], results: dict[str, Any]) -> str:
    if not header.get('reconstruction_method'):
        return UNKNOWN
    grid = results.get('input') or {}
    size = ' x '.join(f'{n}' for n in grid.get('shape_ijk') or ())
    spacing = ' x '.join(f'{round(x, _GRID_DECIMALS):g}' for x in grid.get('spacing_ijk_mm') or ())
    return f'{_joined(header, RECONSTRUCTION_KEYS)}; {size} voxels of {spacing} mm'


def _acquisition(header: dict[str, Any], scanner: str) -> str:
    time = str(header.get('acquisition_datetime') or '')
    if scanner == UNKNOWN or 'T' not in time:
        return UNKNOWN
    return f'{scanner} at {time.partition(".")[0]}'


def _fill(results: dict[str, Any]) -> str:
    phantom = (results.get('phantom') or {}).get('name')
    ratio = (results.get('nema') or {}).get('true_ratio')
    if not phantom or not ratio:
        return UNKNOWN
    return f'{phantom} at {ratio:.{_RATIO_DIGITS}g} : 1'


def _joined(header: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Every key that has a value; a value without its name could be taken for another's."""
    parts = [(key, _plain(header.get(key))) for key in keys]
    return ', '.join(_PHRASES.get(key, '{}').format(text) for key, text in parts if text)


_PHRASES = {
    'device_serial_number': 'serial number {}',
    'station_name': 'station {}',
    'iterations': '{} iterations',
    'subsets': '{} subsets',
    'convolution_kernel': 'filter {}',
    'corrected_image': 'corrections {}',
    'frame_duration_s': 'frame {} s',
    'software_versions': 'software {}',
}


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return '+'.join(sorted(map(str, value)))
    if isinstance(value, float):
        return f'{value:.6g}'
    return '' if value is None else str(value).strip()
