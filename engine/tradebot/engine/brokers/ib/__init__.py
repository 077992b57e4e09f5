"""Interactive Brokers: account, orders and market over the TWS socket protocol, encoded and decoded by ib_async."""
