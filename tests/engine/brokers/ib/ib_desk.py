"""An IB account's session before the exchange's own face, in memory and virtual time, with a little kernel."""

import random
from decimal import Decimal

from tests.engine.brokers.outside_in_memory import MemoryLine, MemoryOutside

from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.brokers.cursor import Cursor, MemoryCursor
from tradebot.engine.brokers.ib.session import IbSession
from tradebot.engine.brokers.ib.setting import AccountSetting, Listed
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    AccountReported,
    ExecutionBusted,
    ExecutionCorrected,
    FeeCharged,
    OrderFilled,
    OrderReported,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import Cancel, OrderIntent, QueryAccount, QueryOrder, Submit
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import (
    HAND,
    MS,
    SECOND,
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    ExecutionId,
)
from tradebot.engine.exchange.clock import SetClock
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Floor
from tradebot.engine.exchange.faults import Fault, Faults
from tradebot.engine.exchange.ib.face import ServedIb
from tradebot.engine.exchange.ledger import ledger
from tradebot.engine.exchange.market import decimal_of
from tradebot.engine.exchange.opening import accounts, listings
from tradebot.engine.exchange.striking import Striker
from tradebot.engine.exchange.words import AMOUNT_SCALE

NAME = AccountName("ib-paper")
CODE = "DU1234567"
START = 1_704_733_200 * SECOND
"""2024-01-08 12:00 in New York."""
AAPL = Instrument(
    id=InstrumentId("ib:AAPL"),
    kind="equity",
    base="AAPL",
    currency="USD",
    price_scale=4,
    quantity_scale=4,
    rules=(Rules(tick=100, lot=10_000, quantity_min=10_000),),
)


def intent(key: str, shares: int, limit: str | None, **changes: object) -> OrderIntent:
    """Return an order as decided."""
    values: dict[str, object] = {
        "client_order_id": ClientOrderId(key),
        "request_id": None,
        "bet_id": BetId("b"),
        "account": NAME,
        "instrument": AAPL.id,
        "owner": HAND,
        "policy_version": None,
        "side": "buy",
        "type": "market" if limit is None else "limit",
        "tif": "gtc",
        "quantity": shares * 10_000,
        "limit_price": None if limit is None else AAPL.price_units(Decimal(limit)),
        "post_only": False,
        "reduce_only": False,
        "because": None,
        "edge": None,
        "lives_at": "broker",
        "created": START,
        "engine_id": EngineId("00000"),
    }
    return OrderIntent(**(values | changes))  # pyright: ignore[reportArgumentType]  (a table of fields)


class MemoryLink:
    """The exchange's way out to a line in memory."""

    def __init__(self, line: MemoryLine, outside: MemoryOutside) -> None:
        self._line = line
        self._outside = outside

    def send(self, frame: str | bytes, delay: int = 0) -> None:
        """Send after the delay and the latency, in pieces cut anywhere."""
        raw = frame.encode() if isinstance(frame, str) else frame
        cut = len(raw) * 7 // 11
        for piece in (raw[:cut], raw[cut:]):
            self._line.say(piece, MS + delay)

    def ping(self) -> None:
        """It has none."""

    def close(self, code: int = 1000, reason: str = "", *, abrupt: bool = False) -> None:
        """Drop the line."""
        self._outside.after(0 if abrupt else 2 * MS, lambda: self._line.drop(reason or "closed"))


