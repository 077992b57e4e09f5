"""What is studied beside the market: statistics of results, costs of execution, simulated paths."""
