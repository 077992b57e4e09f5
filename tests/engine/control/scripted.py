"""An engine that answers by script: what the control server and the commands are tested against."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Literal, override

import msgspec
from tests.engine.control.scripted_sleeves import ScriptedSleeves

from tradebot.engine.control.authority import (
    ArmBody,
    AuthorityFacts,
    ControlledAuthority,
    MandateBody,
    TerminalBody,
)
from tradebot.engine.control.engine import ControlledEngine, FrameQuery, Refused
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages import API_NUMBER, Hello
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    DifferenceFacts,
    EngineFacts,
    FeedFacts,
    FillFacts,
    LimitFacts,
    OrderFacts,
    PositionFacts,
    SleeveFacts,
    Status,
)
from tradebot.engine.control.messages_frame import AccountView, BookView, Frame, InstrumentView
from tradebot.engine.control.messages_house import (
    Decisions,
    DecisionView,
    HouseView,
    MovesView,
)
from tradebot.engine.control.messages_orders import (
    AmendRequest,
    CommandAnswer,
    EventLine,
    OrderAnswer,
    OrderRequest,
    Preview,
    Verdict,
)
from tradebot.engine.control.order_life import LifeLine, OrderLife
from tradebot.engine.control.setup import AccountCheck, AccountSetup, SetupFacts

BTC = "binance:BTCUSDT"
ETH = "binance:ETHUSDT"
AAPL_HERE = "alpaca:AAPL"
AAPL_THERE = "ib:AAPL"
STARTED = "2026-11-22T16:00:00.000000Z"

FACTS = EngineFacts(
    name="main",
    id="a1b2c",
    version="0.1.0",
    api=API_NUMBER,
    pid=4242,
    mode="sandbox",
    market="synthetic seed 7",
    started=STARTED,
    seq=120,
    now=STARTED,
)

ORDER = OrderFacts(
    client_order_id="tba1b2c0001",
    request_id="r-1",
    venue_order_id="v-1",
    bet_id="b-1",
    account="sandbox",
    instrument=BTC,
    owner="hand",
    policy_version=None,
    side="buy",
    type="limit",
    tif="gtc",
    post_only=False,
    reduce_only=False,
    quantity="0.200",
    filled="0.000",
    average_price=None,
    limit_price="59998.50",
    trigger_price=None,
    lives_at="broker",
    state="accepted",
    reason=None,
    because=None,
    created=STARTED,
    updated=STARTED,
)

FILL = FillFacts(
    execution_id="x-1",
    client_order_id=ORDER.client_order_id,
    venue_order_id="v-1",
    bet_id="b-1",
    account="sandbox",
    instrument=BTC,
    owner="hand",
    side="buy",
    quantity="0.200",
    price="59998.50",
    fee="11.99970",
    fee_currency="USDT",
    liquidity="taker",
    source="stream",
    ts_event=STARTED,
    ts_recv=STARTED,
    seq=119,
)

POSITION = PositionFacts(
    account="sandbox",
    instrument=BTC,
    owner="hand",
    quantity="0.200",
    average_price="59998.50",
    mark="60001.00",
    realized_pnl="0.00",
    unrealized_pnl="0.50",
    currency="USDT",
    protected=False,
)


ACCOUNT = AccountFacts(
    name="sandbox",
    venue="native",
    kind="sandbox",
    currency="USDT",
    cash={"USDT": "90431.50"},
    equity="102431.20",
    not_valued=[],
    stream=None,
    reconciled=True,
    differences=0,
    positions=1,
    working=1,
)


def feed(name: str) -> FeedFacts:
    return FeedFacts(name=name, state="up", age_ms=12, gaps=0)


STATUS = Status(
    engine=FACTS,
    trading_state="ACTIVE",
    reason=None,
    currency="USDT",
    equity="102431.20",
    cash={"USDT": "90431.50"},
    day_pnl="61.20",
    accounts=["sandbox"],
    feeds=[feed(BTC), feed(ETH), feed(AAPL_HERE), feed(AAPL_THERE)],
    sleeves=[
        SleeveFacts(
            name="trend-btc",
            policy="trend.py:Trend",
            version="3f9c01ab22cd",
            state="running",
            reason=None,
            orders=4,
            fills=2,
        )
    ],
    limits=[LimitFacts(name="max_order", used="12.00", cap="25", unit="%")],
    working=1,
    unresolved=0,
)

FRAME = Frame(
    version=1,
    now=1_795_363_200_000_000_000,
    sent=1_795_363_200_000_000_000,
    engine=FACTS,
    trading_state="ACTIVE",
    reason=None,
    instrument=InstrumentView(
        id=BTC,
        base="BTC",
        currency="USDT",
        tick="0.01",
        lot="0.001",
        price_decimals=2,
        quantity_decimals=3,
    ),
    watch=[],
    feed=feed(BTC),
    book=BookView(
        step="0.01",
        bids=[("59998.50", "1.000")],
        asks=[("59999.00", "1.500")],
        best_bid="59998.50",
        best_ask="59999.00",
        mid="59998.75",
        spread="0.50",
        bid_share=0.4,
    ),
    trades=[],
    candle_span="1m",
    candles=[],
    account=AccountView(
        currency="USDT",
        equity="102431.20",
        cash="90431.50",
        day_pnl="61.20",
        day_percent="+0.06",
        peak_percent="0.00",
        gross_percent="11.72",
        open_risk_percent="1.17",
        realized_pnl="0.00",
        unrealized_pnl="0.50",
        fees="12.00",
    ),
    positions=[POSITION],
    working=[ORDER],
    fills=[FILL],
    limits=[],
    sleeves=[],
    alerts=[],
    unresolved=0,
    lag_ms=0.1,
)


HEALTH = HealthFacts(
    trading_state="ACTIVE",
    reason=None,
    since=None,
    feeds=[],
    accounts=[],
    clock_offset_max_ms=None,
    seq=7,
    committed_seq=7,
    journal_trouble=None,
    queues={"inbox": 0},
    lag_ms=0.1,
    budgets=[],
    venue_budget=None,
    unresolved=0,
    consoles=0,
)


HOUSE = HouseView(
    currency="USDT",
    game=None,
    moves=MovesView(
        down="0.00",
        down_percent="+0.0",
        down_slipped="0.00",
        down_slipped_percent="+0.0",
        up="0.00",
        up_percent="+0.0",
        asymmetry=None,
        asymmetry_slipped=None,
        positions=0,
        protected=0,
        engine_only=(),
        unprotected=(),
    ),
    rows=(),
    days=90,
    pool="100000.00",
    calibration=(),
)

DECISION = DecisionView(
    ts=1,
    seq=7,
    sleeve="trend",
    did=("hold",),
    symbol=None,
    text="idle",
    repeated=0,
    bound_by=None,
    refused=None,
)


SETUP = SetupFacts(
    file="/home/me/tradebot.toml",
    problem=None,
    accounts=[
        AccountSetup(
            name="swing",
            venue="alpaca",
            kind="broker-paper",
            needs_keys=True,
            keys="the keyring",
            problem=None,
            used=False,
        )
    ],
    capabilities=[],
)


class ScriptedEngine(ControlledEngine):
    """Answers from constants, remembers what it was told, and has a journal one can write into."""

    def __init__(self) -> None:
        self.moves = 1
        self.frames_built = 0
        self.consoles = 0
        self.frame_padding = 0
        self.told: list[tuple[str, ...]] = []
        self.placed: dict[str, OrderAnswer] = {}
        self.asked_for: list[OrderRequest] = []
        """Requests as they came."""
        self.outcome: Literal["accepted", "rejected", "unknown", "denied"] = "accepted"
        self.reason: str | None = None
        self.mode: str = "sandbox"
        self.api = API_NUMBER
        self.life = ScriptedSleeves(self)
        self.journal: list[EventLine] = []
        self.broken = False
        self.stuck = False
        self.dropped: list[str] = []
        self._written = asyncio.Event()

    @property
    @override
    def version(self) -> int:
        return self.moves

    @override
    def hello(self) -> Hello:
        return Hello(api=self.api, name="main", version="0.1.0", mode=self.mode, pid=4242)

    @override
    def status(self) -> Status:
        if self.broken:
            raise RuntimeError("the ledger does not add up")
        facts = msgspec.structs.replace(FACTS, mode=self.mode)
        return msgspec.structs.replace(STATUS, engine=facts)

    @override
    def orders(self, *, working_only: bool) -> Sequence[OrderFacts]:
        done = msgspec.structs.replace(ORDER, client_order_id="tba1b2c0002", state="filled")
        return [ORDER] if working_only else [ORDER, done]

    @override
    async def order_life(self, client_order_id: str) -> OrderLife:
        if client_order_id != ORDER.client_order_id:
            raise Refused("unknown", f"no order {client_order_id!r}; see tradebot orders")
        reason = LifeLine(at=ORDER.created, since_ms=0.0, seq=None, word="because", text="hand")
        return OrderLife(order=ORDER, lines=[reason], related=[], complete=True)

    @override
    def health(self) -> HealthFacts:
        return HEALTH

    @override
    async def setup(self) -> SetupFacts:
        return SETUP

    @override
    async def check_account(self, account: str) -> AccountCheck:
        if account != "swing":
            raise Refused("unknown", f"there is no account {account!r}; known: swing")
        return AccountCheck(account=account, ok=True, problem=None, facts={"mode": "broker-paper"})

    @override
    def house(self) -> HouseView:
        return HOUSE

    @override
    async def decisions(self, name: str, limit: int, *, only_changes: bool) -> Decisions:
        if name not in {"trend", "trend-btc"}:
            raise Refused("unknown", f"no sleeve {name!r} decided here; there is trend")
        return Decisions(decisions=[] if only_changes else [DECISION][:limit])

    @override
    def positions(self) -> Sequence[PositionFacts]:
        return [POSITION]

    @override
    def accounts(self) -> Sequence[AccountFacts]:
        return [ACCOUNT]

    @override
    def fills(self, limit: int) -> Sequence[FillFacts]:
        return [FILL][:limit]

    @override
    def frame(self, query: FrameQuery) -> Frame:
        if query.instrument not in {None, BTC, ETH}:
            raise Refused(
                "unknown", f"no instrument {query.instrument!r} here; known: {BTC}, {ETH}"
            )
        self.frames_built += 1
        return msgspec.structs.replace(
            FRAME, version=self.moves, candle_span=query.span, reason="x" * self.frame_padding
        )

    @override
    def preview(self, request: OrderRequest) -> Preview:
        return Preview(
            ok=True,
            verdicts=[Verdict(code="max_order", ok=True, text="12.00 % of 25 %")],
            instrument=request.instrument,
            side=request.side,
            type=request.type,
            tif=request.tif,
            quantity=str(request.quantity),
            limit_price=None,
            notional="11999.70",
            notional_percent="11.72",
            fee="12.00",
            currency="USDT",
            distance_percent=None,
            slippage=None,
            binding_limit="max_order",
            binding_quantity="0.426",
            edge=None,
            risk="1199.97",
        )

    @override
    async def place(self, request: OrderRequest, wait_s: float) -> OrderAnswer:
        self.told.append(("place", request.request_id, str(wait_s)))
        if request.instrument not in {BTC, ETH}:
            raise Refused("unknown", f"no instrument {request.instrument!r} here")
        self.asked_for.append(request)
        if request.request_id in self.placed:
            return self.placed[request.request_id]
        order = msgspec.structs.replace(
            ORDER,
            request_id=request.request_id,
            instrument=request.instrument,
            side=request.side,
            type=request.type,
            tif=request.tif,
            quantity=str(request.quantity),
            limit_price=None if request.limit_price is None else str(request.limit_price),
            state="denied" if self.outcome == "denied" else self.outcome,
            reason=self.reason,
        )
        answer = OrderAnswer(outcome=self.outcome, order=order, reason=self.reason)
        self.placed[request.request_id] = answer
        return answer

    @override
    async def amend(self, client_order_id: str, request: AmendRequest) -> OrderAnswer:
        if client_order_id != ORDER.client_order_id:
            raise Refused("unknown", f"no order {client_order_id!r}; see tradebot orders")
        self._done(("amend", client_order_id), f"asked to amend {client_order_id}")
        return OrderAnswer(outcome="accepted", order=ORDER, reason=None)

    @override
    async def cancel(self, client_order_id: str) -> CommandAnswer:
        if client_order_id != ORDER.client_order_id:
            raise Refused("unknown", f"no order {client_order_id!r}; see tradebot orders")
        return self._done(("cancel", client_order_id), f"asked to cancel {client_order_id}")

    @override
    async def cancel_all(
        self, instrument: str | None, side: Literal["buy", "sell"] | None
    ) -> CommandAnswer:
        return self._done(("cancel_all", str(instrument), str(side)), "asked to cancel 1 order")

    @override
    async def flatten(self, instrument: str | None) -> CommandAnswer:
        return self._done(("flatten", str(instrument)), "closing 1 position")

    @override
    async def kill(self) -> CommandAnswer:
        return self._done(
            ("kill",),
            "HALTED: only cancels, protective orders and flatten pass from now on",
            "cancelled 1 order that adds risk; kept 0 protective orders",
        )

    @override
    async def halt(self, reason: str) -> CommandAnswer:
        return self._done(("halt", reason), "REDUCING")

    @override
    async def resume(self, reason: str) -> CommandAnswer:
        return self._done(("resume", reason), "ACTIVE")

    @override
    def differences(self) -> list[DifferenceFacts]:
        return []

    @override
    async def reconcile(self, account: str | None) -> CommandAnswer:
        return self._done(("reconcile", account or "all"), "asking")

    @override
    async def answer_difference(
        self,
        difference: str,
        answer: Literal["adopt", "ignore", "flatten"],
        owner: str | None,
        reason: str,
    ) -> CommandAnswer:
        return self._done(("difference", difference, answer, reason), answer)

    @override
    async def pause_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        if sleeve != "trend-btc":
            raise Refused("unknown", f"no sleeve {sleeve!r}; running: trend-btc")
        return self._done(("pause", sleeve, reason), f"{sleeve} paused")

    @override
    async def resume_sleeve(self, sleeve: str, reason: str) -> CommandAnswer:
        return self._done(("resume", sleeve, reason), f"{sleeve} runs again")

    @override
    async def stop(self, *, leave_unprotected: bool) -> CommandAnswer:
        if self.broken:
            raise Refused("conflict", "already stopping")
        if self.stuck:
            await asyncio.Event().wait()
        told = ("stop", "leave-unprotected") if leave_unprotected else ("stop",)
        return self._done(told, "the engine ends; positions stay")

    @property
    @override
    def authority(self) -> "ScriptedAuthority":
        return ScriptedAuthority(self)

    @property
    @override
    def sleeves(self) -> ScriptedSleeves:
        return self.life

    def _done(self, told: tuple[str, ...], *lines: str) -> CommandAnswer:
        self.told.append(told)
        return CommandAnswer(ok=True, lines=list(lines), cancelled=1)

    def write(self, kind: str, count: int = 1) -> None:
        """Commit lines to the journal, three to a seq."""
        for _ in range(count):
            seq, index = divmod(len(self.journal), 3)
            body = msgspec.Raw(msgspec.json.encode({"kind": kind, "n": len(self.journal)}))
            line = EventLine(
                id=f"{seq + 1}.{index}", seq=seq + 1, ts=FRAME.now, kind=kind, body=body
            )
            self.journal.append(line)
        self._written.set()
        self._written = asyncio.Event()

    @override
    async def event_lines(self, after: str | None, limit: int) -> Sequence[EventLine]:
        start = len(self.journal) if after is None else self._place_of(after)
        while len(self.journal) <= start:
            await self._written.wait()
        return self.journal[start : start + limit]

    def _place_of(self, after: str) -> int:
        seq, _, index = after.partition(".")
        place = (int(seq) - 1) * 3 + int(index or 2) + 1
        if place > len(self.journal):
            raise Refused("unknown", f"event {after} has not happened yet")
        return max(place, 0)

    @override
    def client_dropped(self, text: str) -> None:
        self.dropped.append(text)

    @override
    @contextmanager
    def console_attached(self) -> Generator[None]:
        self.consoles += 1
        try:
            yield
        finally:
            self.consoles -= 1


class ScriptedAuthority(ControlledAuthority):
    """Notes what it is told, as the engine does."""

    def __init__(self, engine: "ScriptedEngine") -> None:
        self._engine = engine

    def _done(self, *told: str) -> CommandAnswer:
        self._engine.told.append(told)
        return CommandAnswer(ok=True, lines=[told[0]])

    @override
    def facts(self) -> AuthorityFacts:
        return AuthorityFacts(
            needed=False,
            armed=False,
            terminal=None,
            until=None,
            ends=None,
            mandates=[],
            limits={},
            waiting={},
        )

    @override
    async def arm(self, body: ArmBody) -> CommandAnswer:
        return self._done("arm", body.terminal, str(body.seconds), str(body.idle))

    @override
    async def disarm(self) -> CommandAnswer:
        return self._done("disarm")

    @override
    async def seen(self, body: TerminalBody) -> CommandAnswer:
        return self._done("seen", body.terminal)

    @override
    async def gone(self, body: TerminalBody) -> CommandAnswer:
        return self._done("gone", body.terminal)

    @override
    async def give_mandate(self, sleeve: str, body: MandateBody) -> CommandAnswer:
        return self._done("mandate", sleeve, body.capital, body.loss_budget, str(body.days))

    @override
    async def revoke_mandate(self, sleeve: str, reason: str) -> CommandAnswer:
        return self._done("revoke", sleeve, reason)
