"""The engine's two records: the journal of the order lane and its outcomes, and the market events as handed over."""
