"""The blurred sphere fitted to its voxels: center, signal, resolution, and their uncertainties."""
