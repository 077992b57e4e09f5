"""The life of a sleeve by words: it is started, changed between two events, taken back, given money, stopped."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.engine.live.live_bench import BTC, LiveBench, printed, quiet_market

from tradebot.data.events import AnyMarketEvent, Trade
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.sleeves import (
    AllocationQuery,
    CapitalBody,
    CardBody,
    ChangeBody,
    LoggedQuery,
    StartBody,
    StopSleeveBody,
)
from tradebot.engine.core.events import SleeveChanged
from tradebot.engine.core.outcomes import Decided, MandateEnded, OrderIntent, Submit
from tradebot.engine.core.state import SleeveState
from tradebot.engine.core.types import MS, SECOND, Mode, Owner
from tradebot.engine.live.redecide import redecide
from tradebot.engine.live.sleeve_recovery import sleeves_of_start

NAME = Owner("counter")

COUNTER = """
import msgspec
from decimal import Decimal
from tradebot.engine.core.actions import OrderSeq, buy
from tradebot.engine.core.needs import Trades
from tradebot.engine.core.params import Params, param
from tradebot.engine.core.reasons import why


class Seen(msgspec.Struct):
    trades: int = 0


class Counter:
    class params(Params, frozen=True):
        size: Decimal = param("0.5", gt=0, le=2, doc="bought once")

    state = Seen
    needs = (Trades(),)

    def decide(self, portfolio, snapshot, context=None):
        seen = Seen((context.state.trades if context.state else 0) + 1)
        symbol = snapshot.only.instrument.id
        if portfolio.quantity(symbol) or portfolio.orders:
            return OrderSeq.none(because=why("CODE"), state=seen)
        order = buy(context.params.size, limit=snapshot.only.bid)
        return OrderSeq.of(order, because=why("enter"), state=seen)
"""

STANZA = """
[sleeves.counter]
policy = "counter.py:Counter"
symbols = ["binance:BTCUSDT"]
capital = "20000 USDT"
run = "off"
"""


def busy_market(seconds: int = 60) -> list[AnyMarketEvent]:
    """Return a quiet book and a trade every 20 ms."""
    trades = [printed(20 * step + 7, 100_000, 1) for step in range(seconds * 50)]
    return sorted([*quiet_market(seconds), *trades], key=lambda event: event.ts_recv)


class Life:
    """A served engine with a home of its own."""

    def __init__(self, folder: Path, mode: Mode = "sandbox") -> None:
        self.folder = folder
        self.home = folder / "home"
        (self.home / "policies").mkdir(parents=True, exist_ok=True)
        for path in (self.home, self.home / "policies"):
            path.chmod(0o700)
        self.mode: Mode = mode
        self.write(COUNTER)
        self.configure(STANZA)
        self.bench = LiveBench(folder, busy_market(), mode=mode)
        self.bench.until(1050)
        self.served = self.bench.service()

    def write(self, text: str) -> None:
        """Write the policy's file."""
        path = self.home / "policies" / "counter.py"
        path.write_text(text)
        path.chmod(0o600)

    def configure(self, text: str) -> None:
        """Write the configuration."""
        (self.home / "tradebot.toml").write_text(text)
        (self.home / "tradebot.toml").chmod(0o600)

    @property
    def sleeve(self) -> SleeveState:
        """Return the sleeve as the kernel knows it."""
        return self.bench.kernel.state.sleeves[NAME]

    async def tell[T](self, coroutine: Coroutine[object, object, T]) -> T:
        """Ask or tell while the engine's loop turns."""
        return await self.served.go(asyncio.ensure_future(coroutine), ms_each=5)

    def later(self, ms: int) -> None:
        """Let the market go on from where telling left it.

        Code is loaded in a thread, as fast as the machine does: no moment after a word is known
        beforehand.
        """
        self.bench.until(self.bench.clock.run // MS + ms)

    async def start(self, run: str = "live", **more: str) -> None:
        life = self.served.service.sleeves
        word = "live" if run == "live" else "shadow"
        card = await self.tell(life.card(NAME, CardBody(run=word)))
        body = StartBody(version=card.version, run=word, loss_budget=more.get("loss_budget"))
        await self.tell(life.start(NAME, body))

    async def reload(self, *, fresh: bool = False) -> None:
        """Look at the difference, then take it."""
        life = self.served.service.sleeves
        found = await self.tell(life.reload_difference(NAME))
        await self.tell(life.reload(NAME, ChangeBody(version=found.new, fresh=fresh)))

    def seen(self) -> int:
        """Return how many trades the sleeve remembers."""
        memory = self.sleeve.memory
        assert memory is not None
        return int(msgspec.msgpack.decode(memory)["trades"])

    def changes(self) -> list[int]:
        """Return the seq of each change of the sleeve."""
        steps = self.bench.steps
        return [seq for seq, _, event, _ in steps if isinstance(event, SleeveChanged)]

    def newest(self) -> SleeveChanged:
        """Return the newest change of the sleeve."""
        return [event for _, _, event, _ in self.bench.steps if isinstance(event, SleeveChanged)][
            -1
        ]

    def sent(self) -> list[OrderIntent]:
        """Return the orders that left."""
        return [one.order for one in self.bench.decided(Submit)]


@pytest.fixture
def living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Life]]:
    made: list[Life] = []

    def make(mode: Mode = "sandbox") -> Life:
        monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path / "home"))
        made.append(Life(tmp_path, mode))
        return made[-1]

    yield make
    for life in made:
        life.bench.close()


