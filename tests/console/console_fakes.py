"""A seeded market in frames, an engine link that is no network, and a clock that is moved by hand."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.console.link.protocol import Answer, LinkDown, LinkRefused, StateQuery
from tradebot.engine.control.authority import ArmBody, AuthorityFacts, MandateFacts
from tradebot.engine.control.clients import ClientFacts, DropFacts, StreamFacts
from tradebot.engine.control.health import AccountHealth, HealthFacts, RateBudget
from tradebot.engine.control.messages import API_NUMBER, Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    DifferenceFacts,
    EngineFacts,
    FeedFacts,
    FillFacts,
    HoldingFacts,
    LimitFacts,
    OrderFacts,
    PositionFacts,
    SleeveFacts,
)
from tradebot.engine.control.messages_frame import (
    AccountView,
    BookView,
    CandleView,
    Frame,
    InstrumentView,
    TradeView,
    WatchView,
)
from tradebot.engine.control.messages_house import Decisions, HouseView
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
    Problem,
    Verdict,
)
from tradebot.engine.control.messages_ticket import TicketEdge, TicketFacts, TicketFirst
from tradebot.engine.control.order_life import LifeLine, OrderLife
from tradebot.engine.control.setup import (
    AccountCheck,
    AccountSetup,
    CapabilitySetup,
    SetupFacts,
)
from tradebot.engine.control.sleeves import ChangeBody, VersionDifference

NOW_NS = 1_795_003_457_000_000_000
"""2026-11-18T12:04:17Z."""
NOW_ISO = "2026-11-18T12:04:17Z"
BTC = "binance:BTCUSDT"
ETH = "binance:ETHUSDT"


class HandClock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_s(self) -> float:
        """Return the seconds set by hand."""
        return self.now_s

    def wall_ns(self) -> int:
        """Return a fixed instant."""
        return NOW_NS

    def pass_s(self, seconds: float) -> None:
        """Move on."""
        self.now_s += seconds


def order(**changes: object) -> OrderFacts:
    """Return a working buy order, changed as asked."""
    base = OrderFacts(
        client_order_id="tbq7x2k0000a41",
        request_id="c-1",
        venue_order_id="8841231",
        bet_id="b1",
        account="sandbox",
        instrument=BTC,
        owner="hand",
        policy_version=None,
        side="buy",
        type="limit",
        tif="gtc",
        post_only=False,
        reduce_only=False,
        quantity="0.20000",
        filled="0.00000",
        average_price=None,
        limit_price="59998.50",
        trigger_price=None,
        lives_at="broker",
        state="accepted",
        reason=None,
        because=None,
        created=NOW_ISO,
        updated=NOW_ISO,
        queue_ahead="0.18600",
    )
    return msgspec.structs.replace(base, **changes)


def fill(number: int, **changes: object) -> FillFacts:
    """Return a fill, changed as asked."""
    base = FillFacts(
        execution_id=f"x{number}",
        client_order_id="tbq7x2k0000a38",
        venue_order_id="8841230",
        bet_id="b1",
        account="sandbox",
        instrument=BTC,
        owner="hand",
        side="sell" if number % 2 else "buy",
        quantity="0.11000",
        price=f"6000{number % 4}.00",
        fee="6.60033",
        fee_currency="USDT",
        liquidity="maker",
        source="stream",
        ts_event=f"2026-11-18T12:0{number % 4}:16.240Z",
        ts_recv=NOW_ISO,
        seq=100 + number,
    )
    return msgspec.structs.replace(base, **changes)


POSITIONS = [
    PositionFacts(
        account="sandbox",
        instrument=BTC,
        owner="hand",
        quantity="0.85000",
        average_price="59997.60124",
        mark="60000.25",
        realized_pnl="412.10",
        unrealized_pnl="748.21",
        currency="USDT",
        protected=False,
    ),
    PositionFacts(
        account="sandbox",
        instrument=ETH,
        owner="trend-eth",
        quantity="-4.20000",
        average_price="3101.00000",
        mark="3127.88",
        realized_pnl="0.00",
        unrealized_pnl="-112.90",
        currency="USDT",
        protected=True,
    ),
]

LIMITS = [
    LimitFacts(name="max_order", used=None, cap="25", unit="%"),
    LimitFacts(name="max_position", used="49.79", cap="100", unit="%"),
    LimitFacts(name="max_gross", used="62.61", cap="200", unit="%"),
    LimitFacts(name="open_risk", used="8.70", cap="10", unit="%"),
    LimitFacts(name="day_loss", used="0.31", cap=None, unit="%"),
    LimitFacts(name="orders_per_minute", used="14", cap="600", unit="count"),
]

SLEEVES = [
    SleeveFacts(
        name="trend-btc",
        policy="trend.py:Trend",
        version="3f9c",
        state="running",
        reason=None,
        orders=41,
        fills=38,
    ),
    SleeveFacts(
        name="barbell",
        policy="barbell.py:Barbell",
        version="0c22",
        state="paused",
        reason="decided 11 times over 5 ms in a minute",
        orders=7,
        fills=2,
    ),
]


def candle(*figures: float) -> CandleView:
    """Return a candle from its six figures."""
    ts, opened, high, low, close, volume = figures
    return CandleView(ts_open=int(ts), open=opened, high=high, low=low, close=close, volume=volume)


class FakeMarket:
    """A seeded walk around 60,000 with a book, a tape and candles."""

    def __init__(self, seed: int = 7) -> None:
        self.random = random.Random(seed)  # noqa: S311  (a market, no secret)
        self.mid_ticks = 120_000
        self.version = 0
        self.trades: list[TradeView] = []
        self.candles = self._candles(180)
        for _ in range(40):
            self.step()

    def _candles(self, count: int) -> list[CandleView]:
        price, found = 59_900.0, list[CandleView]()
        for index in range(count):
            opened = price
            price += self.random.gauss(0.55, 9)
            high = max(opened, price) + abs(self.random.gauss(0, 5))
            low = min(opened, price) - abs(self.random.gauss(0, 5))
            ts = NOW_NS - NOW_NS % 60_000_000_000 - (count - 1 - index) * 60_000_000_000
            found.append(candle(ts, opened, high, low, price, abs(self.random.gauss(8, 5))))
        shift = 60_000.25 - price
        return [
            candle(
                c.ts_open, c.open + shift, c.high + shift, c.low + shift, c.close + shift, c.volume
            )
            for c in found
        ]

    def step(self) -> None:
        """Move the market by one print."""
        side: Literal[1, -1] = self.random.choice((1, -1))
        self.version += 1
        size = f"{abs(self.random.gauss(0.2, 0.4)):.5f}"
        price = f"{(self.mid_ticks + (side > 0)) / 2:.2f}"
        ts = NOW_NS - (40 - self.version) * 300_000_000
        self.trades.insert(0, TradeView(ts=ts, price=price, quantity=size, aggressor=side))

    def book(self, step: str, rows: int) -> BookView:
        """Return the book around the middle: sizes depend on the price alone."""
        ticks = max(1, round(Decimal(step) / Decimal("0.50")))
        best_bid, best_ask = self.mid_ticks // ticks, -(-(self.mid_ticks + 1) // ticks)

        def level(index: int) -> tuple[str, str]:
            dice = random.Random(index)  # noqa: S311  (a market, no secret)
            size = dice.lognormvariate(-0.3, 1.1) * ticks
            return f"{index * ticks / 2:.2f}", f"{size:.5f}"

        return BookView(
            step=f"{Decimal(step):.2f}",
            bids=[level(best_bid - i) for i in range(rows)],
            asks=[level(best_ask + i) for i in range(rows)],
            best_bid=f"{self.mid_ticks / 2:.2f}",
            best_ask=f"{(self.mid_ticks + 1) / 2:.2f}",
            mid=f"{(self.mid_ticks + 0.5) / 2:.2f}",
            spread="0.50",
            bid_share=0.561,
        )

    def frame(self, query: StateQuery | None = None, **changes: object) -> Frame:
        """Return a frame of the market as it stands, changed as asked."""
        query = query or StateQuery()
        engine = EngineFacts(
            name="sandbox",
            id="q7x2k",
            version="0.1.0",
            api=API_NUMBER,
            pid=1,
            mode="sandbox",
            market="synthetic seed 7",
            started=NOW_ISO,
            seq=self.version,
            now=NOW_ISO,
        )
        base = Frame(
            version=self.version,
            now=NOW_NS,
            sent=NOW_NS,
            engine=engine,
            trading_state="ACTIVE",
            reason=None,
            instrument=InstrumentView(
                id=query.instrument or BTC,
                base="BTC",
                currency="USDT",
                tick="0.50",
                lot="0.00001",
                price_decimals=2,
                quantity_decimals=5,
            ),
            watch=[
                WatchView(instrument=BTC, last="60000.50", change_percent="+1.19", feed="up"),
                WatchView(instrument=ETH, last="3127.88", change_percent="-0.84", feed="up"),
                WatchView(
                    instrument="binance:SOLUSDT",
                    last="181.22",
                    change_percent="-0.40",
                    feed="stale",
                ),
            ],
            feed=FeedFacts(name="binance", state="up", age_ms=8, gaps=0),
            book=self.book(query.step or "0.50", query.rows),
            trades=self.trades,
            candle_span=query.span,
            candles=self.candles,
            account=AccountView(
                currency="USDT",
                equity="102431.20",
                cash="51431.02",
                day_pnl="1204.11",
                day_percent="+1.19",
                peak_percent="-2.10",
                gross_percent="62.61",
                open_risk_percent="8.70",
                realized_pnl="412.10",
                unrealized_pnl="635.31",
                fees="38.20",
            ),
            positions=POSITIONS,
            working=[
                order(),
                order(
                    client_order_id="tbq7x2k0000a38",
                    side="sell",
                    quantity="0.35000",
                    filled="0.11000",
                    limit_price="60003.00",
                    state="partially_filled",
                    queue_ahead="0",
                ),
                order(
                    client_order_id="tbq7x2k0000a39",
                    side="sell",
                    quantity="0.85000",
                    reduce_only=True,
                    limit_price="60005.00",
                    queue_ahead=None,
                    lives_at="engine",
                ),
            ],
            fills=[fill(number) for number in range(12)],
            limits=LIMITS,
            sleeves=[],
            alerts=[],
            unresolved=0,
            lag_ms=0.4,
        )
        return msgspec.structs.replace(base, **changes)

    def empty(self) -> Frame:
        """Return the frame of an engine with nothing in it but money."""
        base = self.frame()
        return msgspec.structs.replace(
            base,
            book=BookView(
                step="0.50",
                bids=[],
                asks=[],
                best_bid=None,
                best_ask=None,
                mid=None,
                spread=None,
                bid_share=None,
            ),
            trades=[],
            candles=[],
            positions=[],
            working=[],
            fills=[],
            limits=[],
            watch=[WatchView(instrument=BTC, last=None, change_percent=None, feed="up")],
            feed=FeedFacts(name="binance", state="up", age_ms=None, gaps=0),
            account=AccountView(
                currency="USDT",
                equity="100000.00",
                cash="100000.00",
                day_pnl="0",
                day_percent="0.00",
                peak_percent="0.00",
                gross_percent="0.00",
                open_risk_percent="0.00",
                realized_pnl="0",
                unrealized_pnl="0",
                fees="0",
            ),
        )


def preview_of(request: OrderRequest, **changes: object) -> Preview:
    """Return the gate's answer to a request: it passes, unless changed."""
    base = Preview(
        ok=True,
        verdicts=[
            Verdict(code="lot_size", ok=True, text="lot"),
            Verdict(code="tick_size", ok=True, text="tick"),
            Verdict(code="price_collar", ok=True, text="inside the collar"),
            Verdict(code="halted", ok=True, text="not halted"),
            Verdict(code="feed_not_up", ok=True, text="market data up"),
            Verdict(code="max_order", ok=True, text="order 11.7 % of equity, bound 25 %"),
            Verdict(code="max_position", ok=True, text="position 61.5 % of equity, bound 100 %"),
        ],
        instrument=request.instrument,
        side=request.side,
        type=request.type,
        tif=request.tif,
        quantity=f"{request.quantity:f}" if request.risk is None else "0.19400",
        limit_price=None if request.limit_price is None else f"{request.limit_price:f}",
        notional="11999.70",
        notional_percent="11.72",
        fee="12.00",
        currency="USDT",
        distance_percent="-0.01",
        slippage=None,
        binding_limit="max_order",
        binding_quantity="0.42680",
        edge=None,
        risk="11999.70",
        ticket=ticket_of(request),
    )
    return msgspec.structs.replace(base, **changes)


