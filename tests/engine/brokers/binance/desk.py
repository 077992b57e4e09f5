"""An account at the Binance in memory, with a little kernel: it asks as the real one does and keeps what it is told."""

import random
from decimal import Decimal

from tests.engine.brokers.binance.binance_in_memory import Faults, MemoryBinance
from tests.engine.brokers.outside_in_memory import MemoryOutside

from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.brokers.binance.session import BinanceSession
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.cursor import Cursor, MemoryCursor
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.events import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    StreamChanged,
    SubmitUnknown,
)
from tradebot.engine.core.outcomes import (
    Cancel,
    OrderIntent,
    QueryAccount,
    QueryOrder,
    Replace,
    Submit,
)
from tradebot.engine.core.reasons import why
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import (
    HAND,
    SECOND,
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    OrderType,
    Side,
)
from tradebot.engine.secret import Secret

NAME = AccountName("a")
START = 1_790_000_000 * SECOND
BTC = Instrument(
    id=InstrumentId("binance:BTCUSDT"),
    kind="spot",
    base="BTC",
    currency="USDT",
    price_scale=2,
    quantity_scale=8,
    rules=(Rules(tick=1, lot=1000),),
)
CAN = Capabilities(
    order_types=("limit", "market", "stop", "stop_limit"),
    times_in_force=("gtc", "ioc", "fok"),
    post_only=True,
    reduce_only=False,
    replace=True,
    oco=True,
    locks_balance=True,
)
SERVER = Addresses(base_url="http://b", stream_url="ws://b", private_url="ws://b/p", data_url="")


def intent(key: str, quantity: str = "1", **changes: object) -> OrderIntent:
    """Return an order as decided."""
    values: dict[str, object] = {
        "client_order_id": ClientOrderId(key),
        "request_id": None,
        "bet_id": BetId("b"),
        "account": NAME,
        "instrument": BTC.id,
        "owner": HAND,
        "policy_version": None,
        "side": "buy",
        "type": "limit",
        "tif": "gtc",
        "quantity": BTC.quantity_units(Decimal(quantity)),
        "limit_price": 10_000,
        "post_only": False,
        "reduce_only": False,
        "because": None,
        "edge": None,
        "lives_at": "broker",
        "created": START,
        "engine_id": EngineId("00000"),
    }
    return OrderIntent(**(values | changes))  # pyright: ignore[reportArgumentType]  (a table of fields)


def pair_of(stop: str, target: str, quantity: str = "1") -> tuple[OrderIntent, OrderIntent]:
    """Return a stop and a target of one group, as the kernel decides them for a long position."""
    shared: dict[str, object] = {"side": "sell", "reduce_only": True, "group": ClientOrderId(stop)}
    kind = {"type": "stop", "limit_price": None, "trigger_price": 9_000, "role": "stop_loss"}
    return (
        intent(stop, quantity, **shared, **kind),
        intent(target, quantity, **shared, limit_price=11_000, role="take_profit"),
    )


