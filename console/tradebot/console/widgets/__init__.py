"""Widgets that draw rows of cells by lines."""
