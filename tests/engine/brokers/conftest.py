"""Recordings of brokers' own messages, where there are any."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def recorded() -> Path:
    """Return the folder of recordings."""
    folder = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not folder:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    return Path(folder)
