"""Alpaca: account, orders and private streams."""
