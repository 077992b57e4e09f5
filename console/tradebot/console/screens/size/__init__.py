"""Screen 6, Size: how much, starting from the trade."""
