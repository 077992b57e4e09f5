"""Screen 5, Lab: backtests, what they came to and what speaks against them."""
