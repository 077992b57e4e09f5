"""`tradebot data export`: out again, exact, and in again."""

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.cli.dispatch import run_command

BARS = "time,open,high,low,close,volume\n" + "".join(
    f"2024-01-01T00:{minute:02}:00Z,10.1,11,9.5,10.{25 + minute},3.{minute}\n"
    for minute in range(5)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path / "home"))
    path = tmp_path / "btcusdt-1m.csv"
    path.write_text(BARS)
    assert run_command(["data", "import", "csv", str(path), "--name", "mine"]) == 0
    return tmp_path / "home"


def test_bars_exported_as_csv_and_imported_again_are_the_same_bars(
    home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    assert run_command(["data", "export", "mine", str(out)]) == 0
    words = ["data", "import", "csv", str(out), "--name", "again", "--stamp", "close"]
    assert run_command([*words, "--symbol", "csv:BTCUSDT"]) == 0
    store = Store(home / "data")
    assert list(replay(store, "again")) == list(replay(store, "mine"))


def test_json_lines_and_parquet_hold_exact_decimals(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, parquet = tmp_path / "out.jsonl", tmp_path / "out.parquet"
    capsys.readouterr()
    assert run_command(["data", "export", "mine", str(lines), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 5
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [Decimal(row["close"]) for row in rows] == [
        Decimal("10.25") + Decimal(minute) / 100 for minute in range(5)
    ]
    assert rows[0]["time"] == "2024-01-01T00:01:00.000000Z"
    assert all(isinstance(row["volume"], str) for row in rows)
    span = ["--from", "2024-01-01T00:02:00Z", "--to", "2024-01-01T00:04:00Z"]
    assert run_command(["data", "export", "mine", str(parquet), *span]) == 0
    assert pl.read_parquet(parquet).get_column("close").to_list() == [
        Decimal("10.26"),
        Decimal("10.27"),
    ]


def test_an_export_that_cannot_be_done_leaves_no_file_and_the_old_one_alone(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.is_dir()
    out = tmp_path / "out.csv"
    before = sorted(tmp_path.iterdir())
    assert run_command(["data", "export", "mine", str(out), "--from", "2030-01-01"]) == 1
    assert "no bars-1m in that span" in capsys.readouterr().err
    assert run_command(["data", "export", "mine", str(out), "--kind", "book"]) == 1
    assert run_command(["data", "export", "none", str(out)]) == 1
    assert run_command(["data", "export", "mine", str(tmp_path / "out.xls")]) == 2
    assert "must end in one of .csv, .jsonl, .parquet" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
    out.write_text("precious")
    assert run_command(["data", "export", "mine", str(out)]) == 2
    assert out.read_text() == "precious"
    assert run_command(["data", "export", "mine", str(out), "--replace"]) == 0
    assert out.read_text().startswith("time,instrument,")
