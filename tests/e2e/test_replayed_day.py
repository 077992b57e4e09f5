"""A recording replayed at full speed with two sleeves: the same bytes, decided again, what was altered named."""

import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import msgspec
import pytest
import zstandard
from tests.e2e.engine_process import Home

from tradebot.data.events import AnyMarketEvent, BookDelta, Trade
from tradebot.data.importers.opening import open_importer
from tradebot.data.store import Store
from tradebot.engine.journal.blocks import (
    HEADER_BYTES,
    Block,
    SegmentHeader,
    chain_after,
    encode_record,
    pack_block,
    pack_header,
    read_blocks,
    read_header,
    segment_files,
    unpack_records,
)
from tradebot.engine.journal.codec import JsonValue

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.recorded]

SLEEVES = """
[engine]
mode = "sandbox"

[sleeves.touch]
policy = "{touch}"
symbols = ["binance:BTCUSDT"]
capital = "20%"
run = "live"

[sleeves.demon]
policy = "tradebot.engine.policies.rebalance:Rebalance"
symbols = ["binance:BTCUSDT"]
capital = "20%"
run = "live"
"""
TOUCH = "tradebot.engine.policies.touch:Touch"

type Line = dict[str, JsonValue]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recorded = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not recorded:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    source = Path(recorded) / "binance_raw" / "spot_btcusdt_20240808.gz"
    importer, sources = open_importer("binance-raw", [source])
    folder = tmp_path_factory.mktemp("data")
    Store(folder).put(importer, sources, name="spot/day")
    return folder


@pytest.fixture(scope="module")
def day(data: Path, tmp_path_factory: pytest.TempPathFactory) -> "Day":
    """The day as run once: with a file policy, so that a test may change a line of it."""
    return run_day(tmp_path_factory.mktemp("day"), data, touch="touch.py:Touch")


