"""Planting a fault: a copy of the engine's package with a few words changed, and the simulator run on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

import tradebot.engine

PACKAGE = Path(str(tradebot.engine.__file__)).parent


class Fault(NamedTuple):
    """A fault and within how many seeds the simulator must find it."""

    name: str
    file: str
    """In the engine's package."""
    old: str
    new: str
    seeds: int


class Found(NamedTuple):
    """What the simulator said."""

    failed: bool
    seeds: int
    """Seeds run until then."""
    lines: str


def plant(fault: Fault, place: Path) -> Path:
    """Return a folder for PYTHONPATH with a copy of the engine in which the fault is."""
    package = place / "tradebot" / "engine"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / fault.file
    text = file.read_text("utf-8")
    assert text.count(fault.old) == 1, (
        f"{fault.name}: the text to change stands once in {fault.file}"
    )
    file.write_text(text.replace(fault.old, fault.new), "utf-8")
    return place


def simulate(place: Path, seeds: int, *arguments: str) -> Found:
    """Run the simulator of a planted copy until it finds something."""
    path = os.pathsep.join([str(place), *sys.path])
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tradebot.engine.simulation"),
            *("--seeds", str(seeds), "--until-found", *arguments),
        ],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode in {0, 1}, run.stderr
    last = msgspec.json.decode(run.stdout.splitlines()[-1])
    return Found(run.returncode == 1, int(last["seeds"]), run.stdout)
