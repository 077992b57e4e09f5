"""Screen 7, Data: the datasets of the store and what is odd in them."""
