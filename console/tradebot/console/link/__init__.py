"""Talking to an engine."""
