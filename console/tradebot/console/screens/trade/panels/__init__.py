"""The panels around the ladder."""
