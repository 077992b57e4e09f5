"""Exports, reports and backups of a real engine's record: sums are the ledger's to the last digit."""

import hashlib
import io
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import zstandard
from tests.engine.live.live_bench import START, LiveBench, book, quiet_market

from tradebot.engine.accounting import beancount
from tradebot.engine.accounting.backup import back_up, without_secrets
from tradebot.engine.accounting.books import Books
from tradebot.engine.accounting.errors import AccountingError
from tradebot.engine.accounting.manifest import MANIFEST, Manifest
from tradebot.engine.accounting.report import report
from tradebot.engine.accounting.restore import restore
from tradebot.engine.accounting.tables import Scope, rows
from tradebot.engine.core.events import CashMoved, ExecutionBusted, PlaceOrder
from tradebot.engine.core.ledger import Ledger
from tradebot.engine.core.types import (
    HAND,
    AccountName,
    EngineId,
    ExecutionId,
    Lots,
    RequestId,
    Side,
)
from tradebot.engine.journal.verify import verify
from tradebot.engine.state_folder import EngineFile

SECOND = 10**9
ALL = Scope(0, 2**62)
ENGINE_JSON = msgspec.json.encode(
    EngineFile(schema=2, id=EngineId("abc12"), mode="sandbox", created="2026-01-01T00:00:00Z")
)


def order(bench: LiveBench, number: int, side: Side, quantity: int) -> None:
    state = bench.kernel.state
    bench.runtime.operate(
        PlaceOrder(
            request_id=RequestId(f"r{number}"),
            account=state.account,
            instrument=state.market.all()[0].instrument.id,
            side=side,
            type="market",
            tif="ioc",
            quantity=quantity,
            limit_price=None,
        ),
        bench.runtime.now,
    )


@pytest.fixture
def traded(tmp_path: Path) -> LiveBench:
    """An engine that has traded, was paid in the middle, and whose market has moved."""
    folder = tmp_path / "engines" / "main"
    folder.mkdir(parents=True)
    (folder / "engine.json").write_bytes(ENGINE_JSON)
    moved = [book(20_000 + 100 * step, 10_999_0, 11_001_0) for step in range(300)]
    bench = LiveBench(folder, [*quiet_market(20), *moved]).until(2_000)
    order(bench, 1, "buy", 2_000)
    bench.until(5_000)
    order(bench, 2, "sell", 700)
    bench.until(10_000)
    bench.runtime.hand_over(
        CashMoved(
            movement_id="m1",
            account=bench.kernel.state.account,
            asset="USDT",
            amount=Decimal("-20000.123"),
            why="withdrawal",
            ts_event=0,
        )
    )
    bench.until(25_000)
    order(bench, 3, "sell", 2_000)
    bench.until(30_000)
    bench.runtime.records.commit()
    return bench


def sums(found: Iterable[dict[str, str]]) -> dict[tuple[str, str, str], Decimal]:
    totals: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in found:
        totals[row["account"], row["owner"], row["asset"]] += Decimal(row["amount"])
    return {key: amount for key, amount in totals.items() if amount}


def held(ledger: Ledger, account: AccountName) -> dict[tuple[str, str, str], Decimal]:
    return {
        (account, owner, asset): amount
        for owner in ledger.owners(account)
        for asset in ledger.assets(account)
        if (amount := ledger.owned(account, asset, owner))
    }


def test_the_exported_ledger_sums_to_the_ledger_of_the_engine(traded: LiveBench) -> None:
    ledger, account = traded.kernel.state.ledger, traded.kernel.state.account
    books = Books.read(traded.folder)
    assert sums(rows("ledger", books, ALL, "fifo")) == held(ledger, account)
    cash = list(rows("cash", books, ALL, "fifo"))
    assert Decimal(cash[-1]["balance"]) == ledger.balance(account, "USDT")
    assert [row["kind"] for row in cash if row["kind"] != "fill"] == ["deposit", "withdrawal"]
    assert len(list(rows("fills", books, ALL, "fifo"))) == len(traded.tape.fills) >= 3
    half = Scope(START + 8 * SECOND, 2**62)
    parts = [
        *rows("ledger", books, Scope(0, half.begin), "fifo"),
        *rows("ledger", books, half, "fifo"),
    ]
    assert parts == list(rows("ledger", books, ALL, "fifo"))


@pytest.mark.parametrize("method", ["fifo", "lifo", "highest", "specific"])
def test_exported_lots_sum_to_the_ledgers_realised_total(traded: LiveBench, method: Lots) -> None:
    found = list(rows("lots", Books.read(traded.folder), ALL, method))
    state = traded.kernel.state
    held_now = state.ledger.position(state.account, state.market.all()[0].instrument.id, HAND)
    gains = sum((Decimal(row["gain"]) for row in found if row["gain"]), Decimal(0))
    still = sum((Decimal(row["cost"]) for row in found if not row["closed"]), Decimal(0))
    assert gains - still == held_now.realized - held_now.cost - held_now.fees


