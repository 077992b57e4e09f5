"""Every drill as a user plays it: real processes, a verdict, and nothing of the user's touched."""

import json
import os
import re
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from tradebot.console.launch.drilling import play_drill
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


async def test_a_drill_that_is_closed_early_ends_its_processes_and_clears_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(temporary))
    async with aclosing(play_drill("lost-ack")) as lines:
        async for line in lines:
            found = re.search(r"processes (\d+) and (\d+)", line)
            if found:
                pids = [int(pid) for pid in found.groups()]
                break
        else:
            pytest.fail("the drill told of no processes")
    assert left_in(temporary) == []
    assert not [pid for pid in pids if runs(pid)]


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
