"""Kernel, ledger, risk, journal, brokers, live runtime, control API and the command line."""
