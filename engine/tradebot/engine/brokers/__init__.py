"""Brokers: accounts, orders and private streams outside the process; each a decoder and session without I/O."""