class Desk:
    """One account, its venue and what was told."""

    def __init__(
        self, faults: Faults | None = None, *, cursor: Cursor | None = None, clock_ahead: int = 0
    ) -> None:
        self.outside = MemoryOutside(START)
        self.faults = faults or Faults(1)
        self.venue = MemoryBinance(self.outside, self.faults, clock_ahead)
        self.cursor = cursor or MemoryCursor()
        self.words: list[AccountWord] = []
        self.session = self._new_session()
        self.session.start()

    def _new_session(self) -> BinanceSession:
        setting = AccountSetting(name=NAME, addresses=SERVER, instruments=(BTC,), capabilities=CAN)
        signer = Signer(Secret("key"), Secret("secret"))
        return BinanceSession(setting, signer, self.outside, self.hear, self.cursor)

    def restart(self) -> None:
        """Kill the session and make a new one with the same durable memory."""
        self.session.stop()
        self.session = self._new_session()
        self.session.start()

    def hear(self, word: AccountWord) -> None:
        """Keep a word, and ask as the kernel would."""
        self.words.append(word)
        if isinstance(word, SubmitUnknown):
            self.ask_for(word.client_order_id)
        if isinstance(word, OrderReported) and not word.found:
            self.ask_for(word.client_order_id, 5 * SECOND)

    def ask_for(self, key: ClientOrderId, delay: int = SECOND) -> None:
        """Ask for an order a little later, and again while nothing is known of it."""

        def ask() -> None:
            self.session.perform(QueryOrder(client_order_id=key, account=NAME))
            if not self.about(key, OrderReported):
                self.outside.after(5 * SECOND, ask)

        self.outside.after(delay, ask)

    def about[T](self, key: str, kind: type[T]) -> list[T]:
        """Return the words of a kind about an order."""
        found = [word for word in self.words if isinstance(word, kind)]
        return [word for word in found if getattr(word, "client_order_id", None) == key]

    def submit(
        self, key: str, quantity: str = "1", *, side: Side = "buy", kind: OrderType = "limit"
    ) -> None:
        """Send an order."""
        limit = None if kind in {"market", "stop"} else 10_000
        order = intent(key, quantity, side=side, type=kind, limit_price=limit)
        self.session.perform(RiskApproved(Submit(order=order)))

    def submit_pair(self, stop: str, target: str, quantity: str = "1") -> None:
        """Send a stop and a target that the venue is to hold as one."""
        for order in pair_of(stop, target, quantity):
            self.session.perform(RiskApproved(Submit(order=order)))

    def cancel(self, key: str) -> None:
        """Cancel an order."""
        self.session.perform(
            Cancel(client_order_id=ClientOrderId(key), account=NAME, because=why("test"))
        )

    def replace(self, key: str, old: str, quantity: str = "1", known_filled: int = 0) -> None:
        """Replace an order."""
        order = intent(key, quantity, replaces=ClientOrderId(old))
        self.session.perform(RiskApproved(Replace(order=order, known_filled=known_filled)))

    def look(self, since: int = 0) -> None:
        """Ask for the account."""
        self.session.perform(QueryAccount(account=NAME, since=since))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.outside.run(int(seconds * SECOND))

    @property
    def fills(self) -> list[OrderFilled]:
        """Return the executions told, doubles included."""
        return [word for word in self.words if isinstance(word, OrderFilled)]

    @property
    def streams(self) -> list[str]:
        """Return the states the private stream was told to be in."""
        return [word.state for word in self.words if isinstance(word, StreamChanged)]

    def agrees(self) -> None:
        """Assert that what was told is the venue's own trades, each once."""
        told = [
            (fill.execution_id, fill.client_order_id, fill.quantity, fill.price)
            for fill in self.fills
        ]
        truth = [
            (
                f"BTCUSDT:{trade['id']}",
                self.venue.orders[trade["orderId"]]["clientOrderId"],
                BTC.quantity_units(Decimal(trade["qty"])),
                BTC.price_units(Decimal(trade["price"])),
            )
            for trade in self.venue.trades
        ]
        assert sorted(told) == sorted(truth)


def agrees_but_for_asked_again(desk: Desk) -> None:
    """A restarted session tells the newest fills anew, as its memory of them ended: the kernel counts them once."""
    seen: dict[str, OrderFilled] = {}
    for word in list(desk.words):
        if isinstance(word, OrderFilled):
            before = seen.setdefault(word.execution_id, word)
            same = (before.client_order_id, before.quantity, before.price, before.side)
            assert same == (word.client_order_id, word.quantity, word.price, word.side)
    desk.words = list(seen.values())
    desk.agrees()


def trade_through(desk: Desk, chance: random.Random, steps: int = 30) -> list[str]:
    """Trade for a while: orders, fills, cancels, restarts; then faults end. Return the orders sent."""
    sent: list[str] = []
    for number in range(steps):
        act = chance.randrange(8)
        if act < 3:
            sent.append(f"tb00000{number}")
            kind: OrderType = "market" if chance.random() < 0.3 else "limit"
            desk.submit(sent[-1], "0.5", kind=kind, side=chance.choice(("buy", "sell")))
        elif act < 6:
            _fill_some(desk, chance)
        elif act == 6 and sent:
            desk.cancel(chance.choice(sent))
        elif chance.random() < 0.2:
            desk.restart()
        desk.run(chance.choice((0.001, 0.1, 1, 7)))
    desk.faults.on = False
    return sent


def live_through(desk: Desk, chance: random.Random, steps: int = 30) -> None:
    """Trade for a while; then be quiet until everything has been told."""
    sent = trade_through(desk, chance, steps)
    desk.run(240)
    ended = (
        OrderAccepted | OrderRejected | OrderReported | OrderFilled | OrderCancelled | OrderExpired
    )
    for key in sent:
        assert any(
            getattr(word, "client_order_id", "") == key
            for word in desk.words
            if isinstance(word, ended)
        )


def _fill_some(desk: Desk, chance: random.Random) -> None:
    """Let the venue execute a part of some open order."""
    venue = desk.venue
    working = [
        number
        for number, order in venue.orders.items()
        if order["status"] in {"NEW", "PARTIALLY_FILLED"}
    ]
    if working:
        number = chance.choice(working)
        order = venue.orders[number]
        left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
        part = left if chance.random() < 0.5 else (left / 2).quantize(Decimal("0.00001"))
        venue.fill(number, part, Decimal(100))