def ticket_of(request: OrderRequest, **changes: object) -> TicketFacts:
    """Return the worked bet: entry 59,998.50, stop 58,800, target 63,600, 13 of 41 won; or one without a stop."""
    edge = TicketEdge(
        source="stated",
        said=0.40,
        won=13,
        settled=41,
        tag="breakout",
        used=0.3333,
        sure=0.79,
        careful="0.00000",
        half_kelly="2.72700",
    )
    bare = request.stop_loss is None
    odds = not bare and request.take_profit is not None
    base = TicketFacts(
        held="0",
        resulting=f"{request.quantity:f}",
        why_not=""
        if odds
        else "no stop: all of it is at risk"
        if bare
        else "no target: nothing says what it pays",
        risk="11999.70" if bare else "263.46",
        risk_percent="11.71" if bare else "0.26",
        bare=f"{request.quantity:f}" if bare else None,
        pays=2.64 if odds else None,
        break_even=0.2747 if odds else None,
        edge=edge if odds and request.edge is not None else None,
        record="",
        limit="0.34140",
        limit_name="max_position",
        binds="limit",
        all_stops="1899.97" if bare else "700.21",
        all_stops_percent="1.9" if bare else "0.7",
        first=TicketFirst(now=0.51, few=False, after=0.52, coin_now=0.376, coin_after=0.375)
        if odds
        else None,
        stop_at=None if bare else "broker",
        target_at=None if request.take_profit is None else "broker",
    )
    return msgspec.structs.replace(base, **changes)


