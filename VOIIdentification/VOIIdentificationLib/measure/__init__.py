"""Which voxels count, by which part, and what their values are."""
