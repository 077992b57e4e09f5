"""Screen Health."""
