"""A few minutes of the sandbox, recorded once."""

from pathlib import Path

import pytest

from tradebot.engine.core.types import MINUTE
from tradebot.engine.recording.hour import record


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    record(folder, span=MINUTE)
    return folder
