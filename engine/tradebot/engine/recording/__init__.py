"""Recordings that the program makes of its own markets."""
