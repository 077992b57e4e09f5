"""The journal as JSON lines: readable as it is, comparable as canonical."""

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradebot.engine.core.events import AccountReported, EngineStarted
from tradebot.engine.core.outcomes import SleeveStateSaved
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.journal.export import export_lines, iso

Make = Callable[..., Any]


def lines(journal: Any, *, canonical: bool) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in export_lines(journal, canonical=canonical)]


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_instant_is_written_to_the_nanosecond(ns: int, text: str) -> None:
    assert iso(ns) == text


def test_line_begins_with_its_place_and_holds_the_whole_body(recorder: Make) -> None:
    live = recorder()
    live.history(4)
    first = next(export_lines(live.journal))
    assert first.startswith(
        b'{"seq":1,"index":0,"ts":"2023-11-14T22:13:21.000000000Z","kind":"engine-started",'
    )
    assert first.endswith(b"}\n")
    for row, line in zip(live.journal.rows(), lines(live.journal, canonical=False), strict=True):
        body = msgspec.json.decode(row.body)
        assert (line["seq"], line["index"]) == (row.seq, row.index)
        assert {key: line[key] for key in body} == body
        keys = list(line)
        assert keys[:4] == ["seq", "index", "ts", "kind"]
        assert keys[4:] == sorted(keys[4:])
    live.close()


def test_canonical_lines_of_two_engines_are_equal_and_hold_neither_id_nor_wall_clock(
    recorder: Make,
) -> None:
    texts: list[bytes] = []
    for name, engine in (("one", "abcde"), ("two", "zz234")):
        live = recorder(name, engine)
        live.history()
        texts.append(b"".join(export_lines(live.journal, canonical=True)))
        assert engine in b"".join(export_lines(live.journal)).decode()
        live.close()
    assert texts[0] == texts[1]
    assert b"tb0000000003" in texts[0]
    assert b"abcde" not in texts[0]
    assert b'"wall"' not in texts[0]
    assert b'"ts":' in texts[0]


def test_canonical_line_has_no_time_where_the_clock_is_the_systems(tmp_path: Path) -> None:
    from tradebot.engine.core.events import HaltRequested
    from tradebot.engine.core.types import EngineId
    from tradebot.engine.journal.store import Journal

    with Journal.open(tmp_path / "journal.db") as journal:
        journal.bind(EngineId("abcde"), "paper", "system")
        journal.append_step(1, 5, HaltRequested(reason="r"), (), 0)
        journal.commit()
        assert list(export_lines(journal, canonical=True)) == [
            b'{"seq":1,"index":0,"kind":"halt-requested","reason":"r"}\n'
        ]
        assert b'"ts":"1970-01-01T00:00:00.000000005Z"' in next(export_lines(journal))


def test_canonical_line_keeps_the_policys_name_without_its_folder_and_its_memory_as_json(
    recorder: Make,
) -> None:
    class Memory(msgspec.Struct):
        entry: str
        mean: float

    live = recorder()
    start = EngineStarted(
        schema=1,
        version="0.1.0",
        mode="sandbox",
        market="synthetic",
        currency="USDT",
        account="sandbox",  # pyright: ignore[reportArgumentType]
        instruments=(),
        sleeves=(
            SleeveStarted(
                name="trend",  # pyright: ignore[reportArgumentType]
                policy="/home/me/policies/trend.py:Trend",
                version="0123456789ab",
                account="sandbox",  # pyright: ignore[reportArgumentType]
                symbols=(),
                capital=msgspec.convert("1000", type=__import__("decimal").Decimal),
                params={},
            ),
        ),
        limits={},
    )
    state = msgspec.msgpack.encode(Memory(live.order_id(7), 0.25))
    saved = SleeveStateSaved(sleeve="trend", state=state)  # pyright: ignore[reportArgumentType]
    other = SleeveStateSaved(sleeve="odd", state=b"\xc1")  # pyright: ignore[reportArgumentType]
    live.lane(start, saved, other)
    live.commit()
    started, memory, odd = lines(live.journal, canonical=True)
    assert started["sleeves"][0]["policy"] == "trend.py:Trend"
    assert memory["state"] == {"entry": "tb0000000007", "mean": 0.25}
    assert odd["state"] == "wQ=="
    plain = lines(live.journal, canonical=False)
    assert plain[0]["sleeves"][0]["policy"] == "/home/me/policies/trend.py:Trend"
    assert isinstance(plain[1]["state"], str)
    live.close()


def test_mappings_are_sorted_in_a_line_whatever_order_they_were_made_in(recorder: Make) -> None:
    from decimal import Decimal

    texts: list[bytes] = []
    for name, assets in (("one", ("USDT", "BTC")), ("two", ("BTC", "USDT"))):
        live = recorder(name)
        cash = {asset: Decimal(len(asset)) for asset in assets}
        live.lane(AccountReported(account="a", cash=cash, positions={}, open_orders=()))  # pyright: ignore[reportArgumentType]
        live.commit()
        texts.append(b"".join(export_lines(live.journal, canonical=True)))
        live.close()
    assert texts[0] == texts[1]


def test_export_is_the_same_bytes_whatever_pythons_hash_seed(tmp_path: Path) -> None:
    code = """
        import importlib.util, pathlib, sys
        spec = importlib.util.spec_from_file_location("recording", sys.argv[1])
        recording = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(recording)
        from tradebot.engine.journal.export import export_lines
        live = recording.Recorder(pathlib.Path(sys.argv[2]), sys.argv[3])
        live.history(60)
        sys.stdout.buffer.write(b"".join(export_lines(live.journal, canonical=True)))
        live.close()
    """
    digests: set[str] = set()
    for seed, engine in (("0", "aaaaa"), ("1", "bbbbb"), ("12345", "ccccc")):
        folder = tmp_path / seed
        folder.mkdir()
        conftest = Path(__file__).with_name("conftest.py")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), conftest, folder, engine],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        assert done.stdout.count(b"\n") > 60
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1
