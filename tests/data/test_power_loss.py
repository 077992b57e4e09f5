"""A loss of power at any moment leaves a dataset whole, the old one or the new one; seen by a disk that forgets."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tradebot.data.errors import DatasetError
from tradebot.data.events import Trade
from tradebot.data.growth import Growth
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.recordings.problems import Problems
from tradebot.data.store import Store

BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=5,
    rules=(Rules(tick=1, lot=1),),
)
DATASET = "binance:BTCUSDT/trades"


class ForgetfulDisk:
    """Knows what was synced: bytes by inode, names by folder; `after_loss` shows what a loss of power leaves."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._folders: dict[int, None] = {root.stat().st_ino: None}
        self.states: list[Callable[[Path], None]] = []
        fsync = os.fsync

        def remember(handle: int) -> None:
            fsync(handle)
            self._synced(Path(f"/proc/self/fd/{handle}").resolve())
            self.states.append(self._state())

        replace = Path.replace

        def rename(path: Path, target: Path) -> Path:
            """Let the new name get to the disk before all others that nobody synced: nothing forbids it."""
            done = replace(path, target)
            inode = target.parent.stat().st_ino
            self._names.setdefault(inode, {})[target.name] = target.stat().st_ino
            self.states.append(self._state())
            return done

        monkeypatch.setattr(os, "fsync", remember)
        monkeypatch.setattr(Path, "replace", rename)

    def _synced(self, path: Path) -> None:
        inode = path.stat().st_ino
        if not path.is_dir():
            self._bytes[inode] = path.read_bytes()
            return
        self._names[inode] = {one.name: one.stat().st_ino for one in path.iterdir()}
        self._folders |= {one.stat().st_ino: None for one in path.iterdir() if one.is_dir()}

    def _state(self) -> Callable[[Path], None]:
        """Return what makes the disk anew in a folder, as it is known by now."""
        names = {inode: dict(known) for inode, known in self._names.items()}
        content, folders = dict(self._bytes), dict(self._folders)
        top = self.root.stat().st_ino

        def make(inode: int, to: Path) -> None:
            to.mkdir()
            for name, inner in names.get(inode, {}).items():
                if inner in folders:
                    make(inner, to / name)
                else:
                    (to / name).write_bytes(content.get(inner, b""))

        return lambda to: make(top, to)


def trades(start: int, count: int) -> Sequence[Trade]:
    return [
        Trade(instrument=BTC.id, ts_event=start + index, ts_recv=start + index, price=1, quantity=1)
        for index in range(count)
    ]


def growth(span: tuple[int, int]) -> Growth:
    return Growth("fetch-test", 1, (BTC,), Problems(), span)


def test_a_loss_of_power_at_any_moment_leaves_the_old_or_the_new_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    disk = ForgetfulDisk(root, monkeypatch)
    store = Store(root / "data")
    store.grow(DATASET, trades(0, 5), growth((0, 10)))
    store.grow(DATASET, trades(10, 7), growth((10, 20)))
    seen: list[int] = []
    for number, make in enumerate(disk.states):
        lost = tmp_path / f"lost-{number}"
        make(lost)
        after = Store(lost / "data")
        try:
            assert after.check(DATASET) == ()
            seen.append(after.get(DATASET).collect().height)
        except DatasetError as error:
            assert "no dataset" in str(error)  # noqa: PT017  (either whole or absent)
            seen.append(0)
        shutil.rmtree(lost)
    assert sorted(set(seen)) == [0, 5, 12]
    assert seen == sorted(seen)


def test_what_was_told_to_be_kept_is_there_after_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    disk = ForgetfulDisk(root, monkeypatch)
    manifest = Store(root / "data").grow(DATASET, trades(0, 5), growth((0, 10)))
    disk.states[-1](tmp_path / "after")
    assert Store(tmp_path / "after" / "data").show(DATASET) == manifest
