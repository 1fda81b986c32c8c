"""Measure the spheres of a PET image-quality phantom: centers, VOIs, statistics, tables."""

__version__ = '0.1.0'
