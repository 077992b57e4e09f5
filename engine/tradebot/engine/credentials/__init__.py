"""Accounts' keys: where they are kept, and for which hosts they are handed out."""
