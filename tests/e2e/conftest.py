"""What every test with real processes leaves behind is collected while it is still its own."""

import gc
from collections.abc import Generator

import pytest


@pytest.fixture(autouse=True)
def _nothing_left_for_the_next_test() -> Generator[None]:
    """Collect a killed engine's sockets here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()