def test_a_busted_execution_is_marked_and_in_no_lot(traded: LiveBench) -> None:
    state = traded.kernel.state
    first = traded.tape.fills[0][1].execution_id
    traded.runtime.hand_over(
        ExecutionBusted(execution_id=first, account=state.account, reason="error", ts_event=0)
    )
    state.ledger.reverse(state.account, first)
    traded.runtime.records.commit()
    books = Books.read(traded.folder)
    if not books.stands(state.account, first):
        lots = list(rows("lots", books, ALL, "fifo"))
        assert ExecutionId(first) not in {row["lot"] for row in lots}
        assert next(iter(rows("fills", books, ALL, "fifo")))["taken_back"] == "yes"
        assert sums(rows("ledger", books, ALL, "fifo")) == held(state.ledger, state.account)


_DATE = r"\d{4}-\d\d-\d\d"
_ACCOUNT = r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
_AMOUNT = r"(-?\d+(?:\.\d+)?) ([A-Z][A-Z0-9'._-]{0,22}[A-Z0-9])"
_COST = rf"(?: \{{\{{{_AMOUNT}, {_DATE}, \"[^\"]*\"\}}\}})?"


def parsed(texts: Iterable[str]) -> int:
    """Check text against Beancount's grammar, and each transaction's balance; return how many there are."""
    opened: set[str] = set()
    count = 0
    for text in texts:
        head, *postings = text.rstrip("\n").splitlines()
        if match := re.fullmatch(rf"{_DATE} open ({_ACCOUNT})", head):
            opened.add(match[1])
            continue
        assert re.fullmatch(rf'{_DATE} \* "[^"]*"', head), head
        weights: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in postings:
            match = re.fullmatch(rf"  ({_ACCOUNT})  {_AMOUNT}{_COST}", line)
            assert match, line
            assert match[1] in opened
            if match[4]:
                sign = -1 if match[2].startswith("-") else 1
                weights[match[5]] += sign * Decimal(match[4])
            else:
                weights[match[3]] += Decimal(match[2])
        assert not any(weights.values()), text
        count += 1
    return count


def test_beancount_text_is_of_its_grammar_and_each_transaction_balances(traded: LiveBench) -> None:
    books = Books.read(traded.folder)
    assert parsed(beancount.transactions(rows("ledger", books, ALL, "fifo"))) >= 5
    assert parsed(beancount.lots(rows("lots", books, ALL, "fifo"))) >= 3
    names = {
        "sandbox:BTCUSDT": "SANDBOX.BTCUSDT",
        "alpaca:BTC/USD": "ALPACA.BTC.USD",
        "ib:AAPL@LSE.GBP": "IB.AAPL.LSE.GBP",
        "1": "X1",
    }
    for asset, name in names.items():
        assert beancount.commodity(asset) == name


def test_the_parts_of_a_report_sum_to_what_equity_grew_by(traded: LiveBench) -> None:
    state = traded.kernel.state
    found = report(traded.folder, 0, 2**62)
    assert found.closing == state.equity()
    assert (found.opening, found.revaluation) == (0, 0)
    assert found.flows == 100_000 - Decimal("20000.123")
    assert found.trades == sum(one.trades for one in found.by) >= 3
    assert found.realised == sum(one.realised or 0 for one in found.by)
    assert found.earned is not None
    assert found.earned > 0
    assert found.max_drawdown is not None
    # Two spans that meet are the whole.
    at = START + 12 * SECOND
    first, second = report(traded.folder, 0, at), report(traded.folder, at, 2**62)
    assert first.closing == second.opening
    assert second.closing == found.closing
    assert second.flows == 0
    assert first.trades + second.trades == found.trades
    assert first.earned is not None
    assert second.earned is not None
    assert abs((1 + first.earned) * (1 + second.earned) - 1 - found.earned) < Decimal("1e-20")


# ------------------------------------------------------------------------------------ backup and restore


def made(bench: LiveBench, file: Path) -> Manifest:
    config = bench.folder.parent.parent / "tradebot.toml"
    config.write_text('[engine]\nname = "main"\nheartbeat_url = "https://x/secret"\n')
    return back_up(bench.folder, config, file, program="1", now=START)


