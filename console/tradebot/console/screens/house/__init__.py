"""Screen House."""
