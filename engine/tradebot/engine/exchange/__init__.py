"""The local exchange: accounts, orders and matching without I/O; faces that speak the brokers' own protocols."""
