"""Running engines and finished runs from Python: a script, a notebook."""
