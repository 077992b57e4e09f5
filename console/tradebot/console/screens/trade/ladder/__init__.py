"""The price ladder."""
