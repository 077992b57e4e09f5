"""Recordings, real and invented, for the data room's tests."""

import gzip
import json
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

type Lines = list[str]
"""A recording's lines without their ends."""

type Writer = Callable[..., Path]
"""Writes lines to a file of a name: `write("a.txt", lines)`."""


@pytest.fixture
def recorded() -> Path:
    folder = os.environ.get("TRADEBOT_RECORDED_DATA")
    if not folder:
        pytest.skip("TRADEBOT_RECORDED_DATA names no folder of recordings")
    return Path(folder)


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def write_lines(name: str, lines: Lines, *, end: str = "\n", packed: bool = False) -> Path:
        path = tmp_path / name
        content = "".join(line + end for line in lines).encode()
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
        return path

    return write_lines


class InventedBook:
    """A seeded market of one symbol that keeps its own truth in plain dicts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 an invented market
        self.bids = {1_000 - step: 5 + step for step in range(8)}
        self.asks = {1_001 + step: 5 + step for step in range(8)}

    def change(self) -> tuple[dict[int, int], dict[int, int]]:
        """Change a few levels; both sides stay non-empty and uncrossed. Return absolute changes."""
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for _ in range(self.random.randint(1, 3)):
            if self.random.random() < 0.5:
                price = self.random.randrange(min(self.asks) - 12, min(self.asks))
                self._set(self.bids, bids, price)
            else:
                price = self.random.randrange(max(self.bids) + 1, max(self.bids) + 13)
                self._set(self.asks, asks, price)
        return bids, asks

    def _set(self, side: dict[int, int], changes: dict[int, int], price: int) -> None:
        size = self.random.choice((0, self.random.randint(1, 900)))
        if size == 0 and set(side) <= {price}:
            size = 7
        changes[price] = size
        if size:
            side[price] = size
        else:
            side.pop(price, None)


def _levels(levels: dict[int, int]) -> list[list[str]]:
    return [[f"{price / 100:.2f}", f"{size / 1000:.5f}"] for price, size in levels.items()]


def invent_binance(
    seed: int, *, diffs: int = 60, futures: bool = False, snapshot: bool = True
) -> Lines:
    """Return a `binance-raw` recording: diffs, a ticker after each, trades, a snapshot after the third diff."""
    book = InventedBook(seed)
    lines: Lines = []
    last_id, stamp = 1_000, 1_700_000_000_000_000_000

    def add(message: object) -> None:
        nonlocal stamp
        stamp += book.random.randint(1, 90_000_000)
        lines.append(f"{stamp} {json.dumps(message, separators=(',', ':'))}")

    for index in range(diffs):
        bids, asks = book.change()
        if index == 0:  # the first carries the whole book, so that a start from nothing works too
            bids, asks = dict(book.bids), dict(book.asks)
        previous, first_id = last_id, last_id + 1
        last_id += book.random.randint(1, 9)
        data: dict[str, object] = {
            "e": "depthUpdate",
            "E": stamp // 1_000_000,
            "s": "BTCUSDT",
            "U": first_id,
            "u": last_id,
            "b": _levels(bids),
            "a": _levels(asks),
        }
        if futures:
            data |= {"T": stamp // 1_000_000 - 1, "pu": previous}
        ticker: dict[str, object] = {"u": last_id, "s": "BTCUSDT"}
        for side, price_key, size_key, best in (
            (book.bids, "b", "B", max(book.bids)),
            (book.asks, "a", "A", min(book.asks)),
        ):
            ticker[price_key], ticker[size_key] = _levels({best: side[best]})[0]
        if futures:
            ticker |= {"e": "bookTicker", "T": stamp // 1_000_000 - 1, "E": stamp // 1_000_000}
        add({"stream": "btcusdt@bookTicker", "data": ticker})
        add({"stream": "btcusdt@depth@100ms", "data": data})
        if index % 7 == 3:
            trade: dict[str, object] = {
                "e": "trade",
                "E": stamp // 1_000_000,
                "T": stamp // 1_000_000,
                "s": "BTCUSDT",
                "t": index,
                "p": ticker["b"],
                "q": "0.00100",
                "m": True,
            }
            add({"stream": "btcusdt@trade", "data": trade | ({"X": "MARKET"} if futures else {})})
        if index == 2 and snapshot:
            reply: dict[str, object] = {
                "lastUpdateId": last_id,
                "bids": _levels(book.bids),
                "asks": _levels(book.asks),
            }
            add(reply | ({"T": stamp // 1_000_000} if futures else {}))
    return lines


def invent_kraken(seed: int, *, updates: int = 60) -> Lines:
    """Return a `cryptofeed` recording of one Kraken pair, checksums by a twin of plain dicts."""
    book = InventedBook(seed)
    spelled: dict[tuple[int, int], tuple[str, str]] = {}

    def levels(side: int, changes: dict[int, int]) -> list[list[str]]:
        rows: list[list[str]] = []
        for price, size in changes.items():
            spelled[side, price] = (f"{price / 10_000:.6f}", f"{size / 1000:.8f}")
            rows.append([*spelled[side, price], f"1618678133.{price:06d}"])
        return rows

    def checksum() -> str:
        best = [(-1, price) for price in sorted(book.asks)[:10]]
        best += [(1, price) for price in sorted(book.bids, reverse=True)[:10]]
        digits = [number.replace(".", "").lstrip("0") for key in best for number in spelled[key]]
        return str(zlib.crc32("".join(digits).encode()))

    whole = {"as": levels(-1, book.asks), "bs": levels(1, book.bids)}
    messages: list[object] = [
        {"event": "systemStatus", "status": "online"},
        [7, whole, "book-1000", "WAVES/EUR"],
    ]
    for index in range(updates):
        bids, asks = book.change()
        parts: list[dict[str, object]] = []
        if asks:
            parts.append({"a": levels(-1, asks)})
        if bids:
            parts.append({"b": levels(1, bids)})
        parts[-1]["c"] = checksum()
        messages.append([7, *parts, "book-1000", "WAVES/EUR"])
        if index % 9 == 0:
            messages.append({"event": "heartbeat"})
    lines = ["wss://ws.kraken.com <-> 1618678132.3858151"]
    lines += [
        f"16186781{33 + index / 1000:.6f}: {json.dumps(message, separators=(',', ':'))}"
        for index, message in enumerate(messages)
    ]
    return [*lines, ""]


def invent_lobster(seed: int, *, rows: int = 80, levels: int = 3) -> tuple[Lines, Lines]:
    """Return LOBSTER messages and books of a market whose whole depth only the twin knows."""
    book = InventedBook(seed)
    messages: Lines = []
    books: Lines = []
    for index in range(rows):
        side = book.random.choice((1, -1))
        held = book.bids if side == 1 else book.asks
        window = sorted(held, reverse=side == 1)[:levels]
        kind = book.random.choice((1, 1, 2, 3, 4, 5)) if len(held) > levels + 1 else 1
        if kind == 1:
            other = min(book.asks) - 1 if side == 1 else max(book.bids) + 1
            price = book.random.choice((window[0], window[-1], window[0] + side))
            price = min(price, other) if side == 1 else max(price, other)
            size = book.random.randint(1, 50)
            held[price] = held.get(price, 0) + size
        else:
            price = book.random.choice(window)
            size = held[price] if kind == 3 else book.random.randint(1, held[price])
            if kind != 5:
                held[price] -= size
                if not held[price]:
                    del held[price]
        messages.append(f"{34_200 + index / 8},{kind},{index},{size},{price},{side}")
        cells: list[int] = []
        asks, bids = sorted(book.asks), sorted(book.bids, reverse=True)
        for slot in range(levels):
            cells += [asks[slot], book.asks[asks[slot]]] if slot < len(asks) else [9_999_999_999, 0]
            cells += (
                [bids[slot], book.bids[bids[slot]]] if slot < len(bids) else [-9_999_999_999, 0]
            )
        books.append(",".join(map(str, cells)))
    return messages, books


@pytest.fixture
def binance() -> Callable[..., Lines]:
    return invent_binance


@pytest.fixture
def kraken() -> Callable[..., Lines]:
    return invent_kraken


@pytest.fixture
def lobster() -> Callable[..., tuple[Lines, Lines]]:
    return invent_lobster
