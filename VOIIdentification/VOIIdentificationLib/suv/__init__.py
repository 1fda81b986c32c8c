"""From the facts of a PET header to the SUV of every slice."""
