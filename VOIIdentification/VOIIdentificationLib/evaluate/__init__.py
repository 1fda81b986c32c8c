"""What the standards make of the measured values: a file for each subject."""
