"""Screen 1: the market, the orders, the ticket."""
