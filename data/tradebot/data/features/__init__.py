"""Named features of bars and quotes: one definition as a Polars expression, the same step by step for deciding."""
