"""Interactive Brokers: account, orders and private streams over the gateway's socket."""
