"""Where policies come from: found, checked for whose they are, read whole, loaded from exactly what was read."""
