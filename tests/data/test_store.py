"""Datasets in, out, asked and damaged."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tradebot.data import parts
from tradebot.data.errors import DatasetError, DatasetNameError
from tradebot.data.importers.opening import open_importer
from tradebot.data.manifest import Manifest
from tradebot.data.replay import replay
from tradebot.data.store import Store

type Lines = list[str]
type Write = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


@pytest.fixture
def put(
    store: Store, binance: Callable[..., Lines], write: Write
) -> Callable[..., tuple[Manifest, ...]]:
    def put_invented(seed: int, name: str | None = None) -> tuple[Manifest, ...]:
        path = write(f"{seed}.txt", binance(seed))
        importer, sources = open_importer("binance-raw", [path])
        return store.put(importer, sources, name=name)

    return put_invented


type Put = Callable[..., tuple[Manifest, ...]]


def test_without_a_name_each_kind_is_a_dataset(store: Store, put: Put) -> None:
    manifests = put(1)
    names = [f"binance:BTCUSDT/{kind}" for kind in ("book", "quotes", "trades")]
    assert [manifest.dataset for manifest in manifests] == names
    assert [manifest.dataset for manifest in store.list()] == names
    assert store.show(names[2]) == manifests[2]
    assert manifests[2].rows == 9
    assert manifests[2].messages == 130
    assert manifests[0].problems["stale"].count == manifests[2].problems["stale"].count > 0


def test_own_name_holds_all_kinds_and_a_venue_name_its_own(store: Store, put: Put) -> None:
    (whole,) = put(1, "mine/day")
    assert {file.kind for file in whole.files} == {"book", "quotes", "trades"}
    (trades,) = put(1, "binance:BTCUSDT/trades")
    assert {file.kind for file in trades.files} == {"trades"}
    assert store.instruments("mine/day")[0].id == "binance:BTCUSDT"
    with pytest.raises(DatasetError, match=r"nothing of kraken:X/trades.*it has binance:BTCUSDT"):
        put(1, "kraken:X/trades")
    with pytest.raises(DatasetNameError):
        put(1, "Not A Name")


def test_same_file_twice_gives_equal_bytes_and_replaces(store: Store, put: Put) -> None:
    (first,) = put(1, "mine")
    folder = store.path_of("mine", first.files[0]).parent
    bytes_before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (again,) = put(1, "mine")
    assert again == first
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == bytes_before
    (other,) = put(2, "mine")
    assert other.sha256 != first.sha256
    assert len(list(folder.iterdir())) == len(other.files) + 1
    assert [path for path in store.folder.iterdir() if path.name.startswith("import-")] == []


def test_rows_come_back_as_integers_in_order(store: Store, put: Put) -> None:
    put(1, "mine")
    trades = store.get("mine", "trades").collect()
    assert trades.height == 9
    assert trades.get_column("seq").is_sorted()
    assert trades.schema["price"] == pl.Int64
    with pytest.raises(DatasetError, match="kind must be one of book, quotes, trades"):
        store.get("mine")
    with pytest.raises(DatasetError, match="was bars-1m"):
        store.get("mine", "bars-1m")


def test_parts_are_replayed_as_one(store: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(1, "whole")
    monkeypatch.setattr(parts, "_ROWS_MAX", {"book": 7})
    monkeypatch.setattr(parts, "_ROWS_MAX_OTHERS", 11)
    (split,) = put(1, "split")
    assert len(split.files) > 10
    assert list(replay(store, "split")) == list(replay(store, "whole"))
    assert store.sql('SELECT count(*) FROM "split/quotes"').rows == ((60,),)


def test_failed_import_leaves_the_store_as_it_was(store: Store, put: Put, write: Write) -> None:
    put(1, "mine")
    importer, sources = open_importer("binance-raw", [write("junk", ["junk", "1 {}"])])
    with pytest.raises(
        DatasetError, match="no event found in 2 messages, 2 of them malformed; first"
    ):
        store.put(importer, sources, name="mine")
    assert [manifest.dataset for manifest in store.list()] == ["mine"]
    assert store.check("mine") == ()


def test_missing_and_damaged_datasets_say_what_to_do(store: Store, put: Put) -> None:
    with pytest.raises(DatasetError, match="the store is empty; tradebot data import"):
        store.show("none")
    assert store.list() == ()
    (manifest,) = put(1, "mine")
    with pytest.raises(DatasetError, match="there are mine"):
        store.show("none")
    book, quotes, _ = (store.path_of("mine", file) for file in manifest.files)
    book.write_bytes(book.read_bytes()[:-5])
    quotes.unlink()
    wrong = store.check("mine")
    assert len(wrong) == 2
    assert "sha256" in wrong[0]
    assert "is missing" in wrong[1]
    with pytest.raises(DatasetError, match="import mine again"):
        list(replay(store, "mine"))
    path = book.parent / "manifest.json"
    newer = path.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 9')
    path.write_bytes(newer)
    with pytest.raises(DatasetError, match="use a newer tradebot"):
        store.show("mine")
    path.write_bytes(b"{}")
    with pytest.raises(DatasetError, match="damaged"):
        store.show("mine")


def test_manifest_cannot_point_out_of_its_folder(store: Store, put: Put) -> None:
    (manifest,) = put(1, "mine")
    path = store.path_of("mine", manifest.files[0]).parent / "manifest.json"
    name = manifest.files[0].path.encode()
    path.write_bytes(path.read_bytes().replace(name, b"../../../etc/passwd"))
    with pytest.raises(DatasetError, match="must be in its folder"):
        store.get("mine", "book")


def test_removed_dataset_is_gone(store: Store, put: Put) -> None:
    put(1, "mine")
    store.remove("mine")
    assert store.list() == ()
    with pytest.raises(DatasetError, match="no dataset"):
        store.remove("mine")


def test_sql_gives_exact_decimals_and_utc(store: Store, put: Put) -> None:
    put(1, "mine")
    put(1)
    result = store.sql(
        'SELECT instrument, received, price, quantity FROM "mine/trades" ORDER BY seq'
    )
    assert [column.name for column in result.columns] == [
        "instrument",
        "received",
        "price",
        "quantity",
    ]
    instrument, received, price, quantity = result.rows[0]
    assert instrument == "binance:BTCUSDT"
    assert isinstance(received, str)
    assert received.endswith("Z")
    assert isinstance(price, str)
    assert len(price.partition(".")[2]) == 2
    assert quantity == "0.001"
    same = store.sql('SELECT count(*), sum(price) FROM "binance:BTCUSDT/trades"')
    assert same.rows == store.sql('SELECT count(*), sum(price) FROM "mine/trades"').rows
    levels = store.sql("SELECT bid_prices FROM \"mine/book\" WHERE event = 'snapshot'").rows[0][0]
    assert isinstance(levels, list)
    assert isinstance(levels[0], str)


def test_sql_is_bounded(store: Store, put: Put) -> None:
    put(1, "mine")
    result = store.sql("SELECT * FROM range(100)", rows_max=10)
    assert len(result.rows) == 10
    assert result.truncated
    odd = store.sql(
        "SELECT 'nan'::DOUBLE, 2::HUGEINT ** 100, {'a': 1.5}, DATE '2024-01-01', NULL"
    ).rows
    assert odd[0][0] is None
    assert odd[0][2:] == ({"a": "1.5"}, "2024-01-01", None)


@pytest.mark.parametrize(
    "query",
    [
        "",
        'DROP VIEW "mine/trades"',
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO '/tmp/never-written'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "INSTALL httpfs",
        "SET memory_limit = '100GB'",
        "ATTACH '/tmp/never-made.db'",
        "PRAGMA version",
        "SELECT * FROM nowhere",
        "nonsense",
    ],
)
def test_sql_that_is_no_select_over_the_store_is_refused(
    store: Store, put: Put, query: str
) -> None:
    put(1, "mine")
    with pytest.raises(DatasetError, match="sql "):
        store.sql(query)
    assert not Path("/tmp/never-written").exists()  # noqa: S108 nothing may be written there
