"""Where the spheres are: seeds, search, ring, detection."""
