"""History of venues into the store: piece by piece, each whole or absent, asked for once."""
