"""Policies on recorded markets: backtests, their trades, what they came to, and what that is worth."""
