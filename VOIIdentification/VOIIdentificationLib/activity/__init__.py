"""True concentrations: isotopes, decay, and the fill worksheet."""
