"""Makes the fakes importable and gives the tests a console that is driven by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a short name: a socket's path has at most 100 bytes."""
    return tmp_path_factory.mktemp("h")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    for name in (
        "NO_COLOR",
        "TRADEBOT_CONSOLE__THEME",
        "TRADEBOT_CONSOLE__GLYPHS",
        "TRADEBOT_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))


def pytest_configure(config: pytest.Config) -> None:
    """Let the snapshot plugin write its report of differences: it still calls `datetime.utcnow`."""
    config.addinivalue_line(
        "filterwarnings",
        "ignore:datetime.datetime.utcnow:DeprecationWarning:pytest_textual_snapshot",
    )
