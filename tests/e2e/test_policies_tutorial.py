"""docs/policies.md, run as a reader would, word for word."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.engine_process import EngineProcess, Home, short_home, wait_until

from tradebot.engine.control.client import ControlError

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TUTORIAL = Path(__file__).parents[2] / "docs" / "policies.md"


def commands() -> list[str]:
    """Return every command of the tutorial, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def said(home: Home, line: str) -> str:
    done = home.run(*line.split()[1:])
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


def test_the_tutorial_goes_from_nothing_to_a_sleeve_that_trades() -> None:
    lines = commands()
    assert all(line.startswith("tradebot ") for line in lines)
    with short_home() as home:
        engine: EngineProcess | None = None
        try:
            for line in lines:
                if line.endswith(" &"):
                    engine = home.start(*line.removesuffix(" &").split()[2:])
                    wait_until(lambda: answers(home), "the engine answers", 120)
                    wait_until(lambda: decided(home), "the shadow has decided", 400)
                    continue
                if "reload" in line and "--yes" in line:
                    file = home.path / "policies" / "mytrend.py"
                    file.write_text(file.read_text().replace("param(20,", "param(10,"))
                text = said(home, line)
                if "policy check" in line:
                    assert "error" not in text
                if "policy list" in line:
                    assert "mytrend" in text
                    assert "shadow" in text.lower()
        finally:
            if engine is not None:
                engine.terminate()


def answers(home: Home) -> bool:
    try:
        return home.run("status", "--name", "lab").returncode == 0
    except ControlError:
        return False


def decided(home: Home) -> bool:
    done = home.run("policy", "why", "mytrend", "--name", "lab")
    return "above-mean" in done.stdout or "below-mean" in done.stdout


def test_the_test_that_policy_new_writes_passes(tmp_path_factory: pytest.TempPathFactory) -> None:
    with short_home() as home:
        said(home, "tradebot policy new steady")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_steady.py"],
            cwd=home.path / "policies",
            env=home.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
