"""What the engine says of the house in the tests: the figures of a LIVE account after some months."""

import msgspec
from console_fakes import NOW_NS

from tradebot.engine.control.messages_house import (
    DecisionView,
    GameView,
    HouseView,
    MovesView,
    SleeveRow,
)
from tradebot.engine.control.sleeves import ParamChange, Trial, VersionDifference

GAME = GameView(
    floor="21600",
    now="24310.55",
    target="28800",
    place=0.3765,
    coin=0.3765,
    chance=0.5121,
    low=0.4012,
    high=0.6203,
    settled=336,
    why_not="",
    since="2026-12-01",
    deadline="2027-12-01",
    utility="hybrid",
    text="+20 % before -10 %",
)

MOVES = MovesView(
    down="-437.12",
    down_percent="-1.8",
    down_slipped="-1190.40",
    down_slipped_percent="-4.9",
    up="1905.00",
    up_percent="+7.8",
    asymmetry=4.358,
    asymmetry_slipped=1.6,
    positions=4,
    protected=3,
    engine_only=("alpaca:SOL/USD",),
    unprotected=(),
)

NO_MOVES = MovesView(
    down="0",
    down_percent="0.0",
    down_slipped="0",
    down_slipped_percent="0.0",
    up="0",
    up_percent="0.0",
    asymmetry=None,
    asymmetry_slipped=None,
    positions=0,
    protected=0,
    engine_only=(),
    unprotected=(),
)

TREND = SleeveRow(
    name="trend-btc",
    version="3f9c",
    run="live",
    state="running",
    warm=None,
    capital="6000",
    equity="6182.10",
    bets=83,
    expected="410.20",
    expected_sd="640.00",
    actual="182.10",
    luck=-0.356,
    edge=0.036,
    edge_low=-0.22,
    edge_high=0.29,
    settled=83,
    needed=3904,
    open_bets=1,
)

REBALANCE = SleeveRow(
    name="rebalance",
    version="a71e",
    run="live",
    state="paused",
    warm=None,
    capital="10000",
    equity="10205.00",
    bets=212,
    expected="159.00",
    expected_sd="131.00",
    actual="205.00",
    luck=0.35,
    edge=0.06,
    edge_low=-0.02,
    edge_high=0.15,
    settled=212,
    needed=333,
    open_bets=2,
    note="changed on disk",
)

BARBELL = SleeveRow(
    name="barbell",
    version="0c22",
    run="shadow",
    state="warming",
    warm=0.28,
    capital="5000",
    equity="5000",
    bets=0,
    expected=None,
    expected_sd=None,
    actual=None,
    luck=None,
    edge=None,
    edge_low=None,
    edge_high=None,
    settled=0,
    needed=None,
)

HAND = SleeveRow(
    name="hand",
    version=None,
    run="live",
    state="",
    warm=None,
    capital="2000",
    equity="2379.00",
    bets=41,
    expected="1122.00",
    expected_sd="685.00",
    actual="-379.00",
    luck=-2.19,
    edge=0.15,
    edge_low=-0.36,
    edge_high=0.67,
    settled=41,
    needed=464,
)

UNCLAIMED = SleeveRow(
    name="unclaimed",
    version=None,
    run="live",
    state="",
    warm=None,
    capital=None,
    equity="1310.00",
    bets=0,
    expected=None,
    expected_sd=None,
    actual=None,
    luck=None,
    edge=None,
    edge_low=None,
    edge_high=None,
    settled=0,
    needed=None,
    note="AAPL 5: nobody owns it",
)

HOUSE = HouseView(
    currency="USD",
    game=GAME,
    moves=MOVES,
    rows=(TREND, REBALANCE, BARBELL, HAND, UNCLAIMED),
    days=90,
    pool="5000",
    calibration=(
        (
            'you said 0.40 on the "breakout" bets; 13 of 41 won = 0.32 [0.20, 0.47].'
            " Sizes now use 0.33, not 0.40."
        ),
        (
            'you said 0.55 on the "below-mean" bets; 101 of 212 won = 0.48 [0.41, 0.54].'
            " Sizes now use 0.48, not 0.55."
        ),
    ),
)

