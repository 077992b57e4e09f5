"""Statistics of returns, trades and backtests, on floats.

Returns are simple and per period; `periods_per_year` is always stated. Deviations divide by n - 1, moments by n,
kurtosis is Pearson's (normal 3). A drawdown is a positive share, its curve begins with the starting value; VaR and ES
are positive for a loss. What is undefined (no spread, no loss, too few figures) is None; NaN and infinity are refused.
"""
