"""Rust order books, matching and the simulated venue."""
