"""`tradebot size`: the worked ticket, exact JSON, and one line for what is out of bounds."""

import json
from pathlib import Path

import pytest

from tradebot.engine.cli.dispatch import run_command

PRICES = ["--entry", "59998.5", "--stop", "58800", "--target", "63600"]
TRADE = ["trade", *PRICES, "--fee", "0.1%", "--equity", "102431.20"]
AIM = [
    "--wealth",
    "100",
    "--goal",
    "150",
    "--years",
    "2",
    "--r",
    "0.03",
    "--mu",
    "0.08",
    "--sigma",
    "0.2",
]

RUNS = [
    [*TRADE, "--won", "13", "--lost", "28", "--risk", "0.25%"],
    ["record", "--won", "13", "--lost", "28", "--pays", "2.64"],
    ["returns", "--returns", "0.021,-0.013,0.034,-0.027"],
    ["binary", "--win", "60%", "--pays", "1"],
    ["discrete", "--returns=-1,0.5,2", "--chances", "0.4,0.4,0.2"],
    ["merton", "--mu", "0.1", "--sigma", "0.2", "--r", "0.03", "--error", "0.1"],
    ["target", *AIM, "--cap", "1", "--floor", "80"],
    ["hybrid", *AIM],
    ["payoff", "--price", "100", "--years", "0.5", "--leg", "spot:1:stop=95", "--paths", "200"],
]


def figures(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, float]:
    assert run_command(["size", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["figures"]


def test_the_ticket_of_the_handbook(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, *TRADE, "--won", "13", "--lost", "28", "--risk", "0.25%")
    assert round(found["pays"], 2) == 2.64
    assert round(found["break_even"], 3) == 0.275
    assert found["careful_units"] == 0.0
    assert round(found["half_kelly_units"], 3) == 2.727
    assert round(found["sure_of_edge"], 2) == 0.76
    assert round(found["at_risk"], 2) == 256.08


def test_no_edge_is_told_and_nothing_is_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["size", *TRADE]) == 0
    out = capsys.readouterr().out
    assert "your edge is not stated: Kelly says 0" in out
    assert "half kelly" not in out


@pytest.mark.parametrize("words", RUNS, ids=lambda words: words[0])
def test_each_is_told_drawn_and_exact(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["size", *words]) == 0
    assert "figure" in capsys.readouterr().out
    assert figures(capsys, *words)


def test_a_market_file_and_a_table_of_returns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = tmp_path / "market.json"
    market.write_text(
        '{"mu": [0.08, 0.11], "sd": [0.18, 0.25], "corr": [[1, 0.5], [0.5, 1]], "r": 0.03}'
    )
    assert figures(capsys, "portfolio", str(market), "--cap", "0.9")["net"] <= 1.0
    table = tmp_path / "returns.csv"
    table.write_text("0.25,-0.1\n-0.05,0.2\n-0.2,0.05\n0.1,-0.08\n")
    found = figures(capsys, "risk-constrained", str(table), "--alpha", "0.8", "--beta", "0.1")
    assert found["growth"] <= found["kelly_growth"]
    assert found["proof_gap"] < 1e-9


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["binary", "--win", "1.2", "--pays", "1"], "--win must be in (0, 1), was 1.2"),
        (["binary", "--win", "0.5", "--pays", "0"], "--pays must be > 0, was 0"),
        (["discrete", "--returns", "1,2", "--chances", "0.5,0.4"], "chances must sum to 1"),
        (["discrete", "--returns", "1,2", "--chances", "0.5,0.5"], "state a cap"),
        (["record", "--won=-1", "--lost", "2", "--pays", "1"], "won and lost must be >= 0"),
        (["merton", "--mu", "x", "--sigma", "0.2"], "--mu must be a number or a percentage"),
        (["payoff", "--price", "1", "--years", "1", "--leg", "fly:1"], "a leg must be one of"),
        ([*TRADE[:5], "--equity", "1", "--target", "1"], "the target must be above the entry"),
    ],
)
def test_bad_input_names_the_bound(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["size", *words]) == 2
    assert line in capsys.readouterr().err
