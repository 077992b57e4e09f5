"""Files of other programs and venues as market events: importers by format."""