def refused_preview(request: OrderRequest) -> Preview:
    """Return the gate's no."""
    return preview_of(
        request,
        ok=False,
        verdicts=[
            Verdict(
                code="max_order",
                ok=False,
                text="order 35.2 % of equity, bound 25 %: at most 0.42680",
            ),
            Verdict(code="max_position", ok=True, text="position 85.0 % of equity, bound 100 %"),
        ],
    )


STOP = order(
    client_order_id="tbq7x2k0000a39",
    side="sell",
    type="stop",
    quantity="0.85000",
    reduce_only=True,
    limit_price=None,
    trigger_price="58800.00",
    queue_ahead=None,
    lives_at="engine",
    role="stop_loss",
    parent="tbq7x2k0000a37",
)
ENDED_ORDERS = [
    order(
        client_order_id="tbq7x2k0000a36",
        side="sell",
        state="rejected",
        reason="insufficient balance",
        created="2026-11-18T11:58:02Z",
    ),
    order(
        client_order_id="tbq7x2k0000a37",
        quantity="0.85000",
        filled="0.85000",
        average_price="59997.60",
        state="filled",
        created="2026-11-18T12:01:40Z",
        because="breakout: close 60003.0, mean50 58870.1",
    ),
    order(
        client_order_id="tbq7x2k0000a35",
        state="denied",
        reason="max_order: order would be 35.2 % of equity, bound 25 %",
        created="2026-11-18T11:57:31Z",
    ),
]


