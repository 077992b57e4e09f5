"""Running as a service of systemd: the unit's text, its place, and the words the engine says to it."""
