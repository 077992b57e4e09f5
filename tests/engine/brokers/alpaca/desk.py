"""An account at the Alpaca in memory, with a little kernel: it asks as the real one does and keeps what it is told."""

from collections.abc import Callable
from decimal import Decimal

from tests.engine.brokers.alpaca.venue_in_memory import STREAM, URL, AlpacaInMemory

from tradebot.data.venues.alpaca.assets import Asset, instrument_of
from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.session import AlpacaSession
from tradebot.engine.brokers.alpaca.setting import AccountSetting, Traded
from tradebot.engine.brokers.cursor import Cursor, MemoryCursor
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import (
    AccountReported,
    ExecutionBusted,
    ExecutionCorrected,
    OrderFilled,
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
)
from tradebot.engine.secret import Secret

NAME = AccountName("a")


def traded(symbol: str, *, crypto: bool) -> Traded:
    asset = Asset(
        id="1",
        asset_class="crypto" if crypto else "us_equity",
        symbol=symbol,
        status="active",
        tradable=True,
        fractionable=True,
        min_order_size=Decimal("0.00001"),
        min_trade_increment=Decimal("0.000000001"),
        price_increment=Decimal("0.01"),
    )
    return Traded(asset, instrument_of(asset))


BTC, AAPL = traded("BTC/USD", crypto=True), traded("AAPL", crypto=False)


def intent(key: str, quantity: str = "0.01", one: Traded = BTC, **changes: object) -> OrderIntent:
    """Return an order as decided."""
    values: dict[str, object] = {
        "client_order_id": ClientOrderId(key),
        "request_id": None,
        "bet_id": BetId("b"),
        "account": NAME,
        "instrument": one.instrument.id,
        "owner": HAND,
        "policy_version": None,
        "side": "buy",
        "type": "market",
        "tif": "gtc",
        "quantity": one.instrument.quantity_units(Decimal(quantity)),
        "limit_price": None,
        "post_only": False,
        "reduce_only": False,
        "because": None,
        "edge": None,
        "lives_at": "broker",
        "created": 0,
        "engine_id": EngineId("00000"),
    }
    return OrderIntent(**(values | changes))  # pyright: ignore[reportArgumentType]  (a table of fields)


class Desk:
    """One account, its venue and what was told."""

    def __init__(
        self, seed: int = 1, cursor: Cursor | None = None, venue: AlpacaInMemory | None = None
    ) -> None:
        self.venue = venue or AlpacaInMemory(seed)
        self.cursor = cursor or MemoryCursor()
        self.words: list[AccountWord] = []
        self.reports_wanted = 0
        self.session = self._new_session()
        self.session.start()
        self.run(1)

    def _new_session(self) -> AlpacaSession:
        setting = AccountSetting(
            name=NAME,
            addresses=Addresses(base_url=URL, stream_url="", private_url=STREAM, data_url=URL),
            keys=Keys(Secret(self.venue.terms.key), Secret(self.venue.terms.secret)),
            traded=(BTC, AAPL),
        )
        return AlpacaSession(setting, self.venue.doors, self.hear, self.cursor)

    def restart(self) -> None:
        """Kill the session and make a new one with the same durable memory."""
        self.session.stop()
        self.session = self._new_session()
        self.session.start()

    def hear(self, word: AccountWord) -> None:
        """Keep a word; ask as the kernel does."""
        self.words.append(word)
        if isinstance(word, SubmitUnknown):
            key = word.client_order_id
            self._later(5, lambda: self.ask(key))
        if isinstance(word, OrderReported) and not word.found:
            self._later(5, lambda: self.ask(word.client_order_id))
        if isinstance(word, StreamChanged) and word.state == "up":
            self._later(0, self.look)

    def _later(self, seconds: int, call: Callable[[], None]) -> None:
        self.venue.doors.after(seconds * SECOND, call)

    def ask(self, key: ClientOrderId) -> None:
        """Ask for an order until its answer is certain, as the kernel does: absent twice."""
        answers = [one for one in self.about(OrderReported) if one.client_order_id == key]
        if len(answers) < 2 and not any(one.found for one in answers):
            self.session.perform(QueryOrder(client_order_id=key, account=NAME))
            self._later(20, lambda: self.ask(key))

    def look(self) -> None:
        """Ask for the account."""
        self.session.perform(QueryAccount(account=NAME))

    def submit(self, order: OrderIntent) -> None:
        self.session.perform(RiskApproved(Submit(order=order)))

    def replace(self, order: OrderIntent) -> None:
        """Put an order in the place of the one it names."""
        self.session.perform(RiskApproved(Replace(order=order, known_filled=0)))

    def cancel(self, key: str) -> None:
        self.session.perform(
            Cancel(client_order_id=ClientOrderId(key), account=NAME, because=why("test"))
        )

    def run(self, seconds: float) -> None:
        self.venue.run(round(seconds * SECOND))

    def about[W: AccountWord](self, kind: type[W]) -> list[W]:
        return [word for word in self.words if isinstance(word, kind)]

    @property
    def standing(self) -> dict[str, OrderFilled]:
        """Return the fills that count as the kernel would have them, each id once."""
        booked: dict[str, OrderFilled] = {}
        gone: set[str] = set()
        for word in self.words:
            if isinstance(word, OrderFilled) and word.execution_id not in gone:
                booked.setdefault(word.execution_id, word)
            elif isinstance(word, ExecutionBusted):
                booked.pop(word.execution_id, None)
                gone.add(word.execution_id)
            elif isinstance(word, ExecutionCorrected) and word.execution_id not in gone:
                booked.pop(word.execution_id, None)
                gone.add(word.execution_id)
                booked[word.corrected.execution_id] = word.corrected
        return booked

    def agrees(self) -> None:
        """Fills, positions and orders are the venue's."""
        fills = self.standing
        assert sorted(key.removesuffix(":fee") for key in fills) == sorted(self.venue.standing())
        self.words_of_position()
        names = [order.request.client_id for order in self.venue.exchange.store.all()]
        named = [name for name in names if name.startswith("tb")]
        assert len(named) == len(set(named))

    def words_of_position(self) -> None:
        """The position that follows from the fills is the one the venue reports."""
        held = 0
        for fill in self.standing.values():
            if fill.instrument == BTC.instrument.id:
                held += fill.quantity if fill.side == "buy" else -fill.quantity
                if fill.fee_currency == "BTC":
                    held -= BTC.instrument.quantity_units(fill.fee)
        report = self.about(AccountReported)[-1]
        assert report.positions.get(BTC.instrument.id, 0) == held
