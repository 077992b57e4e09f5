"""Screen Orders."""