class Day:
    """A home in which the recording was run to its end."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.exported = exported(home)
        self.lines = [cast("Line", json.loads(line)) for line in self.exported.splitlines()]

    def copy(self, folder: Path) -> "Day":
        """Return a copy that may be altered; the data is not needed any more."""
        path = folder / "copy"
        shutil.copytree(self.home.path, path, symlinks=True)
        other = Day.__new__(Day)
        other.home, other.exported, other.lines = Home(path), self.exported, self.lines
        return other


def exported(home: Home) -> str:
    done = home.run("journal", "export", "--canonical")
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_day(
    folder: Path, data: Path, *, seed: int = 7, hash_seed: int = 1, touch: str = TOUCH
) -> Day:
    folder.chmod(0o700)
    (folder / "data").symlink_to(data)
    (folder / "tradebot.toml").write_text(SLEEVES.format(touch=touch))
    (folder / "tradebot.toml").chmod(0o600)
    if touch != TOUCH:
        import tradebot.engine.policies.touch as shipped

        (folder / "policies").mkdir(mode=0o700)
        shutil.copy(Path(shipped.__file__), folder / "policies" / "touch.py")
        (folder / "policies" / "touch.py").chmod(0o600)
    home = Home(folder, {"PYTHONHASHSEED": str(hash_seed)})
    done = home.run(
        "run", "--market", "replay:spot/day", "--speed", "max", "--seed", str(seed), timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Day(home)


def redecided(home: Home) -> tuple[int, Line]:
    done = home.run("journal", "check", "--redecide", "--json", timeout=600)
    return done.returncode, cast("Line", json.loads(done.stdout or "null"))


def test_two_runs_under_two_hash_seeds_export_the_same_bytes_and_another_seed_does_not(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Folders of their own with short names: a socket's path has at most 100 bytes.
    one = run_day(tmp_path_factory.mktemp("one"), data, hash_seed=1)
    two = run_day(tmp_path_factory.mktemp("two"), data, hash_seed=2)
    assert one.exported == two.exported
    other = run_day(tmp_path_factory.mktemp("other"), data, seed=8)
    orders = [[line for line in day.lines if line["kind"] == "submit"] for day in (one, other)]
    assert [line["order"] for line in orders[0]] != [line["order"] for line in orders[1]]


def test_both_policies_trade_and_some_orders_are_filled_in_part_and_some_cancelled(
    day: Day,
) -> None:
    submitted: dict[str, tuple[str, int]] = {}
    fills: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    cancelled: set[str] = set()
    for line in day.lines:
        about = str(line.get("client_order_id"))
        if line["kind"] == "submit":
            order = cast("dict[str, str | int]", line["order"])
            submitted[str(order["client_order_id"])] = (str(order["owner"]), int(order["quantity"]))
        elif line["kind"] == "order-filled":
            fills[submitted[about][0]] += 1
            filled[about] += cast("int", line["quantity"])
        elif line["kind"] == "order-cancelled":
            cancelled.add(about)
    assert len(submitted) >= 200
    assert fills.total() >= 100
    assert fills["touch"] >= 20
    assert fills["demon"] >= 20
    assert [name for name in cancelled if not filled[name]]
    assert [name for name in cancelled if 0 < filled[name] < submitted[name][1]]
    assert [name for name, (_, quantity) in submitted.items() if filled[name] == quantity]


def test_recorded_day_is_decided_again_as_it_was(day: Day) -> None:
    code, found = redecided(day.home)
    assert (code, found["agreed"], found["first_difference"]) == (0, True, None)
    assert found["notes"] == []
    assert day.home.run("journal", "verify").returncode == 0


def test_a_policy_file_changed_since_decides_nothing_of_a_recorded_day(
    day: Day, tmp_path: Path
) -> None:
    altered = day.copy(tmp_path)
    policy = altered.home.path / "policies" / "touch.py"
    policy.write_text("raise SystemExit('the record holds the code it was decided with')\n")
    code, found = redecided(altered.home)
    assert (code, found["first_difference"]) == (0, None)


def test_a_changed_line_of_the_recorded_policy_is_named_by_its_first_differing_seq(
    day: Day, tmp_path: Path
) -> None:
    altered = day.copy(tmp_path)
    change_source(altered, "else held - params.size", "else held - 2 * params.size")
    code, found = redecided(altered.home)
    assert code == 1
    difference = cast("Line", found["first_difference"])
    seq = cast("int", difference["seq"])
    assert [line["kind"] for line in altered.lines if line["seq"] == seq]
    assert "order" in str(difference["expected"])
    assert any("touch ran version" in str(note) for note in cast("list[str]", found["notes"]))
    # What came before it is decided as recorded: the record is agreed with up to the step before.
    assert found["steps"] == seq


def change_source(day: Day, old: str, new: str) -> None:
    """Change one line of a policy where the journal keeps it."""
    with closing(sqlite3.connect(day.home.engine() / "journal.db")) as journal:
        rows = cast(
            "list[tuple[str, str]]", journal.execute("SELECT version, text FROM sources").fetchall()
        )
        ((version, text),) = [row for row in rows if old in row[1]]
        assert text.count(old) == 1
        journal.execute(
            "UPDATE sources SET text = ? WHERE version = ?", (text.replace(old, new), version)
        )
        journal.commit()


def deciding_delta(day: Day, start: int = 2000) -> int:
    """Return the seq of a market event that led to an order of the quoter."""
    for line in day.lines:
        seq = cast("int", line["seq"])
        if seq > start and line["index"] == 1 and line["kind"] == "submit":
            return seq
    raise AssertionError("no such order")


def alter(
    market: Path, seq: int, change: Callable[[AnyMarketEvent], AnyMarketEvent], *, chained: bool
) -> None:
    """Write all segments anew with one event changed; every checksum right, the chains too if told so."""
    chain: int | None = None
    compressor = zstandard.ZstdCompressor()
    for path in segment_files(market):
        header = read_header(path)
        chain = header.chain if chain is None else chain
        data = pack_header(
            SegmentHeader(chain if chained else header.chain, header.after_seq, header.opened)
        )
        for part in read_blocks(path, HEADER_BYTES):
            assert isinstance(part, Block)
            chains: list[int] = []
            bodies: list[bytes] = []
            for record in unpack_records(part):
                place, now, event = record.decode()
                body = encode_record(place, now, change(event)) if place == seq else record.body
                chain = chain_after(chain, body)
                bodies.append(body)
                chains.append(chain if chained else record.chain)
            block, _ = pack_block(chains, b"".join(bodies), compressor)
            data += block
        path.write_bytes(data)


def without_touch(event: AnyMarketEvent) -> AnyMarketEvent:
    """Empty every level of a book update: the touch it brought is gone."""
    assert isinstance(event, BookDelta)
    return msgspec.structs.replace(
        event,
        bids=tuple((price, 0) for price, _ in event.bids),
        asks=tuple((price, 0) for price, _ in event.asks),
    )


def one_unit_more(event: AnyMarketEvent) -> AnyMarketEvent:
    assert isinstance(event, Trade)
    return msgspec.structs.replace(event, quantity=event.quantity + 1)


def test_an_altered_market_event_is_named_though_every_checksum_is_right(
    day: Day, tmp_path: Path
) -> None:
    seq = deciding_delta(day)
    altered = day.copy(tmp_path)
    alter(altered.home.engine() / "market", seq, without_touch, chained=False)
    code, found = redecided(altered.home)
    difference = cast("Line", found["first_difference"])
    assert (code, difference["seq"]) == (1, seq)


def test_an_altered_market_event_is_named_by_what_it_decides_when_the_chain_is_forged_too(
    day: Day, tmp_path: Path
) -> None:
    seq = deciding_delta(day)
    altered = day.copy(tmp_path)
    alter(altered.home.engine() / "market", seq, without_touch, chained=True)
    code, found = redecided(altered.home)
    difference = cast("Line", found["first_difference"])
    assert (code, difference["seq"]) == (1, seq)
    assert "submit" in str(difference["expected"])


def test_an_altered_print_that_decides_nothing_is_named_at_the_next_step_of_the_journal(
    day: Day, tmp_path: Path
) -> None:
    steps = [cast("int", line["seq"]) for line in day.lines]
    altered = day.copy(tmp_path)
    market = altered.home.engine() / "market"
    prints = [seq for seq in trades_in(market) if seq > 2000 and seq not in steps]
    alter(market, prints[0], one_unit_more, chained=True)
    code, found = redecided(altered.home)
    difference = cast("Line", found["first_difference"])
    assert (code, difference["seq"]) == (1, min(seq for seq in steps if seq > prints[0]))
    assert re.search("market", str(difference["expected"]))


def trades_in(market: Path) -> list[int]:
    found: list[int] = []
    for path in segment_files(market):
        for part in read_blocks(path, HEADER_BYTES):
            assert isinstance(part, Block)
            for record in unpack_records(part):
                seq, _, event = record.decode()
                if isinstance(event, Trade):
                    found.append(seq)
    return found
