"""Pictures of recovery, contrast and background variability against diameter."""