def step(word: str, ms: float | None, text: str = "") -> LifeLine:
    """Return a line of an order's life."""
    at = None if ms is None else f"2026-11-18T12:01:40.{int(ms) % 1000:03}Z"
    return LifeLine(at=at, since_ms=ms, seq=None, word=word, text=text)


LIFE_LINES = [
    step("because", 0.0, "hand: breakout: close 60003.0, mean50 58870.1"),
    step("created", 0.0, "buy 0.85000 limit @ 60000.00 gtc at broker"),
    step("durable", 1.2, "written to disk"),
    step("sent", 1.2, "to the venue of sandbox"),
    step("accepted", 12.9, "as 8841229"),
    step("filled", 804.0, "0.50000 @ 59997.00 maker fee 29.99 USDT, stream"),
    step("leg", 804.0, "stop loss #0a39 held by the engine"),
    step("filled", 64_200.0, "0.35000 @ 59998.46 maker fee 21.00 USDT, gap_fill"),
]

DIFFERENCES = [
    DifferenceFacts(
        id="sandbox/position/binance:BTCUSDT",
        account="sandbox",
        kind="position",
        about="binance:BTCUSDT",
        ours="0.85",
        theirs="0.80",
        since=NOW_ISO,
        age_s=42,
        cause="the venue holds 0.05 less: a fill this engine has not heard of",
        confirmed=True,
        answer=None,
    ),
    DifferenceFacts(
        id="sandbox/order/x-771",
        account="sandbox",
        kind="order",
        about="x-771",
        ours="unclaimed",
        theirs="open",
        since=NOW_ISO,
        age_s=3,
        cause="placed elsewhere: nobody owns it",
        confirmed=False,
        answer=None,
    ),
    DifferenceFacts(
        id="sandbox/cash/BNB",
        account="sandbox",
        kind="cash",
        about="BNB",
        ours="0",
        theirs="0.1",
        since=NOW_ISO,
        age_s=7300,
        cause="more than the ledger has",
        confirmed=True,
        answer="ignored: airdrop",
    ),
]

