"""Alpaca's protocols over the exchange: Trading REST, `trade_updates`, market data, Broker events."""
