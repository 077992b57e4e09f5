"""Simulated wealth, and the exact laws that simulations are held to. Rates are per unit of time, logs natural."""
