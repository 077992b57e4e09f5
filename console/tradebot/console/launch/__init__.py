"""From the command line to a console attached to an engine."""
