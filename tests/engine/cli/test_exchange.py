"""`tradebot exchange`: what it refuses, in one line."""

from pathlib import Path

import pytest
from tests.engine.cli.conftest import Tradebot


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--speak", "nyse"], "--speak must be some of alpaca, binance, ib"),
        (["--speak", "binance", "--time", "noon"], "--time must be like"),
        (["--speak", "binance", "--faults", "missing.json"], "--faults cannot be read"),
        (["--speak", "binance", "--market", "replay:"], "--market must be synthetic or"),
        (["--speak", "binance", "--port-binance", "70000"], "70000"),
    ],
)
def test_bad_input_is_answered_in_one_line(
    tradebot: Tradebot, home: Path, words: list[str], word: str
) -> None:
    ran = tradebot("exchange", *words)
    assert (ran.code, ran.out) == (2, "")
    assert word in ran.err
    assert ran.err.count("\n") == 1


def test_a_file_of_faults_that_is_none_is_answered_in_one_line(
    tradebot: Tradebot, home: Path
) -> None:
    file = home / "faults.json"
    file.write_text('[{"venue":"binance","fault":"explode"}]')
    ran = tradebot("exchange", "--speak", "binance", "--faults", str(file))
    assert ran.code == 2
    assert "explode" in ran.err
    assert ran.err.count("\n") == 1
