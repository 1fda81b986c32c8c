"""What every other wing stands on: errors, flags, geometry, images, phantoms, settings."""
