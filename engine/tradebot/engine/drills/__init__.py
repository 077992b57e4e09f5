"""Drills: a fault, felt. A real engine and a venue of its own, one mishap, and a judge who reads both their books."""
