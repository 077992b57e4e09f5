"""Play a drill in a home of its own, and clear up after it whatever happens."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tradebot.engine.control.client import ControlError
from tradebot.engine.drills import halt as halting
from tradebot.engine.drills.crash import crash
from tradebot.engine.drills.gap_open import gap_open
from tradebot.engine.drills.ground import Ground
from tradebot.engine.drills.lost_ack import lost_ack
from tradebot.engine.drills.mute import mute
from tradebot.engine.drills.result import DRILLS, DrillFailed, DrillName, DrillResult, Stage
from tradebot.engine.journal.verify import verify
from tradebot.engine.live.clock import Clock

_SCENARIOS: dict[DrillName, Callable[[Ground], str]] = {
    "crash": crash,
    "mute": mute,
    "lost-ack": lost_ack,
    "gap-open": gap_open,
    "halt": halting.halt,
}
_CONFIGURATIONS: dict[DrillName, str] = {"halt": halting.CONFIGURATION}


def play(name: DrillName, seed: int, clock: Clock, tell: Callable[[Stage], None]) -> DrillResult:
    """Play a drill and judge it.

    Its home is a temporary folder: nothing of the user's is read or touched. It is removed, unless the drill failed.

    Args:
        name: Which.
        seed: Of the market, in [0, 2**63).
        clock: The machine's.
        tell: Called with each stage as it happens.
    """
    home = Path(tempfile.mkdtemp(prefix="tbdrill"))
    kept: Path | None = None
    try:
        (home / "tradebot.toml").write_text(_CONFIGURATIONS.get(name, ""))
        ground = Ground(home, seed, clock, tell)
        try:
            ok, verdict = _judged(name, ground)
        finally:
            ground.end()
        if ok:
            ok, verdict = _verified(ground, verdict)
        kept = None if ok else home
    finally:
        if kept is None:
            shutil.rmtree(home)
    return DrillResult(
        drill=name,
        does=DRILLS[name],
        seed=seed,
        ok=ok,
        verdict=verdict,
        stages=tuple(ground.stages),
        figures=ground.figures,
        seconds=round(ground.seconds, 1),
        kept=None if kept is None else str(kept),
    )


def _judged(name: DrillName, ground: Ground) -> tuple[bool, str]:
    try:
        ground.start_engine()
        ground.say(
            f"a venue and an engine of their own: processes {ground.venue.pid} and {ground.engine.pid}"
        )
        return True, _SCENARIOS[name](ground)
    except (DrillFailed, ControlError) as error:
        return False, str(error)


def _verified(ground: Ground, verdict: str) -> tuple[bool, str]:
    """Check the dead engine's record too, row by row."""
    problems = verify(ground.engine.folder).problems
    if problems:
        return False, f"journal verify: {problems[0]}"
    return True, verdict
