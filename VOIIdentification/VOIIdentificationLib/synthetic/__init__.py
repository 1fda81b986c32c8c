"""Phantoms with known truth. Shares no code with what it judges."""
