"""A finished backtest as one page that needs no network: charts, figures, assumptions, and what speaks against it."""
