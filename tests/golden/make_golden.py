"""Make a golden state folder with the program as it is: a small real run, packed, with what recovery gives of it.

    python -m tests.golden.make_golden 2      writes tests/golden/schema-2/

Once a schema is released its folder is never made again: it is what that release wrote. Until then it is made anew
(the old one removed) when deciding changes.
"""

import hashlib
import io
import sys
import tarfile
import tempfile
from itertools import count
from pathlib import Path
from typing import cast

import msgspec
from tests.e2e.engine_process import EngineProcess, Home, wait_until
from tests.golden.scenario import ARM, CONFIGURATION, FIRST_LIFE, SECOND_LIFE, Words

from tradebot.engine.control.authority import ArmBody
from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.state import State
from tradebot.engine.core.types import EngineId
from tradebot.engine.journal.export import export_lines
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify import verify
from tradebot.engine.live.budget import call_plainly
from tradebot.engine.policies import touch

HERE = Path(__file__).parent
KEPT = ("engine.json", "journal.db", "journal.db-wal", "venue.log", "reserve.log")
"""Files of a state folder that a golden one holds, beside its market segments."""

PATIENCE_S = 60.0
"""Longest a word of the scenario is tried again."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What every later program must find in a golden folder."""

    schema: int
    rows: int
    last_seq: int
    market_events: int
    export_sha256: str
    """Of `journal export`, every byte."""
    canonical_sha256: str
    """Of `journal export --canonical`."""
    state: dict[str, object]
    """`summary` of the recovered state."""


def summary(state: State) -> dict[str, object]:
    """Return what must be recovered, in words that outlive any layout of the state: JSON values only."""
    ledger = state.ledger
    started = state.started
    assert started is not None
    found: dict[str, object] = {
        "counter": state.counter,
        "trading_state": state.trading_state,
        "reason": state.reason,
        "day": state.day,
        "day_start": None if state.day_start is None else str(state.day_start),
        "peak": None if state.peak is None else str(state.peak),
        "newest_fill": state.accounts[started.account].newest_fill,
        "cash": {
            asset: str(ledger.balance(started.account, asset))
            for asset in ledger.assets(started.account)
        },
        "positions": [
            [*key, held.quantity, str(held.cost), str(held.realized), str(held.fees)]
            for key, held in ledger.positions()
        ],
        "orders": {
            order.intent.client_order_id: [order.state, order.filled, order.cost]
            for order in state.blotter
        },
        "requests": sorted(
            order.intent.request_id
            for order in state.blotter
            if order.intent.request_id is not None
        ),
        "sleeves": {
            name: [sleeve.paused, sleeve.failed, sleeve.orders, sleeve.filled_orders]
            for name, sleeve in state.sleeves.items()
        },
        "flattening": sorted(state.flattening),
    }
    newer: dict[str, object] = {
        "memory": {
            name: sleeve.memory.hex()
            for name, sleeve in state.sleeves.items()
            if sleeve.memory is not None
        },
        "shadows": {
            name: {
                symbol: held.position.quantity for symbol, held in sleeve.shadow.positions.items()
            }
            for name, sleeve in state.sleeves.items()
            if sleeve.shadow is not None
        },
        "bets": {
            bet.bet_id: [bet.tag, bet.result, bet.r] for bet in state.bet_book.settled.values()
        },
        "game": None if state.game is None else str(state.game.base),
    }
    # What earlier schemas did not know of is not in what was written down of them.
    found |= {name: value for name, value in newer.items() if value}
    return cast("dict[str, object]", msgspec.json.decode(msgspec.json.encode(found)))


def recovered_from_rows(journal: Journal) -> Kernel:
    """Return a kernel that took in every row."""
    engine = EngineId(journal.meta["engine_id"])
    kernel = Kernel(engine, Sleeves({}, call_plainly))
    for row in journal.rows():
        if row.index == 0:
            kernel.recover_event(row.now, journal.decode_event(row))
        else:
            kernel.recover_outcome(row.now, journal.decode_outcome(row))
    return kernel


