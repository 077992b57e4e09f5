"""How much to bet, from the trade, a record, returns, a target or a structure: what the screen Size shows."""
