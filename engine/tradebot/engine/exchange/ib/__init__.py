"""Interactive Brokers' face of the exchange: the TWS socket protocol at server version 178."""