# ------------------------------------------------------------------------------------ start, stop


async def test_a_start_without_a_mode_is_a_shadow_that_sends_nothing(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    await life.tell(asyncio.sleep(0))
    life.later(4000)
    assert life.sleeve.started.run == "shadow"
    assert not life.sent()
    said = [one.did for one in life.bench.decided(Decided)]
    assert any(word.startswith("would ") for did in said for word in did)


async def test_a_live_sleeve_in_a_sandbox_trades_and_may_not_be_started_twice(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("live")
    life.later(4000)
    assert [order.owner for order in life.sent()] == [NAME]
    with pytest.raises(Refused, match="runs live already"):
        await life.start("live")
    with pytest.raises(Refused, match="runs live: tradebot policy stop counter first"):
        await life.start("shadow")


async def test_what_changed_since_the_card_is_not_started(living: Callable[..., Life]) -> None:
    life = living()
    words = life.served.service.sleeves
    card = await life.tell(words.card(NAME, CardBody()))
    life.write(COUNTER.replace("CODE", "other"))
    with pytest.raises(Refused, match="look again") as refused:
        await life.tell(words.start(NAME, StartBody(version=card.version)))
    assert refused.value.code == "conflict"
    assert NAME not in life.bench.kernel.state.sleeves


@pytest.mark.parametrize(
    ("stanza", "words", "code"),
    [
        (STANZA.replace("counter.py", "absent.py"), r"no file absent\.py", "configuration"),
        (
            STANZA.replace("BTCUSDT", "ETHUSDT"),
            "trades binance:ETHUSDT, this engine has",
            "configuration",
        ),
        (STANZA + "params = { size = 3 }", "size must be > 0 and <= 2, is 3", "configuration"),
        ("[sleeves.other]" + STANZA.partition("]")[2], "no sleeve 'counter' in", "unknown"),
        ("[sleeves", "tradebot.toml", "configuration"),
    ],
)
async def test_what_cannot_start_says_why_and_nothing_changes(
    living: Callable[..., Life], stanza: str, words: str, code: str
) -> None:
    life = living()
    life.configure(stanza)
    with pytest.raises(Refused, match=words) as refused:
        await life.start()
    assert refused.value.code == code
    assert not life.bench.seen(SleeveChanged)


async def test_a_stopped_sleeve_is_asked_no_more_and_can_be_started_again(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    life.later(2000)
    words = life.served.service.sleeves
    await life.tell(words.stop(NAME, StopSleeveBody(reason="enough")))
    seen = life.seen()
    life.later(3000)
    assert (life.seen(), life.sleeve.started.run) == (seen, "off")
    with pytest.raises(Refused, match="stopped already"):
        await life.tell(words.stop(NAME, StopSleeveBody(reason="again")))
    await life.start("shadow")
    assert life.seen() >= seen


# ------------------------------------------------------------------------------------ reload


async def test_a_reload_under_load_loses_no_event(living: Callable[..., Life]) -> None:
    life = living()
    await life.start("shadow")
    begun = life.changes()[0]
    for number in range(3):
        life.write(COUNTER.replace("CODE", f"code-{number}"))
        await life.reload()
    life.later(20_000)
    trades = [
        seq for seq, _, event, _ in life.bench.steps if isinstance(event, Trade) and seq > begun
    ]
    changes = life.changes()
    assert len(changes) == 4
    assert [seq for seq in trades if seq < changes[-1]], "the market went on while code was loaded"
    assert life.seen() == len(trades)


async def test_a_difference_shows_both_versions_deciding_and_changes_nothing(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    await life.tell(asyncio.sleep(0))  # its first decision, so that there is a memory to keep
    life.later(2000)
    life.write(COUNTER.replace('"enter"', '"go in"'))
    life.configure(STANZA + "params = { size = 1 }")
    state, before = life.bench.kernel.state, life.sleeve.started
    found = await life.tell(life.served.service.sleeves.reload_difference(NAME))
    assert found.wants_old.did == ("BUY 0.5 binance:BTCUSDT at 999.90",)
    assert found.wants_new.did == ("BUY 1 binance:BTCUSDT at 999.90",)
    assert (found.wants_old.because, found.wants_new.because) == ("enter", "go in")
    assert [(one.name, one.old, one.new) for one in found.params] == [("size", "0.5", "1")]
    assert any(line.startswith("+") and "go in" in line for line in found.source)
    assert found.memory == "kept"
    assert life.sleeve.started == before
    assert len(life.bench.seen(SleeveChanged)) == 1
    assert state.sleeves[NAME].started.version == found.old


async def test_a_want_by_risk_is_shown_with_its_prices_and_what_an_r_is_worth(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    long = 'want.long(risk=Decimal("0.0025"), stop=Decimal("20"), take_profit=Decimal("52"))'
    told = COUNTER.replace(
        "        return OrderSeq.of(order,", f"        return OrderSeq.of({long},"
    )
    life.write(
        told.replace("import why", "import why\nfrom tradebot.engine.core.wants import want")
    )
    found = await life.tell(life.served.service.sleeves.reload_difference(NAME))
    (did,) = found.wants_new.did
    prices = "at 1,000.10, stop 980.10, target 1,052.10 (+2.6 R)"
    assert did == f"long binance:BTCUSDT {prices}, 1 R = 0.25 % of capital (50.00 USDT)"


async def test_the_day_of_a_sleeve_is_shown_and_is_0_while_nothing_has_traded(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("live")
    before = life.bench.kernel.state.sleeves[NAME].mark
    life.later(9000)
    (line,) = await life.tell(life.served.service.sleeves.listing())
    assert before is None
    assert line.day == "0"


async def test_bars_of_a_new_version_are_warmed_before_it_is_shown(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    with_bars = COUNTER.replace("import Trades", "import Bars, Trades")
    life.write(with_bars.replace("(Trades(),)", '(Trades(), Bars("1s", history=2))'))
    found = await life.tell(life.served.service.sleeves.reload_difference(NAME))
    assert found.wants_new.error == "warming, 0 % of its bars are there"
    assert found.needs_new == ("trades", "bars 1s, 2 before the first decision")
    state = life.bench.kernel.state
    assert not state.market[BTC.id].bars, "looking makes no bars in the kernel"


async def test_memory_goes_through_migrate_or_the_reload_is_refused(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    await life.tell(asyncio.sleep(0))
    life.later(3000)
    renamed = COUNTER.replace("trades: int = 0", "prints: int").replace(".trades", ".prints")
    life.write(renamed)
    with pytest.raises(Refused, match=r"give it migrate\(old_state, old_version\)"):
        await life.reload()
    assert life.sleeve.started.version == life.newest().started.version
    seen = life.seen()
    life.write(
        renamed
        + "\n    def migrate(self, old, version):\n        return Seen(prints=old['trades'])\n"
    )
    found = await life.tell(life.served.service.sleeves.reload_difference(NAME))
    assert (found.memory, found.refused) == ("migrated", None)
    await life.reload()
    memory = life.sleeve.memory
    assert memory is not None
    assert msgspec.msgpack.decode(memory)["prints"] >= seen


async def test_fresh_begins_without_what_was_remembered(living: Callable[..., Life]) -> None:
    life = living()
    await life.start("shadow")
    life.later(3000)
    life.write(COUNTER.replace("trades: int = 0", "prints: int = 0").replace(".trades", ".prints"))
    await life.reload(fresh=True)
    assert life.newest().memory is None


async def test_a_change_on_disk_is_noticed_and_gone_after_a_reload(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    words = life.served.service.sleeves

    async def note() -> str:
        life.bench.clock.run += 2 * SECOND
        words.look()
        (line,) = await life.tell(words.listing())
        return line.note

    assert await note() == ""
    life.write(COUNTER.replace("CODE", "other"))
    assert await note() == "changed on disk"
    await life.reload()
    assert await note() == ""


async def test_what_a_policy_logs_and_risks_is_shown(living: Callable[..., Life]) -> None:
    life = living()
    logging = COUNTER.replace(
        "        symbol =", "        context.log(f'trade {seen.trades}')\n        symbol ="
    )
    life.write(logging.replace("limit=snapshot.only.bid", "limit=snapshot.only.ask"))
    await life.start("live")
    life.later(3000)
    words = life.served.service.sleeves
    lines = await life.tell(words.logged(NAME, LoggedQuery(limit=5)))
    assert len(lines) == 5
    assert [line.seq for line in lines] == sorted(line.seq for line in lines)
    assert lines[-1].text.startswith("trade ")
    (line,) = await life.tell(words.listing())
    # Half a coin without a stop is counted to lose 10 % of its notional: 0.5 x 1000.00 x 0.1.
    assert line.open_risk == "50"
    assert line.last_decision is not None
    with pytest.raises(Refused, match="no sleeve 'other' runs here"):
        await life.tell(words.logged("other", LoggedQuery()))


# ------------------------------------------------------------------------------------ rollback


async def test_a_rollback_goes_one_version_back_to_the_source_the_journal_kept(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    words, first = life.served.service.sleeves, life.sleeve.started.version
    with pytest.raises(Refused, match="no version before"):
        await life.tell(words.rollback_difference(NAME))
    life.write(COUNTER.replace("CODE", "other"))
    await life.reload()
    second = life.sleeve.started.version
    found = await life.tell(words.rollback_difference(NAME))
    assert (found.old, found.new) == (second, first)
    await life.tell(words.rollback(NAME, ChangeBody(version=first)))
    assert life.sleeve.started.version == first
    (line,) = await life.tell(words.listing())
    assert line.note == f"rolled back from {second[:4]}"
    with pytest.raises(Refused, match="no version before"):
        await life.tell(words.rollback_difference(NAME))
    detail = await life.tell(words.facts(NAME))
    assert [version.version for version in detail.versions] == [first]


async def test_a_start_with_the_same_files_goes_on_with_what_was_gone_back_to(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("shadow")
    words, first = life.served.service.sleeves, life.sleeve.started.version
    life.write(COUNTER.replace("CODE", "other"))
    await life.reload()
    await life.tell(words.rollback(NAME, ChangeBody(version=first)))
    life.bench.runtime.commit()

    def started() -> str:
        from tradebot.engine.config.load import load

        bench = life.bench
        loaded = type(bench.loaded)({})
        config = load({}, life.home).config
        (one,) = sleeves_of_start(config, bench.kernel.state, bench.journal, loaded, (BTC,))
        running = loaded.get(NAME)
        assert running is not None
        assert running.version == one.version
        return one.version

    assert started() == first
    life.write(COUNTER.replace("CODE", "a third one"))
    assert started() not in {first, ""}


async def test_a_day_with_reloads_and_a_rollback_is_decided_again_from_the_journal_alone(
    living: Callable[..., Life],
) -> None:
    life = living()
    await life.start("live")
    first = life.sleeve.started.version
    life.write(COUNTER.replace("limit=snapshot.only.bid", "limit=snapshot.only.ask"))
    await life.reload()
    life.later(6000)
    await life.tell(life.served.service.sleeves.rollback(NAME, ChangeBody(version=first)))
    life.later(4000)
    life.bench.runtime.records.commit()
    (life.home / "policies" / "counter.py").unlink()
    found = redecide(life.folder, [])
    assert found.first_difference is None
    assert found.notes == ()
    assert found.steps > 100


# ------------------------------------------------------------------------------------ mandates, money


async def test_one_changed_byte_ends_the_mandate(living: Callable[..., Life]) -> None:
    life = living("live")
    with pytest.raises(Refused, match="needs a mandate: give --loss-budget"):
        await life.start("live")
    await life.start("live", loss_budget="500")
    state = life.bench.kernel.state
    assert state.authority.mandate_of(life.sleeve.started, state.now) is not None
    life.write(COUNTER + " ")
    found = await life.tell(life.served.service.sleeves.reload_difference(NAME))
    assert found.mandate_ends
    await life.reload()
    assert [one.sleeve for one in life.bench.decided(MandateEnded)] == [NAME]
    assert state.authority.mandate_of(life.sleeve.started, state.now) is None
    (line,) = await life.tell(life.served.service.sleeves.listing())
    assert line.note == "no mandate: a shadow"
    await life.start("live", loss_budget="500")
    assert state.authority.mandate_of(life.sleeve.started, state.now) is not None


async def test_nobody_reloads_a_live_sleeve_in_live_without_looking(
    living: Callable[..., Life],
) -> None:
    life = living("live")
    await life.start("live", loss_budget="500")
    life.write(COUNTER.replace("CODE", "other"))
    words = life.served.service.sleeves
    found = await life.tell(words.reload_difference(NAME))
    body = ChangeBody(version=found.new, unattended=True)
    with pytest.raises(Refused, match="needs somebody to look") as refused:
        await life.tell(words.reload(NAME, body))
    assert refused.value.code == "refused"


async def test_capital_is_given_in_money_or_as_a_share_and_more_than_the_mandates_ends_it(
    living: Callable[..., Life],
) -> None:
    life = living("live")
    await life.start("live", loss_budget="500")
    words = life.served.service.sleeves
    await life.tell(words.capital(NAME, CapitalBody(capital="10000 USDT")))
    assert life.sleeve.started.capital == Decimal(10_000)
    assert not life.bench.decided(MandateEnded)
    with pytest.raises(Refused, match="capital must be in USDT"):
        await life.tell(words.capital(NAME, CapitalBody(capital="10 EUR")))
    with pytest.raises(Refused, match="capital must be > 0"):
        await life.tell(words.capital(NAME, CapitalBody(capital="0")))
    await life.tell(words.capital(NAME, CapitalBody(capital="25%")))
    assert life.sleeve.started.capital == Decimal("25000.00")
    assert len(life.bench.decided(MandateEnded)) == 1


async def test_an_allocation_only_proposes(living: Callable[..., Life]) -> None:
    life = living()
    words = life.served.service.sleeves
    with pytest.raises(Refused, match="no sleeve runs live"):
        await life.tell(words.allocation(AllocationQuery()))
    await life.start("live")
    found = await life.tell(words.allocation(AllocationQuery(by="risk")))
    assert [line.sleeve for line in found.lines] == [NAME]
    assert "0 settled bets" in found.lines[0].why
    assert life.sleeve.started.capital == Decimal(20_000)
    with pytest.raises(Refused, match="no record to grow by: a sleeve needs 10 settled bets"):
        await life.tell(words.allocation(AllocationQuery(by="growth")))
