"""Kill -9 of an engine whose venue lives on in another process: nothing is lost, nothing is doubled.

`make kill ROUNDS=500` runs it at length; in CI it is a dozen. The market and other people's fills go on while the
engine is dead, and it is killed again while it is still finding out what happened.
"""

import os
import random
import secrets
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.e2e.engine_process import EngineProcess, Home, reproducible, short_home, wait_until
from tests.e2e.remote.engine_program import MOMENTS
from tests.e2e.remote.judge import Judge
from tests.e2e.script import Script

from tradebot.engine.control.client import ControlClient, ControlError
from tradebot.engine.journal.verify import verify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    # httpcore leaves a socket open when the engine behind it dies between two requests.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("KILL_ROUNDS") or 12)
SETTLE_EVERY = 20
"""Kills between two looks at everything: in between the engine is killed while it recovers, too."""
SETTLE_S = 60.0
ENOUGH = 100
"""Kills from which each class must have been hit often: 60 % of them in flight, 10 % in each class."""


@contextmanager
def venue(home: Home, seed: int) -> Generator[None]:
    with (home.path / "venue.out").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.e2e.remote.venue_program"),
                *("--socket", str(home.path / "venue.sock")),
                *("--log", str(home.path / "venue.log"), "--seed", str(seed)),
            ],
            env=environment(home),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until((home.path / "venue.sock").exists, "the venue listens", 30)
            yield
            assert process.poll() is None, (home.path / "venue.out").read_text()
        finally:
            process.kill()
            process.wait()


def environment(home: Home) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**home.environment, "PYTHONPATH": path}


def start(home: Home, moment: str | None, seed: int) -> EngineProcess:
    words = ("--socket", str(home.path / "venue.sock"), "--seed", str(seed))
    return EngineProcess(
        home,
        (*words, *(() if moment is None else ("--moment", moment))),
        program=(sys.executable, "-m", "tests.e2e.remote.engine_program"),
        environment=environment(home),
        cwd=ROOT,
    )


def test_an_engine_killed_at_any_moment_agrees_with_a_venue_that_lived_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(
        os.environ.get("KILL_SEED") or (20261123 if "CI" in os.environ else secrets.randbits(32))
    )
    rng = random.Random(seed)  # noqa: S311  (reproducible on purpose)
    script = Script(rng)
    with reproducible(f"KILL_SEED={seed}"), short_home() as home, venue(home, seed % 1000):
        judge = Judge(home.engine() / "journal.db", home.path / "venue.log")
        for number in range(1, ROUNDS + 1):
            kill_amid_orders(home, script, rng)
            judge.kill()
            if number % SETTLE_EVERY == 0 or number == ROUNDS:
                settle_and_compare(home, judge, script)
        truth = judge.truth()
        told = {request: [script.answered[request]] for request in script.requests}
        assert judge.made.by_request == told, "a request became no order, or two"
        with capsys.disabled():
            sys.stdout.write(
                f"\nKILL_SEED={seed}: {judge.kills} kills, {judge.in_flight} with an order in flight, "
                f"by class {dict(judge.classes)}; {len(script.requests)} requests, "
                f"{len(truth.orders)} orders at the venue, {len(truth.fills)} fills; lost 0, doubled 0\n"
            )
        if judge.kills >= ENOUGH:
            assert judge.in_flight >= judge.kills * 6 // 10
            for name in ("intent-send", "send-ack", "ack-fill"):
                assert judge.classes[name] >= judge.kills // 10, judge.classes
    assert judge.in_flight


def kill_amid_orders(home: Home, script: Script, rng: random.Random) -> None:
    """Let it trade, and end it with SIGKILL: by its own hand at the worst moment, or from outside at any."""
    moment = rng.choice([None, *MOMENTS])
    engine = start(home, moment, rng.getrandbits(30))
    killer = threading.Timer(rng.uniform(0.0, 1.0), engine.process.kill)
    try:
        if not came_up(engine):
            return  # killed by itself while it recovered
        killer.start()
        # It may have killed itself between its first answer and this.
        with suppress(ControlError), engine.client() as client:
            script.send_some(client)
        killer.join()
    finally:
        killer.cancel()
        engine.kill()


def came_up(engine: EngineProcess) -> bool:
    """Wait until it answers; return whether it did before it killed itself."""

    def answers_or_died() -> bool:
        if engine.process.poll() is not None:
            return True
        try:
            with engine.client() as client:
                return client.hello().pid == engine.pid
        except ControlError:
            return False

    wait_until(answers_or_died, "the engine answers or dies", SETTLE_S)
    if engine.process.poll() is None:
        return True
    assert engine.process.returncode == -9, engine.log[-2000:]
    return False


def settle_and_compare(home: Home, judge: Judge, script: Script) -> None:
    """Let one engine live until it knows everything again; then both sides must say the same."""
    engine = start(home, None, 0)
    try:
        engine.wait_up()
        with engine.client() as client:
            wait_until(lambda: is_quiet(client), "everything is known again", SETTLE_S)
            script.repeat_unanswered(client)
            wait_until(lambda: is_quiet(client), "everything is known again", SETTLE_S)
            said = [""]

            def agrees() -> bool:
                said[0] = judge.difference(client)
                return not said[0]

            try:
                wait_until(agrees, "engine and venue agree", SETTLE_S)
            except AssertionError as error:
                raise AssertionError(said[0]) from error
            status = client.status()
            assert status.trading_state == "ACTIVE", status.reason
    finally:
        engine.terminate()
    assert judge.books() == ""
    assert verify(home.engine()).problems == ()


def is_quiet(client: ControlClient) -> bool:
    """Return whether nothing is unknown or on its way."""
    orders = client.orders(working_only=True)
    moving = {"created", "unknown", "pending_cancel", "pending_replace"}
    return client.status().unresolved == 0 and not any(order.state in moving for order in orders)