class Told:
    """What an account was told, beside the venue's own books."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.words: list[AccountWord] = []

    def take(self, word: AccountWord) -> None:
        """Keep a word."""
        self.words.append(word)

    def about[T](self, key: str, kind: type[T]) -> list[T]:
        """Return words of a kind about an order."""
        return [
            word
            for word in self.words
            if isinstance(word, kind) and getattr(word, "client_order_id", None) == key
        ]

    @property
    def streams(self) -> list[str]:
        """Return the states of the stream."""
        return [word.state for word in self.words if isinstance(word, StreamChanged)]

    def booked(self) -> dict[ExecutionId, OrderFilled]:
        """Return the fills that count, as the kernel books them: each id once, busted and corrected ones gone."""
        fills: dict[ExecutionId, OrderFilled] = {}
        gone: set[ExecutionId] = set()
        for word in self.words:
            match word:
                case OrderFilled():
                    fills.setdefault(word.execution_id, word)
                case ExecutionBusted():
                    gone.add(word.execution_id)
                case ExecutionCorrected():
                    gone.add(word.execution_id)
                    fills.setdefault(word.corrected.execution_id, word.corrected)
                case _:
                    pass
        return {key: fill for key, fill in fills.items() if key not in gone}

    def agrees(self) -> None:
        """Compare all that was told with the venue's own books."""
        told = sorted(
            (one.client_order_id, one.side, AAPL.quantity(one.quantity), AAPL.price(one.price))
            for one in self.booked().values()
        )
        real = sorted(
            (
                self.exchange.store.now(one.order).request.client_id,
                "buy" if one.side > 0 else "sell",
                Decimal(one.quantity),
                decimal_of(one.price, 2),
            )
            for one in self.exchange.books.standing_executions()
        )
        assert told == real
        charged: dict[str, Decimal] = {}
        for word in self.words:
            if isinstance(word, FeeCharged):
                charged.setdefault(word.fee_id, word.amount)
        fees = sum(one.fee for one in self.exchange.books.standing_executions())
        assert sum(charged.values(), Decimal(0)) == decimal_of(fees, AMOUNT_SCALE)
        names = [
            order.request.client_id
            for order in self.exchange.store.all()
            if order.state != "rejected"
        ]
        assert len(names) == len(set(names)), "an order is doubled"
        report = [word for word in self.words if isinstance(word, AccountReported)][-1]
        rows = ledger(self.exchange)["positions"]
        assert isinstance(rows, list)
        positions = {row["symbol"]: Decimal(str(row["quantity"])) for row in rows}
        held = {AAPL.id: int(positions["AAPL"] * 10_000)} if "AAPL" in positions else {}
        assert report.positions == held
        assert report.cash["USD"] == decimal_of(
            self.exchange.accounts[CODE].holdings["USD"], AMOUNT_SCALE
        )


