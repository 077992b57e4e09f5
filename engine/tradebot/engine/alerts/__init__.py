"""Telling a person who is not looking: what is worth a message, how many are too many, and how they are sent."""
