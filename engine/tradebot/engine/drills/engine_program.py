"""The real engine, put into a drill's world; it ends when its input does, so that it never outlives the drill."""

import argparse
import os
import signal
import sys
import threading
from decimal import Decimal
from pathlib import Path

from tradebot.engine.config.load import load
from tradebot.engine.drills.world import RemotePlace
from tradebot.engine.live.main import run_engine
from tradebot.engine.live.options import RunOptions
from tradebot.engine.observability.logs import logging_to


def main() -> int:
    """Run the engine until it is killed, stopped, or nobody holds its input any more."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--socket", type=Path, required=True)
    words = parser.parse_args()
    options = RunOptions(
        name=words.name,
        market="drill",
        speed=Decimal(1),
        seed=1,
        listen=None,
        until_consoles_leave=False,
        at_end=None,
        config=load(os.environ).config,
    )
    threading.Thread(target=_end_with_input, daemon=True).start()
    with logging_to("json") as logs:
        return run_engine(options, logs, lambda _: RemotePlace(words.socket))


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
