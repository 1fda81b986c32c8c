"""Voxels and drawings as PNG pictures, after the PNG specification (ISO/IEC 15948)."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

Palette = npt.NDArray[np.uint8]

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_INDEXED, _TRUE_COLOR = 3, 2
"""Color types: every pixel is the number of a color of the palette; red, green and blue."""

_UP = 2
"""Filter of a row: what it differs from the row above; magnified voxels become zeros."""

_METERS_AN_INCH = 0.0254

_COMPRESSION = 6
_LEVELS = 255
"""Number of the last color of a palette."""

NOT_A_NUMBER_COLOR = (128, 128, 128)
"""Shown where there is no value: the last color of each palette."""


def grey_palette() -> Palette:
    """
    From black to white, then the color of what is no number.

    Returns
    -------
    palette : (256, 3) `numpy.ndarray` of uint8
        Red, green, blue.
    """
    ramp = np.linspace(0, 255, _LEVELS).round()
    return _with_missing(np.stack([ramp] * 3, axis=1))


def difference_palette() -> Palette:
    """
    From blue over white to orange, then the color of what is no number.

    Told apart by color-blind readers: blue and orange are the pair that
    Okabe and Ito 2008 recommend.

    Returns
    -------
    palette : (256, 3) `numpy.ndarray` of uint8
        Red, green, blue.
    """
    t = np.linspace(-1, 1, _LEVELS)[:, None]
    blue, orange = np.array([[0.0, 90.0, 181.0]]), np.array([[220.0, 90.0, 0.0]])
    end = np.where(t < 0, blue, orange)
    return _with_missing((1 - np.abs(t)) * 255.0 + np.abs(t) * end)


def png_uri(values: npt.NDArray[np.floating], window: tuple[float, float], palette: Palette) -> str:
    """
    A plane of values as the address of a picture that the address itself holds.

    Parameters
    ----------
    values : (V, U) `numpy.ndarray` of float
        Rows of the picture first, the top row first.

    window : tuple of float
        Values shown in the first and in the last color of the palette.

    palette : (256, 3) `numpy.ndarray` of uint8
        From `grey_palette` or `difference_palette`.

    Returns
    -------
    uri : str
        ``'data:image/png;base64,…'``.
    """
    low, high = window
    level = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1) * (_LEVELS - 1)
    missing = ~np.isfinite(level)
    pixels = np.where(missing, _LEVELS, np.where(missing, 0, level).round()).astype(np.uint8)
    return 'data:image/png;base64,' + base64.b64encode(_png(pixels, palette)).decode('ascii')


def drawing_png(pixels_rgba: npt.NDArray[np.uint8], dpi: float) -> bytes:
    """
    A drawing as a PNG file.

    With one filter and runs of equal bytes alone it takes half the time of
    Pillow's choice of a filter for each row, and less room.

    Parameters
    ----------
    pixels_rgba : (V, U, 4) `numpy.ndarray` of uint8
        The top row first; opaque, alpha is left out.

    dpi : float
        Pixels an inch, for who prints it.

    Returns
    -------
    data : bytes
        The file.
    """
    height, width, _ = pixels_rgba.shape
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = _UP
    colors = pixels_rgba[:, :, :3].reshape(height, -1)
    rows[0, 1:] = colors[0]
    np.subtract(colors[1:], colors[:-1], out=rows[1:, 1:])
    run_lengths = zlib.compressobj(strategy=zlib.Z_RLE)
    a_meter = round(dpi / _METERS_AN_INCH)
    return b''.join(
        [
            _SIGNATURE,
            _chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, _TRUE_COLOR, 0, 0, 0)),
            _chunk(b'pHYs', struct.pack('>IIB', a_meter, a_meter, 1)),
            _chunk(b'IDAT', run_lengths.compress(rows.tobytes()) + run_lengths.flush()),
            _chunk(b'IEND', b''),
        ]
    )


def _with_missing(colors: npt.NDArray[np.floating]) -> Palette:
    return np.vstack([colors.round(), [NOT_A_NUMBER_COLOR]]).astype(np.uint8)


def _png(pixels: npt.NDArray[np.uint8], palette: Palette) -> bytes:
    height, width = pixels.shape
    header = struct.pack('>IIBBBBB', width, height, 8, _INDEXED, 0, 0, 0)
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels])  # each row begins with "no filter"
    return b''.join(
        [
            _SIGNATURE,
            _chunk(b'IHDR', header),
            _chunk(b'PLTE', palette.tobytes()),
            _chunk(b'IDAT', zlib.compress(rows.tobytes(), _COMPRESSION)),
            _chunk(b'IEND', b''),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
