"""The Textual console: a client of a running engine."""
