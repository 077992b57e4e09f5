"""The life of sleeves by script: notes what it is told and answers from constants."""

from typing import TYPE_CHECKING, override

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import (
    AllocationFacts,
    AllocationLine,
    AllocationQuery,
    CapitalBody,
    CardBody,
    ChangeBody,
    ControlledSleeves,
    GateCard,
    LoggedLine,
    LoggedQuery,
    ParamChange,
    ParamFacts,
    SleeveDetail,
    SleeveListing,
    StartBody,
    StopSleeveBody,
    Trial,
    VersionDifference,
    VersionFacts,
)

if TYPE_CHECKING:
    from tests.engine.control.scripted import ScriptedEngine

SINCE = "2026-11-22T16:00:00.000000Z"
OLD = "3f9c00000000"
NEW = "77aa00000000"

PARAM = ParamFacts(
    name="window",
    value="50",
    origin="tradebot.toml",
    type="int",
    default="20",
    bounds=">= 2 and <= 400",
    doc="bars in the mean",
)

LISTING = SleeveListing(
    name="trend-btc",
    policy="trend.py:Trend",
    version=OLD,
    run="live",
    state="running",
    reason=None,
    capital="6000",
    equity="6120.50",
    open_risk="15.00",
    day="20.50",
    last_decision="hold: above-mean",
    last_age_s=75.0,
    mandate_until=None,
    proof="12 of 420 bets",
    note="changed on disk",
)

TRIAL = Trial(did=("hold",), because="below-mean: close 1", took_ms=0.25)

CARD = GateCard(
    sleeve="trend-btc",
    policy="trend.py:Trend",
    version=OLD,
    account="sandbox",
    mode="sandbox",
    real_money=False,
    run="live",
    runs_now="off",
    symbols=("binance:BTCUSDT",),
    params=(PARAM,),
    capital="6000",
    currency="USDT",
    pool="94000",
    limits={"day_loss": "0.01"},
    engine_limits={"max_order": "0.25"},
    on_error="pause",
    on_stop="keep",
    mandate=None,
    trading_state="ACTIVE",
    wants=TRIAL,
    warnings=(),
)

DIFFERENCE = VersionDifference(
    sleeve="trend-btc",
    what="reload",
    old=OLD,
    new=NEW,
    same=False,
    run="live",
    params=(ParamChange(name="window", old="50", new="60"),),
    needs_old=("trades",),
    needs_new=("best bid and ask",),
    source=("--- trend.py", "+++ trend.py", "-old", "+new"),
    wants_old=TRIAL,
    wants_new=TRIAL,
    memory="kept",
    refused=None,
    mandate_ends=False,
    real_money=False,
)

DETAIL = SleeveDetail(
    listing=LISTING,
    account="sandbox",
    symbols=("binance:BTCUSDT",),
    needs=("trades",),
    params=(PARAM,),
    limits={},
    on_error="pause",
    on_stop="keep",
    compound=True,
    mandate=None,
    state_bytes=12,
    decide_p50_ms=0.05,
    decide_p99_ms=0.4,
    decides=1000,
    files=("trend.py",),
    versions=(
        VersionFacts(version=OLD, policy="trend.py:Trend", since=SINCE, what="engine start"),
    ),
)

ALLOCATION = AllocationFacts(
    by="equal",
    pool="100000",
    currency="USDT",
    lines=(
        AllocationLine(
            sleeve="trend-btc",
            capital="6000",
            proposed="100000.00",
            share="100.0",
            why="equal share",
        ),
    ),
    commands=("tradebot policy capital trend-btc 100000.00",),
)


class ScriptedSleeves(ControlledSleeves):
    """Notes what it is told, as the engine does; only `trend-btc` runs."""

    def __init__(self, engine: "ScriptedEngine") -> None:
        self._engine = engine
        self.card_facts = CARD
        self.difference = DIFFERENCE

    def _done(self, name: str, *told: str) -> CommandAnswer:
        self._known(name)
        self._engine.told.append((told[0], name, *told[1:]))
        return CommandAnswer(ok=True, lines=[told[0]])

    def _known(self, name: str) -> None:
        if name != "trend-btc":
            raise Refused("unknown", f"no sleeve {name!r} runs here; there is trend-btc")

    @override
    async def listing(self) -> list[SleeveListing]:
        return [LISTING]

    @override
    async def facts(self, name: str) -> SleeveDetail:
        self._known(name)
        return DETAIL

    @override
    async def logged(self, name: str, query: LoggedQuery) -> list[LoggedLine]:
        self._known(name)
        return [LoggedLine(ts=4_000_000_000, seq=4, text="warm")][: query.limit]

    @override
    async def card(self, name: str, body: CardBody) -> GateCard:
        self._known(name)
        self._engine.told.append(("card", name, body.run))
        return self.card_facts

    @override
    async def start(self, name: str, body: StartBody) -> CommandAnswer:
        budget = body.loss_budget or "-"
        return self._done(name, "start", body.run, body.version, budget, str(body.days))

    @override
    async def stop(self, name: str, body: StopSleeveBody) -> CommandAnswer:
        return self._done(name, "stop-sleeve", body.reason, str(body.exit))

    @override
    async def reload_difference(self, name: str) -> VersionDifference:
        self._known(name)
        return self.difference

    @override
    async def reload(self, name: str, body: ChangeBody) -> CommandAnswer:
        return self._done(name, "reload", body.version, str(body.fresh))

    @override
    async def rollback_difference(self, name: str) -> VersionDifference:
        self._known(name)
        return self.difference

    @override
    async def rollback(self, name: str, body: ChangeBody) -> CommandAnswer:
        return self._done(name, "rollback", body.version, str(body.fresh))

    @override
    async def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        return self._done(name, "capital", body.capital)

    @override
    async def allocation(self, query: AllocationQuery) -> AllocationFacts:
        return ALLOCATION