def exported(journal: Journal, *, canonical: bool) -> str:
    """Return the sha256 of an export."""
    digest = hashlib.sha256()
    for line in export_lines(journal, canonical=canonical):
        digest.update(line)
    return digest.hexdigest()


def lived(folder: Path) -> Home:
    """Run the scenario: a life that is stopped, and one that is killed."""
    folder.chmod(0o700)
    (folder / "policies").mkdir(mode=0o700)
    settings = folder / "tradebot.toml"
    texts = {
        folder / "policies" / "quoter.py": Path(touch.__file__).read_text(),
        folder / "policies" / "counting.py": (HERE / "counting.py").read_text(),
        settings: CONFIGURATION,
    }
    for file, text in texts.items():
        file.write_text(text)
        file.chmod(0o600)
    home = Home(folder)
    first = _life(home, FIRST_LIFE)
    assert first.terminate() == 0, first.log
    second = _life(home, SECOND_LIFE)
    second.kill()  # nothing is tidied up: the write-ahead log stays beside the database
    return home


def _life(home: Home, words: tuple[Words, ...]) -> EngineProcess:
    engine = home.start("--seed", "11", "--speed", "0.5")
    try:
        engine.wait_up()
        for word in words:
            tries = count()
            wait_until(lambda: _said(engine, word, next(tries)), str(word), PATIENCE_S)  # noqa: B023  (called at once)
    except BaseException:
        engine.kill()
        raise
    return engine


def _said(engine: EngineProcess, word: Words, again: int) -> bool:
    """Say a word and return whether it was answered as it should be; a flatten may have to end first.

    A request that was answered otherwise is another one when it is tried again: the same id has the same answer.
    """
    if word == ARM:
        with engine.client() as client:
            return client.arm(ArmBody(terminal="golden")).ok
    words = [f"{one}-{again}" if again and one.startswith("golden-") else one for one in word.words]
    return engine.home.run(*words).returncode == word.code


def pack(home: Home, target: Path) -> None:
    """Write the folder and the policy it ran, in one compressed file that is the same for the same bytes."""
    engine = home.engine()
    files = [engine / name for name in KEPT if (engine / name).exists()]
    files += sorted((engine / "market").glob("*.seg"))
    files += sorted((home.path / "policies").glob("*.py"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as archive:
        for file in files:
            facts = tarfile.TarInfo(str(file.relative_to(home.path)))
            facts.size, facts.mode = file.stat().st_size, 0o600
            with file.open("rb") as data:
                archive.addfile(facts, data)
    target.write_bytes(buffer.getvalue())


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a golden home and return its state folder."""
    with tarfile.open(archive, "r:xz") as packed:
        packed.extractall(folder, filter="data")
    state = folder / "engines" / "main"
    for path in (folder, folder / "engines", state, state / "market", folder / "policies"):
        path.chmod(0o700)
    return state


def make(schema: int) -> None:
    """Make the golden folder of the current schema."""
    target = HERE / f"schema-{schema}"
    target.mkdir()
    with tempfile.TemporaryDirectory(prefix="tb") as name:
        home = lived(Path(name))
        found = verify(home.engine())
        assert found.ok, found.problems
        with Journal.open(home.engine() / "journal.db", read_only=True) as journal:
            expected = Expected(
                schema=schema,
                rows=found.rows,
                last_seq=found.last_seq,
                market_events=found.market_events,
                export_sha256=exported(journal, canonical=False),
                canonical_sha256=exported(journal, canonical=True),
                state=summary(recovered_from_rows(journal).state),
            )
        pack(home, target / "home.tar.xz")
    text = msgspec.json.format(msgspec.json.encode(expected), indent=0)
    (target / "expected.json").write_bytes(text + b"\n")


if __name__ == "__main__":
    make(int(sys.argv[1]))
