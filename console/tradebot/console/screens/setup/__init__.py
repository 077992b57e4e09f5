"""Screen Setup."""
