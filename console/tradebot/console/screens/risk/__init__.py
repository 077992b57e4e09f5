"""Screen Risk."""
