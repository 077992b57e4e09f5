"""What execution costs: fees, books walked, shortfall, impact, schedules, queues, latency. Floats: analytics only.

The ledger's money is exact and lives elsewhere; prices here are in currency, quantities in units.
"""
