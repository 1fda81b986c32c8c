"""
Measure the spheres of a PET image-quality phantom: centers, VOIs, statistics, tables.

The names in ``__all__`` are the public door; each is loaded when it is first asked
for, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .analysis import analyze
    from .core.phantom import Seed, load_phantom
    from .core.settings import Settings
    from .dicom.read import read_pet_series
    from .report.export import export_results

__version__ = '0.1.0'

__all__ = ['Seed', 'Settings', 'analyze', 'export_results', 'load_phantom', 'read_pet_series']

_HOMES = {
    'Seed': 'core.phantom',
    'Settings': 'core.settings',
    'analyze': 'analysis',
    'export_results': 'report.export',
    'load_phantom': 'core.phantom',
    'read_pet_series': 'dicom.read',
}
"""Where each name of the door is defined."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f'module {__name__!r} has no attribute {name!r}'
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f'.{_HOMES[name]}', __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