class Desk(Told):
    """One account and its venue, in memory."""

    def __init__(self, seed: int = 1, cursor: Cursor | None = None) -> None:
        self.outside = MemoryOutside(START)
        self.clock = SetClock(START)
        listed = [one for one in listings(["ib"], always_open=True) if one.symbol == "AAPL"]
        exchange = Exchange(self.clock, seed, listed, accounts(["ib"], seed))
        super().__init__(exchange)
        self.floor = Floor(exchange, Faults())
        self.face = ServedIb(self.floor, 0)
        self.striker = Striker(self.floor, [self.face])
        self.outside.connect = self._connect
        self.cursor = cursor or MemoryCursor()
        self.unknown: set[ClientOrderId] = set()
        self.session = self.new_session()
        self.session.start()
        self.outside.after(30 * SECOND, self._report)
        self.outside.after(5 * SECOND, self._resolve)

    def new_session(self) -> IbSession:
        """Return a session, not started."""
        setting = AccountSetting(
            name=NAME,
            url="tcp://memory:1",
            client_id=7,
            code=CODE,
            listed=(Listed(instrument=AAPL, con_id=265598, exchange="SMART"),),
        )
        return IbSession(setting, self.outside, self.hear, self.cursor)

    def restart(self) -> None:
        """Kill the session and make a new one with the same durable memory."""
        self.session.stop()
        self.session = self.new_session()
        self.session.start()

    def _connect(self, line: MemoryLine) -> None:
        if self.face.is_down:
            line.drop("refused")
            return
        line.accept()
        receiver = self.face.connect(MemoryLink(line, self.outside))
        line.on_send = receiver.receive
        line.on_close = receiver.closed

    def run(self, seconds: float, step: int = 10 * MS) -> None:
        """Let time pass for both."""
        for _ in range(int(seconds * SECOND) // step):
            self.outside.run(step)
            self.clock.set(self.outside.now)
            self.exchange.advance(self.outside.now)
            self.face.advance(self.outside.now)
            self.striker.strike_due()

    # The kernel.

    def hear(self, word: AccountWord) -> None:
        """Keep a word; ask as the kernel does."""
        self.words.append(word)
        if isinstance(word, SubmitUnknown):
            self.unknown.add(word.client_order_id)
        elif isinstance(word, OrderReported):
            self.unknown.discard(word.client_order_id)
        elif isinstance(word, StreamChanged) and word.state == "up":
            self.outside.after(0, self.ask_account)

    def ask_account(self) -> None:
        """Ask for the account."""
        self.session.perform(QueryAccount(account=NAME))

    def _report(self) -> None:
        self.ask_account()
        self.outside.after(30 * SECOND, self._report)

    def _resolve(self) -> None:
        for name in sorted(self.unknown):
            self.session.perform(QueryOrder(client_order_id=name, account=NAME))
        self.outside.after(5 * SECOND, self._resolve)

    def submit(self, key: str, shares: int, limit: str | None = None, **changes: object) -> None:
        """Send an order."""
        order = Submit(order=intent(key, shares, limit, **changes))
        self.session.perform(RiskApproved(order))

    def cancel(self, key: str) -> None:
        """Cancel an order."""
        self.session.perform(
            Cancel(client_order_id=ClientOrderId(key), account=NAME, because=why("test"))
        )

    def arm(self, fault: str, **more: object) -> None:
        """Arm a fault."""
        fields = {"venue": "ib", "fault": fault, **more}
        self.striker.arm(Fault(**fields))  # pyright: ignore[reportArgumentType]  (a table of fields)


def trade_through(seed: int, names: tuple[str, ...], *, restarts: bool = False) -> Desk:
    """Return an account that traded for two minutes under faults; now there are none any more."""
    chance = random.Random(seed)  # noqa: S311  (a game, no secret)
    desk = Desk(seed)
    desk.run(1)
    for number in range(24):
        if chance.random() < 0.6:
            name = chance.choice(names)
            args: dict[str, int | float | str] = {"seconds": round(chance.uniform(0.1, 8.0), 2)}
            more: dict[str, object] = {"args": args}
            if name in {"drop", "duplicate", "delay", "reorder", "drop_socket", "mute"}:
                more["on"] = chance.choice(("report", "execution", "fee", "order", "cancel"))
            if name in {"bust", "correction"} and not desk.exchange.books.standing_executions():
                name = "ib_1102"
            desk.arm(name, **more)
        side = chance.choice(("buy", "sell"))
        quote = desk.exchange.market(desk.exchange.listed("ib")[0]).quote()
        price = decimal_of((quote[0] if side == "buy" else quote[2]) or 18_900, 2)
        limit = None if chance.random() < 0.5 else str(price)
        desk.submit(f"tb{number}", chance.randint(1, 60), limit, side=side)
        desk.run(chance.uniform(0.2, 4.0))
        if chance.random() < 0.4:
            desk.cancel(f"tb{chance.randrange(number + 1)}")
        if restarts and chance.random() < 0.1:
            desk.restart()
        desk.run(chance.uniform(0.2, 3.0))
    desk.floor.faults = Faults()
    return desk


def live_through(seed: int, names: tuple[str, ...], *, restarts: bool = False) -> Desk:
    """Return an account that traded for two minutes under faults, and then had three quiet ones."""
    desk = trade_through(seed, names, restarts=restarts)
    desk.run(180, 50 * MS)
    return desk
