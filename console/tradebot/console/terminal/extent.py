"""How large the terminal is, asked of the terminal itself."""

import os
import sys

from textual.driver import Driver
from textual.geometry import Size


def terminal_size(driver: Driver | None) -> Size | None:
    """Return columns and rows; None where there is no terminal, or it does not say."""
    if driver is None or driver.is_headless or sys.__stdout__ is None:
        return None
    try:
        columns, rows = os.get_terminal_size(sys.__stdout__.fileno())
    except (OSError, ValueError):  # a pipe; closed
        return None
    return Size(columns, rows) if columns and rows else None
