"""Results and inputs as nodes of the Slicer scene."""
