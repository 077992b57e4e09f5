"""The candles."""
