"""The panel of the Slicer module, without Qt of its own."""