ACCOUNTS = [
    AccountFacts(
        name="sandbox",
        venue="binance",
        kind="sandbox",
        currency="USDT",
        cash={"USDT": "51431.02"},
        equity="102431.20",
        not_valued=[],
        stream="up",
        reconciled=True,
        differences=0,
        positions=2,
        working=3,
    ),
    AccountFacts(
        name="swing",
        venue="alpaca",
        kind="sandbox",
        currency="USDT",
        cash={"USD": "1200"},
        equity=None,
        not_valued=[HoldingFacts(account="swing", asset="BTC", amount="0.2")],
        stream="stale",
        reconciled=False,
        differences=2,
        positions=0,
        working=0,
    ),
]

AUTHORITY = AuthorityFacts(
    needed=True,
    armed=True,
    terminal="tty:/dev/pts/3:4242",
    until="2026-11-18T12:14:17Z",
    ends="2026-11-18T12:06:17Z",
    mandates=[
        MandateFacts(
            sleeve="trend-btc",
            version="3f9c",
            account="sandbox",
            capital="6000",
            loss_budget="300",
            lost="41.20",
            expires="2026-12-18T12:00:00Z",
            valid=True,
        ),
        MandateFacts(
            sleeve="barbell",
            version="0c22",
            account="sandbox",
            capital="5000",
            loss_budget="250",
            lost=None,
            expires="2026-11-30T12:00:00Z",
            valid=False,
        ),
    ],
    limits={"max_order": "0.25"},
    waiting={"max_order": "0.5"},
)

HEALTH = HealthFacts(
    trading_state="ACTIVE",
    reason=None,
    since=None,
    feeds=[
        FeedFacts(name=BTC, state="up", age_ms=8, gaps=0),
        FeedFacts(name=ETH, state="up", age_ms=120, gaps=2),
        FeedFacts(name="binance:SOLUSDT", state="stale", age_ms=7400, gaps=1),
        FeedFacts(name="binance:XRPUSDT", state="down", age_ms=None, gaps=0),
    ],
    accounts=[
        AccountHealth(
            account="sandbox",
            venue="binance",
            stream="up",
            clock_offset_ms=3.2,
            clock_error_ms=1.1,
            reconciled=True,
            differences=0,
            answered_s=12.0,
            asking_s=None,
        ),
        AccountHealth(
            account="swing",
            venue="alpaca",
            stream=None,
            clock_offset_ms=None,
            clock_error_ms=None,
            reconciled=False,
            differences=2,
            answered_s=None,
            asking_s=4.2,
        ),
    ],
    clock_offset_max_ms=500.0,
    seq=48_213,
    committed_seq=48_211,
    journal_trouble=None,
    queues={"inbox": 0, "outbox": 1, "journal": 2},
    lag_ms=0.4,
    budgets=[
        RateBudget(owner="hand", used=14, cap=600),
        RateBudget(owner="trend-btc", used=29, cap=30),
    ],
    venue_budget=None,
    unresolved=0,
    consoles=1,
)

