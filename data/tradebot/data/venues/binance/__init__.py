"""Binance market data: messages and the rule by which diffs and snapshots make a book."""
