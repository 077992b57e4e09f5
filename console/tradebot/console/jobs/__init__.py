"""Long jobs outside of the console's process."""
