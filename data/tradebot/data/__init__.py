"""Instruments, market events, importers, the store and replay."""
