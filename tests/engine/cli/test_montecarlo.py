"""`tradebot montecarlo`: exact JSON, error bars, bad input named."""

import json
from pathlib import Path

import pytest

from tradebot.engine.cli.dispatch import run_command

QUICK = ["--paths", "2000", "--steps", "4", "--seed", "3"]


def test_json_is_the_same_from_the_same_seed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["montecarlo", "gbm", "--mu", "0.08", "--sigma", "0.2", "--target", "1.1", *QUICK]
    assert run_command([*words, "--json", "--threads", "1"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert run_command([*words, "--json", "--threads", "2"]) == 0
    two = json.loads(capsys.readouterr().out)
    for found in (one, two):
        found["plan"].pop("threads")
    assert one == two
    assert one["target"]["low"] < one["target"]["value"] < one["target"]["high"]
    assert one["ruin"] is None


@pytest.mark.parametrize(
    "words",
    [
        ["student", "--mean", "0", "--deviation", "0.01", "--nu", "5"],
        [
            "jump",
            "--mu",
            "0.1",
            "--sigma",
            "0.2",
            "--intensity",
            "1",
            "--jump-mean",
            "-0.1",
            "--jump-deviation",
            "0.1",
        ],
        [
            "regime",
            "--next",
            "0.9,0.1",
            "--next",
            "0.2,0.8",
            "--law",
            "0.001,0.01",
            "--law",
            "0,0.03",
            "--start",
            "1,0",
        ],
    ],
)
def test_each_model_prints_a_table_with_error_bars(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["montecarlo", *words, *QUICK, "--ruin", "0.9"]) == 0
    out = capsys.readouterr().out
    assert "95 % from" in out
    assert "chance of ruin, seen on steps" in out


def test_a_file_of_returns_is_resampled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "returns.txt"
    file.write_text("\n".join(["0.01", "-0.02", "0.015", "0.0"] * 5))
    assert run_command(["montecarlo", "bootstrap", str(file), *QUICK, "--plain"]) == 0
    assert "mean wealth\t" in capsys.readouterr().out
    file.write_text("0.01\nten\n")
    assert run_command(["montecarlo", "bootstrap", str(file), *QUICK]) == 2
    assert "returns.txt:2 must be a number, was 'ten'" in capsys.readouterr().err
    file.write_text("0.01\n-0.02\n")
    assert run_command(["montecarlo", "bootstrap", str(file), *QUICK]) == 2
    needs = "tradebot: a block length needs at least 8 values, got 2: add returns or give a block length"
    assert capsys.readouterr().err == f"{needs}\n"


def test_bad_input_names_the_bound(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["montecarlo", "gbm", "--mu", "0.1", "--sigma", "0.2", "--ruin", "2", *QUICK]
    assert run_command(words) == 2
    assert "ruin must be in (0, 1), a share of the start, was 2" in capsys.readouterr().err
