"""What starting the program costs; `make bench`."""

import subprocess
import sys

from pytest_benchmark.fixture import BenchmarkFixture


def test_help(benchmark: BenchmarkFixture) -> None:
    words = [sys.executable, "-m", "tradebot.engine.cli", "--help"]
    benchmark.pedantic(  # pyright: ignore[reportUnknownMemberType]  (the plugin tells no types)
        lambda: subprocess.run(words, capture_output=True, check=True), rounds=12, warmup_rounds=1
    )
