"""`tradebot data` as a person or a script calls it."""

import json
from pathlib import Path

import pytest

from tradebot.engine.cli.dispatch import run_command

BARS = "time,open,high,low,close,volume\n" + "".join(
    f"2024-01-01T00:{minute:02}:00Z,10,11,9.5,10.25,3\n" for minute in range(5)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def bars(tmp_path: Path) -> str:
    path = tmp_path / "btcusdt-1m.csv"
    path.write_text(BARS)
    return str(path)


def test_import_shows_what_was_guessed(
    home: Path, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["data", "import", "csv", bars, "--json"]) == 0
    (dataset,) = json.loads(capsys.readouterr().out)["datasets"]
    assert dataset["dataset"] == "csv:BTCUSDT/bars-1m"
    assert dataset["rows"] == 5
    assert dataset["from"] == "2024-01-01T00:01:00Z"
    assert dataset["guesses"]["stamp"] == "open"
    assert dataset["instrument_records"][0]["tick"] == "0.25"
    assert (home / "data" / "datasets").is_dir()


def test_imported_dataset_is_listed_shown_checked_and_asked(
    home: Path, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "import", "csv", bars, "--name", "mine", "--stamp", "close", "--tick", "0.01"]
    words += ["--symbol", "x:Y", "--currency", "EUR", "--zone", "UTC", "--time-column", "time"]
    assert run_command(words) == 0
    assert "tick\t0.01" in capsys.readouterr().out
    assert run_command(["data", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["datasets"]
    assert (listed["dataset"], listed["kinds"], listed["instruments"]) == (
        "mine",
        ["bars-1m"],
        ["x:Y"],
    )
    assert run_command(["data", "list"]) == 0
    assert capsys.readouterr().out.startswith("mine\tbars-1m\t5 rows\t2024-01-01T00:00:00Z")
    assert run_command(["data", "show", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == listed["sha256"]
    assert run_command(["data", "show", "mine"]) == 0
    assert "instrument\tx:Y" in capsys.readouterr().out
    assert run_command(["data", "sql", 'SELECT max(high) AS top FROM "mine"', "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"] == [{"top": "11.00"}]
    assert answer["truncated"] is False
    assert run_command(["data", "sql", 'SELECT seq FROM "mine" ORDER BY seq', "--rows", "2"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "seq\n0\n1\n"
    assert "more than 2 rows" in captured.err
    assert run_command(["data", "check", "mine"]) == 0
    capsys.readouterr()
    next((home / "data").rglob("*.parquet")).write_bytes(b"x")
    assert run_command(["data", "check", "mine", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["wrong"]) == 1


def test_empty_store_says_how_to_fill_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["data", "list"]) == 0
    assert "tradebot data import" in capsys.readouterr().out
    assert run_command(["data", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"datasets": []}
    assert not home.exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (
            ["import", "nope", "BARS"],
            2,
            "format must be one of binance-raw, cryptofeed, csv, lean, lobster",
        ),
        (["import", "databento", "BARS"], 2, "comes later"),
        (["import", "csv", "/nowhere"], 2, "/nowhere must be a file that exists"),
        (["import", "csv", "BARS", "--stamp", "noon"], 2, "--stamp must be open or close"),
        (["import", "csv", "BARS", "--tick", "x"], 2, "--tick must be a decimal number"),
        (["import", "csv", "BARS", "--zone", "Mars"], 2, "zone must be like"),
        (["import", "csv", "BARS", "--name", "NO"], 2, "dataset must be"),
        (["import", "lobster", "BARS"], 1, "lobster needs its 2 files"),
        (["import", "binance-raw", "BARS"], 1, "no event found"),
        (["show", "NO"], 2, "dataset must be"),
        (["show", "none"], 1, "no dataset 'none'"),
        (["check", "none"], 1, "no dataset 'none'"),
        (["sql", "DROP TABLE x"], 1, "sql must be one SELECT"),
        (["sql", "SELECT nonsense"], 1, "sql failed"),
    ],
)
def test_failures_are_one_line_with_their_exit_code(
    words: list[str], code: int, text: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [bars if word == "BARS" else word for word in words]
    assert run_command(["data", *arguments]) == code
    captured = capsys.readouterr()
    assert text in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.recorded
def test_recorded_spot_is_imported_under_an_own_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import os

    folder = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not folder:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    path = Path(folder) / "binance_raw/spot_btcusdt_20240808.gz"
    assert (
        run_command(["data", "import", "binance-raw", str(path), "--name", "spot", "--json"]) == 0
    )
    (dataset,) = json.loads(capsys.readouterr().out)["datasets"]
    assert dataset["kinds"] == ["book", "quotes", "trades"]
    assert (dataset["rows"], dataset["messages"]) == (41_247, 41_249)
    assert home.is_dir()


def test_fetch_says_what_is_wrong_before_anything_is_asked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "fetch"]
    assert run_command([*words, "kraken", "XBTUSD"]) == 2
    assert "venue must be one of binance, alpaca, was 'kraken'" in capsys.readouterr().err
    assert run_command([*words, "alpaca", "AAPL"]) == 3
    assert "only pairs as BTC/USD need none" in capsys.readouterr().err
    assert run_command([*words, "alpaca", "BTC/USD", "--kind", "bars-7m"]) == 2
    assert "kind of alpaca must be one of trades, bars-1m" in capsys.readouterr().err
    assert run_command([*words, "alpaca", "BTC/USD", "--account", "mine"]) == 3
    assert "known: none" in capsys.readouterr().err
    late = ["--from", "2026-01-02", "--to", "2026-01-01"]
    assert run_command([*words, "alpaca", "BTC/USD", *late]) == 2
    assert "--from must be before --to" in capsys.readouterr().err
    assert not home.exists() or not list(home.rglob("manifest.json"))
