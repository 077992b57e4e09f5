"""Binance spot: account, orders and private stream."""
