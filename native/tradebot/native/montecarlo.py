"""Simulated paths of wealth, in Rust."""

from tradebot.native._native import MonteCarlo

__all__ = ["MonteCarlo"]