def test_a_backup_taken_during_a_run_is_the_same_engine_elsewhere(
    traded: LiveBench, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.zst"
    manifest = made(traded, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in manifest.files} >= {"engine.json", "journal.db", "venue.log"}
    order(traded, 9, "buy", 500)  # life goes on
    traded.until(40_000)
    home = tmp_path / "elsewhere" / "main"
    done = restore(file, home, replace=False, now=START)
    assert done.config is not None
    assert "secret" not in done.config.read_text()
    assert verify(home).ok
    copy, original = Books.read(home), Books.read(traded.folder)
    wanted = [entry for entry in original.entries if entry.seq <= copy.entries[-1].seq]
    assert copy.entries == wanted
    traded.close()
    # It starts, asks its venue, and agrees with it.
    again = LiveBench(home, [book(50_000 + 100 * step) for step in range(20)]).until(52_000)
    state = again.kernel.state
    # The withdrawal, which the test told the engine and not its venue, is all they differ in.
    assert len(state.accounts[state.account].differences) == 1
    assert held(state.ledger, state.account) == held(copy.ledger, state.account)
    again.close()


def test_nothing_is_restored_over_an_engine_without_the_word(
    traded: LiveBench, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar.zst"
    made(traded, file)
    traded.close()
    with pytest.raises(AccountingError, match="is there already: choose another --name"):
        restore(file, traded.folder, replace=False, now=START)
    done = restore(file, traded.folder, replace=True, now=START)
    assert done.replaced is not None
    assert (done.replaced / "journal.db").exists()
    with pytest.raises(AccountingError, match="exists: name another file"):
        made(traded, file)


def repacked(file: Path, target: Path, name: str, change: bytes | None) -> None:
    """Write a backup again with one file changed, or left out."""
    data = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read()
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as before,
        tarfile.open(fileobj=out, mode="w") as after,
    ):
        for member in before:
            content = before.extractfile(member)
            assert content is not None
            body = content.read()
            if member.name == name:
                if change is None:
                    continue
                body = change
                member.size = len(change)
            after.addfile(member, io.BytesIO(body))
    target.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("venue.log", b"{}\n", "venue.log is not as backed up"),
        ("journal.db", None, "is not whole: it lacks journal.db"),
    ],
)
def test_a_backup_that_was_changed_is_refused_and_leaves_nothing(
    traded: LiveBench, tmp_path: Path, name: str, change: bytes | None, why: str
) -> None:
    file, bad, home = tmp_path / "b.tar.zst", tmp_path / "bad", tmp_path / "home" / "main"
    made(traded, file)
    repacked(file, bad, name, change)
    with pytest.raises(AccountingError, match=why):
        restore(bad, home, replace=False, now=START)
    assert list(home.parent.iterdir()) == []


@pytest.mark.parametrize("field", ["format", "schema"])
def test_a_backup_of_a_newer_program_is_refused(
    traded: LiveBench, tmp_path: Path, field: str
) -> None:
    file, bad, home = tmp_path / "b.tar.zst", tmp_path / "bad", tmp_path / "home" / "main"
    manifest = made(traded, file)
    newer = msgspec.structs.replace(manifest, **{field: 99})
    repacked(file, bad, MANIFEST, msgspec.json.encode(newer))
    with pytest.raises(AccountingError, match="install a newer tradebot"):
        restore(bad, home, replace=False, now=START)


@pytest.mark.parametrize("name", ["../evil.seg", "market/../../x.seg", "lock", "/etc/x.seg"])
def test_a_backup_cannot_write_outside_the_folder(
    traded: LiveBench, tmp_path: Path, name: str
) -> None:
    file, bad, home = tmp_path / "b.tar.zst", tmp_path / "bad", tmp_path / "home" / "main"
    manifest = made(traded, file)
    line = msgspec.structs.replace(
        manifest.files[0], name=name, size=1, sha256=hashlib.sha256(b"x").hexdigest()
    )
    listed = msgspec.structs.replace(manifest, files=(line,))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, body in ((MANIFEST, msgspec.json.encode(listed)), (name, b"x")):
            info = tarfile.TarInfo(member)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    bad.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))
    with pytest.raises(AccountingError, match="not in its manifest"):
        restore(bad, home, replace=False, now=START)
    assert not list(tmp_path.rglob("evil.seg"))


def test_garbage_is_no_backup(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"not at all")
    with pytest.raises(AccountingError, match="cannot be restored"):
        restore(bad, tmp_path / "home", replace=False, now=START)


def test_addresses_and_secrets_of_the_configuration_stay_at_home() -> None:
    text = 'name = "a"\napi_key = "x"\nurls = ["mailto://u:p@h"]\nmode = "live" # see https://x\n'
    kept = without_secrets(text).splitlines()
    assert [line for line in kept if not line.startswith("#")] == [
        'name = "a"',
        'mode = "live" # see https://x',
    ]


def test_a_backup_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AccountingError, match=r"there is no backup .*gone.tar: name a file"):
        restore(tmp_path / "gone.tar", tmp_path / "engines" / "main", replace=False, now=1)
