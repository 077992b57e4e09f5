"""Every drill as a user plays it: real processes, a verdict, and nothing of the user's touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradebot.engine.drills.result import DRILLS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_passes_with_equal_books_and_leaves_nothing_behind(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home, temporary = tmp_path_factory.mktemp("h"), tmp_path_factory.mktemp("t")
    said = subprocess.run(
        [sys.executable, "-m", "tradebot.engine.cli", "drill", name, "--json", "--seed", "3"],
        env=os.environ | {"TRADEBOT_HOME": str(home), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    result = json.loads(said.stdout)
    assert result["ok"]
    assert result["drill"] == name
    assert len(result["stages"]) >= 5
    assert (result["figures"]["lost"], result["figures"]["doubled"]) == ("0", "0")
    assert left_in(home) == left_in(temporary) == []


def left_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))