SETUP = SetupFacts(
    file="/home/me/.config/tradebot/tradebot.toml",
    problem=None,
    accounts=[
        AccountSetup(
            name="sandbox",
            venue="binance",
            kind="sandbox",
            needs_keys=False,
            keys=None,
            problem=None,
            used=True,
        ),
        AccountSetup(
            name="swing",
            venue="alpaca",
            kind="broker-paper",
            needs_keys=True,
            keys="the keyring",
            problem=None,
            used=True,
        ),
        AccountSetup(
            name="main",
            venue="binance",
            kind="live",
            needs_keys=True,
            keys=None,
            problem="no keys: tradebot keys set main",
            used=False,
        ),
    ],
    capabilities=[
        CapabilitySetup(
            account="sandbox",
            venue="binance",
            order_types=("market", "limit", "stop", "stop_limit"),
            times_in_force=("gtc", "ioc", "fok"),
            post_only=True,
            reduce_only=True,
            replace=False,
            oco=True,
            not_short=0,
        ),
        CapabilitySetup(
            account="swing",
            venue="alpaca",
            order_types=("market", "limit", "stop", "stop_limit", "trailing_stop"),
            times_in_force=("day", "gtc", "ioc", "fok"),
            post_only=False,
            reduce_only=False,
            replace=True,
            oco=True,
            not_short=3,
        ),
    ],
)

CLIENTS = ClientFacts(
    streams=[StreamFacts(client="socket, process 4242", stream="/v1/state", since=NOW_NS)],
    dropped=[
        DropFacts(
            client="token laptop, 127.0.0.1:50122",
            when=NOW_NS,
            reason="read nothing of what was ready for 10 s",
        )
    ],
)