FRESH_HAND = msgspec.structs.replace(
    HAND,
    capital=None,
    equity="100000",
    bets=0,
    expected=None,
    expected_sd=None,
    actual=None,
    luck=None,
    edge=None,
    edge_low=None,
    edge_high=None,
    settled=0,
    needed=None,
)

EMPTY_HOUSE = HouseView(
    currency="USDT",
    game=None,
    moves=NO_MOVES,
    rows=(FRESH_HAND,),
    days=90,
    pool="0",
    calibration=(),
)
"""An engine on its first day: no objective, no sleeve, no bet."""

FEW = msgspec.structs.replace(
    TREND,
    run="shadow",
    bets=2,
    expected="12.5",
    expected_sd="40.2",
    actual="-8.4",
    luck=-0.5,
    edge=-0.7,
    edge_low=None,
    edge_high=None,
    settled=1,
    needed=None,
)

EARLY_HOUSE = msgspec.structs.replace(
    HOUSE,
    game=msgspec.structs.replace(
        GAME, chance=None, low=None, high=None, settled=12, why_not="too few: 12 of 30 bets"
    ),
    rows=(FEW, BARBELL, FRESH_HAND),
    pool="-1250",
    calibration=(),
)
"""Some days on: a shadow, a warming one, more promised than there is."""

HOUR_NS = 3_600_000_000_000


def decision(hours_ago: int, did: str, text: str, **changes: object) -> DecisionView:
    """Return a decision of trend-btc on the hour, changed as asked."""
    base = DecisionView(
        ts=NOW_NS - NOW_NS % HOUR_NS - hours_ago * HOUR_NS,
        seq=48_000 - hours_ago * 100,
        sleeve="trend-btc",
        did=(did,),
        symbol="alpaca:BTC/USD",
        text=text,
        repeated=0,
        bound_by=None,
        refused=None,
    )
    return msgspec.structs.replace(base, **changes)


DECISIONS = [
    decision(0, "hold", "above-mean: close 60,010, mean 58,870; holds 0.050 of 0.050", repeated=1),
    decision(
        2,
        "BUY 0.050",
        "above-mean: close 59,420, mean 58,801; edge +0.08 R ± 0.13",
        edge="you said 0.40, 13 of 41 won = 0.32: sizes use 0.33",
        bound_by="max position 50 %",
    ),
    decision(
        3,
        "BUY 0.050",
        "above-mean: close 59,390, mean 58,790",
        refused="feed_not_up: market data stale for 4.1 s (bound 2.0 s)",
    ),
    decision(4, "SELL 0.048", "below-mean: close 58,610, mean 58,780"),
    decision(5, "cancel", "no-longer-wanted: the want was taken back before it filled"),
    decision(30, "hold", "below-mean: close 58,100, mean 58,640", repeated=24),
]

WANTED = (
    "long alpaca:BTC/USD at 60,000.00, stop 58,800.00, target 63,600.00 (+3.0 R), "
    "1 R = 0.5 % of capital (30.00 USD)"
)

DIFFERENCE = VersionDifference(
    sleeve="trend-btc",
    what="reload",
    old="3f9c11aa20",
    new="b204e9f001",
    same=False,
    run="live",
    params=(
        ParamChange(name="window", old="50", new="60"),
        ParamChange(name="risk", old="0.0025", new="0.005"),
    ),
    needs_old=("Bars 1h, 400 back",),
    needs_new=("Bars 1h, 400 back",),
    source=(
        "--- trend.py@3f9c",
        "+++ trend.py@b204",
        "@@ -12,5 +12,5 @@",
        "     needs = (Bars('1h', history=400),)",
        "-        if bars.last.close <= mean:",
        "+        if bars.last.close <= mean * Decimal('1.002'):",
        "             return want.flat(because=why('below-mean', close=bars.last.close))",
    ),
    wants_old=Trial(did=("hold",), because="above-mean: close 60,010, mean 58,870", took_ms=0.31),
    wants_new=Trial(
        did=(WANTED,),
        because="above-mean: close 60,010",
        took_ms=0.33,
    ),
    memory="kept",
    refused=None,
    mandate_ends=True,
    real_money=True,
)
