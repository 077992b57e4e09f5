"""Examples in the spirit of the house; each says when it loses."""
