"""Alpaca's market data: streams, history and assets, decoded without I/O."""
