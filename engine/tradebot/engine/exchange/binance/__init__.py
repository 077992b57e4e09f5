"""Binance spot as the exchange speaks it: REST, streams, web-socket API."""