class FakeLink:
    """An EngineLink whose other end is the test."""

    def __init__(self, frame: Frame | None = None) -> None:
        self.frames_out: asyncio.Queue[str] = asyncio.Queue()
        self.events_out: asyncio.Queue[EventLine] = asyncio.Queue()
        self.queries: list[StateQuery] = []
        self.sent: list[OrderRequest] = []
        self.previewed: list[OrderRequest] = []
        self.commands: list[tuple[object, ...]] = []
        self.make_preview: Callable[[OrderRequest], Preview] = preview_of
        self.answer = OrderAnswer(outcome="accepted", order=order(), reason=None)
        self.command_answer = CommandAnswer(
            ok=True, lines=["2 cancelled, 1 kept: it protects"], cancelled=2
        )
        self.place_gate: asyncio.Event | None = None
        """Set by a test that wants to hold an answer back."""
        self.ended: list[OrderFacts] = list(ENDED_ORDERS)
        self.lives: dict[str, list[LifeLine]] = {"tbq7x2k0000a37": LIFE_LINES}
        self.health_facts = HEALTH
        self.authority_facts = AUTHORITY
        self.setup_facts = SETUP
        self.check = AccountCheck(
            account="swing",
            ok=True,
            problem=None,
            facts={"mode": "broker-paper", "host": "paper-api.alpaca.markets"},
        )
        self.check_gate: asyncio.Event | None = None
        """Set by a test that wants to hold a check's answer back."""
        self.account_facts = ACCOUNTS
        self.house_facts: HouseView | None = None
        """None: the engine does not answer what the house is."""
        self.decided: dict[str, Decisions] = {}
        """By sleeve; a question for changes leaves out those that only hold."""
        self.difference: VersionDifference | None = None
        self.mute = False
        """Whether questions beside the frames are not answered."""
        self.down = False
        if frame is not None:
            self.push(frame)

    def push(self, frame: Frame) -> None:
        """Send a frame to the console."""
        self.frames_out.put_nowait(msgspec.json.encode(frame).decode())

    @property
    def address(self) -> str:
        """Return a name."""
        return "fake"

    async def hello(self) -> Hello:
        """Answer."""
        return Hello(api=API_NUMBER, name="sandbox", version="0.1.0", mode="sandbox", pid=1)

    async def frames(self, query: StateQuery) -> AsyncGenerator[str]:
        """Yield what the test pushes."""
        self.queries.append(query)
        if self.down:
            raise LinkDown("no answer from the engine at fake: connection refused")
        while True:
            yield await self.frames_out.get()

    async def events(self, after: str | None) -> AsyncGenerator[EventLine]:
        """Yield what the test puts."""
        del after
        while True:
            yield await self.events_out.get()

    async def preview(self, request: OrderRequest) -> Preview:
        """Answer as the test set."""
        self.previewed.append(request)
        return self.make_preview(request)

    async def place(self, request: OrderRequest) -> OrderAnswer:
        """Note the order and answer as the test set."""
        self.sent.append(request)
        if self.place_gate is not None:
            await self.place_gate.wait()
        if self.down:
            raise LinkDown("no answer from the engine at fake: ReadTimeout")
        return self.answer

    async def cancel(self, client_order_id: str) -> CommandAnswer:
        """Note it."""
        return self._note("cancel", client_order_id)

    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        """Note it."""
        return self._note("cancel_all", instrument, side)

    async def flatten(self, instrument: str | None) -> CommandAnswer:
        """Note it."""
        return self._note("flatten", instrument)

    async def kill(self) -> CommandAnswer:
        """Note it."""
        return self._note("kill")

    async def halt(self, reason: str) -> CommandAnswer:
        """Note it."""
        return self._note("halt", reason)

    async def resume(self, reason: str) -> CommandAnswer:
        """Note it."""
        if not reason:
            raise LinkRefused(Problem(code="usage", detail="a reason is needed", exit_code=2))
        return self._note("resume", reason)

    async def arm(self, body: ArmBody) -> CommandAnswer:
        """Note it."""
        return self._note("arm", body)

    async def disarm(self) -> CommandAnswer:
        """Note it."""
        return self._note("disarm")

    async def seen(self, terminal: str) -> CommandAnswer:
        """Note it."""
        return self._note("seen", terminal)

    async def stop(self) -> CommandAnswer:
        """Note it."""
        return self._note("stop")

    async def orders(self, limit: int) -> list[OrderFacts]:
        """Return the ended orders."""
        return self._told(self.ended[-limit:])

    async def life(self, client_order_id: str) -> OrderLife:
        """Return the life the test set."""
        known = [*self.ended, order(), STOP]
        found = next(o for o in known if o.client_order_id == client_order_id)
        related = [o for o in known if client_order_id in (o.parent, o.replaces)]
        lines = self.lives.get(client_order_id, LIFE_LINES[:5])
        return self._told(OrderLife(order=found, lines=lines, related=related, complete=True))

    async def accounts(self) -> list[AccountFacts]:
        """Return the accounts."""
        return self._told(self.account_facts)

    async def authority(self) -> AuthorityFacts:
        """Return who may add risk."""
        return self._told(self.authority_facts)

    async def health(self) -> HealthFacts:
        """Return the lights."""
        return self._told(self.health_facts)

    async def setup(self) -> SetupFacts:
        """Return what is configured."""
        return self._told(self.setup_facts)

    async def check_account(self, account: str) -> AccountCheck:
        """Note it and answer as the test set."""
        self._note("check", account)
        if self.check_gate is not None:
            await self.check_gate.wait()
        return self._told(self.check)

    async def clients(self) -> ClientFacts:
        """Return who follows."""
        return self._told(CLIENTS)

    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        """Note it."""
        self._note("amend", client_order_id, request)
        return self.answer

    async def reconcile(self, account: str | None) -> CommandAnswer:
        """Note it."""
        return self._note("reconcile", account)

    async def answer_difference(
        self, difference: str, answer: Answer, owner: str | None, reason: str
    ) -> CommandAnswer:
        """Note it."""
        return self._note("difference", difference, answer, owner, reason)

    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Note it."""
        return self._note("pause", sleeve, reason)

    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        """Note it."""
        return self._note("resume_sleeve", sleeve, reason)

    async def house(self) -> HouseView:
        """Return the books."""
        if self.house_facts is None:
            raise LinkDown("no answer from the engine at fake: ReadTimeout")
        return self._told(self.house_facts)

    async def decisions(self, sleeve: str, limit: int, *, only_changes: bool) -> Decisions:
        """Return what the sleeve decided."""
        known = self.decided.get(sleeve, Decisions(decisions=[])).decisions
        kept = [one for one in known if not only_changes or one.did != ("hold",)]
        return self._told(Decisions(decisions=kept[:limit]))

    async def reload_difference(self, sleeve: str) -> VersionDifference:
        """Return what the test set."""
        if self.difference is None:
            detail = f"{sleeve}: trend.py, line 12: SyntaxError: invalid syntax"
            raise LinkRefused(Problem(code="conflict", detail=detail))
        return self.difference

    async def reload_sleeve(self, sleeve: str, body: ChangeBody) -> CommandAnswer:
        """Note it."""
        return self._note("reload", sleeve, body)

    def _told[T](self, answer: T) -> T:
        if self.mute:
            raise LinkDown("no answer from the engine at fake: ReadTimeout")
        return answer

    async def close(self) -> None:
        """Nothing is open."""

    def _note(self, *words: object) -> CommandAnswer:
        self.commands.append(words)
        return self.command_answer
