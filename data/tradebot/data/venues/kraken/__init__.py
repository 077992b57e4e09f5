"""Kraken market data, web-socket API v1: messages and the book's checksum."""
