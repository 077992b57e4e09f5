"""The gate: every limit at its cap and a hair to either side, every denial, and the exact boundary it names."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import BTC, ETH, SLEEVE, START, WIDE_OPEN, intent

from tradebot.data.instruments import Instrument
from tradebot.engine.core.gate_words import Check
from tradebot.engine.core.limits import Limits, default_limits, limits_from_text
from tradebot.engine.core.market import FeedHealth
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.picture import Exposure, Picture, reduces_only
from tradebot.engine.core.price_collar import collar_fraction, collar_price
from tradebot.engine.core.risk import RiskApproved, approve, check
from tradebot.engine.core.size_limits import bounds, largest_quantity
from tradebot.engine.core.types import Mode, Side, TradingState, sign

MID = Decimal("10000.00")


def exposure(
    quantity: int = 0,
    *,
    buys: int = 0,
    sells: int = 0,
    mark: Decimal | None = MID,
    instrument: Instrument = BTC,
) -> Exposure:
    return Exposure(
        instrument=instrument, quantity=quantity, buy_leaves=buys, sell_leaves=sells, mark=mark
    )


def picture(  # noqa: PLR0913  (a picture has that many parts)
    *exposures: Exposure,
    limits: Limits = WIDE_OPEN,
    state: TradingState = "ACTIVE",
    sleeve_paused: bool = False,
    flattening: bool = False,
    feed: FeedHealth = "up",
    unresolved: bool = False,
    equity: Decimal | None = Decimal(100_000),
    bid: int | None = 9_999_00,
    ask: int | None = 10_001_00,
    worst_fill: int | None = None,
    sent: int = 0,
) -> Picture:
    return Picture(
        now=START,
        limits=limits,
        state=state,
        sleeve_paused=sleeve_paused,
        flattening=flattening,
        feed=feed,
        unresolved=unresolved,
        equity=equity,
        exposures=exposures or (exposure(),),
        best_bid=bid,
        best_ask=ask,
        worst_fill=worst_fill,
        orders_last_minute=sent,
    )


def verdict(order: OrderIntent, seen: Picture) -> str:
    """Return the code that refuses an order, or `ok`."""
    answer = approve(order, seen)
    return "ok" if isinstance(answer, RiskApproved) else answer.code


def capped(**limits: str) -> Limits:
    values = {name: Decimal(text) for name, text in limits.items()}
    return msgspec.structs.replace(WIDE_OPEN, **values)


# ---------------------------------------------------------------------------------- rules of the venue

RULES = BTC.rules[0]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (intent(quantity=0), "lot_size"),
        (intent(quantity=-1000), "lot_size"),
        (intent(quantity=1005), "lot_size"),
        (intent(quantity=1010), "ok"),
        (intent(quantity=10), "min_quantity"),
        (intent(quantity=20), "ok"),
        (intent(quantity=RULES.quantity_max), "ok"),
        (intent(quantity=RULES.quantity_max + 10), "max_quantity"),
        (intent(limit=10_000_05), "tick_size"),
        (intent("sell", limit=0), "tick_size"),
        (intent(limit=None), "limit_price_missing"),
        (intent(limit=None, order_type="market", tif="ioc"), "price_collar"),
        (intent(quantity=20, limit=999_90), "min_notional"),
        (intent(quantity=20, limit=1_000_00), "ok"),
    ],
)
def test_the_venues_rules_for_orders_are_kept_before_it_sees_them(
    order: OrderIntent, code: str
) -> None:
    assert verdict(order, picture()) == code


def test_the_rules_in_force_are_those_of_the_moment() -> None:
    later = msgspec.structs.replace(RULES, valid_from=START, lot=1000)
    dated = msgspec.structs.replace(BTC, rules=(RULES, later))
    seen = picture(exposure(instrument=dated))
    assert verdict(intent(quantity=1010), seen) == "lot_size"
    earlier = msgspec.structs.replace(seen, now=START - 1)
    assert verdict(intent(quantity=1010), earlier) == "ok"


# ---------------------------------------------------------------------------------- states and health


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "HALTED"}, "halted"),
        ({"state": "REDUCING"}, "reducing"),
        ({"flattening": True}, "flattening"),
        ({"sleeve_paused": True}, "sleeve_paused"),
        ({"feed": "stale"}, "feed_not_up"),
        ({"feed": "down"}, "feed_not_up"),
        ({"feed": "resync"}, "feed_not_up"),
        ({"feed": "ended"}, "feed_not_up"),
        ({"feed": "closed"}, "feed_not_up"),
        ({"unresolved": True}, "unresolved_order"),
        ({"equity": None}, "equity_unknown"),
        ({"equity": Decimal(0)}, "equity_unknown"),
        ({"equity": Decimal(-1)}, "equity_unknown"),
        ({"orders_last_minute": 100_000}, "orders_per_minute"),
    ],
)
def test_what_stops_new_risk_lets_exits_pass(change: dict[str, object], code: str) -> None:
    flat = msgspec.structs.replace(picture(), **change)
    assert verdict(intent("buy"), flat) == code
    assert verdict(intent("sell"), flat) == code
    long = msgspec.structs.replace(picture(exposure(1000)), **change)
    assert verdict(intent("buy"), long) == code
    plain_exit = "halted" if change == {"state": "HALTED"} else "ok"
    assert verdict(intent("sell"), long) == plain_exit
    assert verdict(intent("sell", reduce_only=True), long) == "ok"
    assert verdict(intent("sell", 1010), long) == code


def test_an_exit_is_not_measured_by_limits_meant_for_adding() -> None:
    tiny = capped(max_order="0", max_position="0", max_gross="0", max_open_risk="0")
    seen = picture(exposure(1000), limits=tiny)
    assert verdict(intent("sell", 1000), seen) == "ok"
    assert verdict(intent("buy", 1000), seen) == "max_order"


def test_without_a_mark_new_risk_is_refused_and_exits_are_not() -> None:
    lost = exposure(1000, mark=None, instrument=ETH)
    seen = picture(exposure(), lost)
    answer = approve(intent("buy"), seen)
    assert not isinstance(answer, RiskApproved)
    assert (answer.code, answer.text) == (
        "no_mark",
        "no price to value sandbox:ETHUSDT: limits cannot be kept, wait for its market data",
    )
    assert verdict(intent("buy"), picture(exposure(mark=None))) == "no_mark"
    assert verdict(intent("sell"), picture(exposure(1000, mark=None))) == "ok"
    assert bounds(intent("buy"), seen) == []
    assert largest_quantity(intent("buy"), seen) is None
    assert largest_quantity(intent("buy"), picture(equity=None)) is None


def test_a_picture_without_the_orders_instrument_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(LookupError, match="exposure of sandbox:BTCUSDT"):
        check(intent(), picture(exposure(instrument=ETH)))


# ---------------------------------------------------------------------------------- reduce-only


@pytest.mark.parametrize(
    ("held", "buys", "sells", "side", "quantity", "reduces"),
    [
        (0, 0, 0, "sell", 10, False),
        (0, 0, 0, "buy", 10, False),
        (1000, 0, 0, "buy", 10, False),
        (-1000, 0, 0, "sell", 10, False),
        (1000, 0, 0, "sell", 1000, True),
        (1000, 0, 0, "sell", 1010, False),
        (-1000, 0, 0, "buy", 1000, True),
        (-1000, 0, 0, "buy", 1010, False),
        (1000, 0, 400, "sell", 600, True),
        (1000, 0, 400, "sell", 610, False),
        (1000, 400, 0, "sell", 1000, True),
        (-1000, 400, 0, "buy", 610, False),
    ],
)
def test_an_order_reduces_only_while_it_and_its_like_fit_into_the_position(
    held: int,
    buys: int,
    sells: int,
    side: Side,
    quantity: int,
    reduces: bool,  # noqa: FBT001
) -> None:
    own = exposure(held, buys=buys, sells=sells)
    assert reduces_only(own, side, quantity) == reduces
    order = intent(side, quantity, reduce_only=True)
    expected = "ok" if reduces else "min_quantity" if quantity < 20 else "reduce_only_would_add"
    assert verdict(order, picture(own)) == expected


def test_a_refused_reduce_only_order_says_what_it_stands_against() -> None:
    own = exposure(1000, sells=400)
    answer = approve(intent("sell", 700, reduce_only=True), picture(own))
    assert not isinstance(answer, RiskApproved)
    assert answer.text == (
        "reduce-only sell of 0.007 against a position of 0.01 with 0.004 already working: "
        "lower the quantity"
    )


# ---------------------------------------------------------------------------------- collar


@pytest.mark.parametrize(
    ("side", "limit", "code"),
    [
        ("buy", 10_500_00, "ok"),
        ("buy", 10_500_10, "price_collar"),
        ("buy", 1_00, "min_notional"),
        ("buy", 5_000_00, "ok"),
        ("sell", 9_500_00, "ok"),
        ("sell", 9_499_90, "price_collar"),
        ("sell", 90_000_00, "ok"),
    ],
)
def test_a_price_may_go_as_far_through_mid_as_the_collar_and_any_way_from_it(
    side: Side, limit: int, code: str
) -> None:
    assert verdict(intent(side, limit=limit), picture()) == code


@pytest.mark.parametrize(
    ("bid", "ask", "limit", "code"),
    [
        # A spread of exactly half a percent of mid is not wide yet.
        (9_975_00, 10_025_00, 10_500_00, "ok"),
        (9_975_00, 10_025_00, 10_500_10, "price_collar"),
        (9_974_90, 10_025_10, 11_000_00, "ok"),
        (9_974_90, 10_025_10, 11_000_10, "price_collar"),
    ],
)
def test_the_wide_collar_holds_above_the_wide_spread_only(
    bid: int, ask: int, limit: int, code: str
) -> None:
    assert verdict(intent("buy", limit=limit), picture(bid=bid, ask=ask)) == code


@pytest.mark.parametrize(("bid", "ask"), [(None, 10_001_00), (9_999_00, None), (None, None)])
def test_without_two_sides_the_collar_is_around_the_mark(bid: int | None, ask: int | None) -> None:
    one_sided = picture(bid=bid, ask=ask)
    assert verdict(intent("buy", limit=11_000_00), one_sided) == "ok"
    assert verdict(intent("buy", limit=11_000_10), one_sided) == "price_collar"


@pytest.mark.parametrize(
    ("side", "worst", "code"),
    [
        ("buy", 10_500_00, "ok"),
        ("buy", 10_500_10, "price_collar"),
        ("buy", None, "price_collar"),
        ("sell", 9_500_00, "ok"),
        ("sell", 9_499_90, "price_collar"),
        ("sell", None, "price_collar"),
    ],
)
def test_a_market_order_is_judged_by_the_worst_level_it_would_reach(
    side: Side, worst: int | None, code: str
) -> None:
    order = intent(side, limit=None, order_type="market", tif="ioc")
    assert verdict(order, picture(worst_fill=worst)) == code


def test_a_reduce_only_market_order_may_go_beyond_the_displayed_book() -> None:
    order = intent("sell", limit=None, order_type="market", tif="ioc", reduce_only=True)
    for worst in (None, 1_00, 9_499_90):
        assert verdict(order, picture(exposure(1000), worst_fill=worst)) == "ok"


def test_what_a_line_says_of_an_order_that_passes_is_no_complaint() -> None:
    lines = check(intent("buy", limit=10_000_00), picture())
    assert all(line.ok for line in lines)
    words = {line.code: line.text for line in lines}
    assert words["halted"] == "not halted"
    assert words["feed_not_up"] == "market data up"
    assert words["max_order"] == "this order would be 0.10 % of equity, at most 100000.00 %"


@settings(deadline=None)
@given(
    st.integers(1, 10**7),
    st.integers(0, 10**6),
    st.sampled_from(["buy", "sell"]),
    st.sampled_from([1, 10, 25]),
)
def test_the_collars_price_is_the_last_one_the_gate_lets_pass(
    bid: int, spread: int, side: Side, tick: int
) -> None:
    rules = msgspec.structs.replace(RULES, tick=tick, notional_min=Decimal(0))
    own = exposure(instrument=msgspec.structs.replace(BTC, rules=(rules,)))
    seen = picture(own, bid=bid, ask=bid + spread)
    price = collar_price(WIDE_OPEN, side, bid, bid + spread, tick)
    outward = price + sign(side) * tick
    if price > 0:
        assert verdict(intent(side, limit=price), seen) == "ok"
    if outward > 0:
        assert verdict(intent(side, limit=outward), seen) == "price_collar"
    fraction = collar_fraction(WIDE_OPEN, bid, bid + spread)
    assert fraction in {WIDE_OPEN.price_collar, WIDE_OPEN.price_collar_wide}


# ---------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("cap", "others"),
    [
        ("max_order", ()),
        ("max_position", ()),
        ("max_gross", ()),
        ("max_gross", (exposure(500, mark=Decimal(1000), instrument=ETH),)),
        ("max_open_risk", ()),
        ("max_open_risk", (exposure(-500, mark=Decimal(1000), instrument=ETH),)),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_size_limit_holds_at_its_cap_and_refuses_one_lot_above(
    cap: str, others: tuple[Exposure, ...], side: Side
) -> None:
    # Equity 1,000, cap 10 % (open risk 1 % at a tenth): 100 in all, of which others may hold 5.
    room = 100 - (5 if others else 0)
    limits = capped(**{cap: "0.01" if cap == "max_open_risk" else "0.1"})
    seen = picture(exposure(), *others, limits=limits, equity=Decimal(1000))
    limit = 10_000_00
    assert verdict(intent(side, (room - 1) * 10, limit=limit), seen) == "ok"
    assert verdict(intent(side, room * 10, limit=limit), seen) == "ok"
    assert verdict(intent(side, (room + 1) * 10, limit=limit), seen) == cap
    assert largest_quantity(intent(side, 10, limit=limit), seen) == (cap, room * 10)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_position_counts_with_everything_that_works_in_its_direction(side: Side) -> None:
    direction = sign(side)
    held = direction * 200
    own = exposure(held, buys=300) if side == "buy" else exposure(held, sells=300)
    seen = picture(own, limits=capped(max_position="0.1"), equity=Decimal(1000))
    assert verdict(intent(side, 500), seen) == "ok"
    assert verdict(intent(side, 510), seen) == "max_position"


def test_orders_of_the_other_side_do_not_make_room() -> None:
    own = exposure(0, sells=900)
    seen = picture(own, limits=capped(max_position="0.1"), equity=Decimal(1000))
    assert verdict(intent("buy", 1000), seen) == "ok"
    assert verdict(intent("buy", 1010), seen) == "max_position"


def test_an_order_is_valued_at_its_limit_where_that_is_above_the_mark() -> None:
    seen = picture(limits=capped(max_order="0.1"), equity=Decimal(1000))
    assert verdict(intent("buy", 1000, limit=10_001_00), seen) == "max_order"
    assert verdict(intent("buy", 1000, limit=9_000_00), seen) == "ok"
    assert verdict(intent("buy", 1010, limit=9_000_00), seen) == "max_order"
    assert verdict(intent("sell", 1000, limit=10_001_00), seen) == "max_order"


@pytest.mark.parametrize(("rate", "owner_is_hand"), [(10, True), (30, False)])
def test_hand_and_sleeves_have_their_own_pace(rate: int, owner_is_hand: bool) -> None:  # noqa: FBT001
    limits = msgspec.structs.replace(
        WIDE_OPEN, orders_per_minute_hand=10, orders_per_minute_sleeve=30
    )
    order = intent() if owner_is_hand else intent(owner=SLEEVE)
    assert verdict(order, picture(limits=limits, sent=rate - 1)) == "ok"
    assert verdict(order, picture(limits=limits, sent=rate)) == "orders_per_minute"


units = st.integers(0, 3000).map(lambda lots: lots * 10)
fractions = st.decimals("0", "3", places=4)


@settings(deadline=None)
@given(
    side=st.sampled_from(["buy", "sell"]),
    held=st.integers(-2000, 2000).map(lambda lots: lots * 10),
    buys=units,
    sells=units,
    other=st.integers(-2000, 2000),
    equity=st.decimals("1", "100000", places=7),
    mark=st.decimals("0.01", "20000", places=2),
    limit=st.one_of(st.none(), st.integers(1, 200_000).map(lambda ticks: ticks * 10)),
    caps=st.tuples(fractions, fractions, fractions, fractions),
)
def test_the_largest_quantity_is_exactly_where_the_gate_closes(  # noqa: PLR0913
    *,
    side: Side,
    held: int,
    buys: int,
    sells: int,
    other: int,
    equity: Decimal,
    mark: Decimal,
    limit: int | None,
    caps: tuple[Decimal, Decimal, Decimal, Decimal],
) -> None:
    limits = msgspec.structs.replace(
        WIDE_OPEN,
        max_order=caps[0],
        max_position=caps[1],
        max_gross=caps[2],
        max_open_risk=caps[3] / 10,
        price_collar_wide=Decimal(10**12),
    )
    rules = msgspec.structs.replace(
        RULES, quantity_min=1, quantity_max=10**18, notional_min=Decimal(0)
    )
    instrument = msgspec.structs.replace(BTC, rules=(rules,))
    seen = picture(
        exposure(held, buys=buys, sells=sells, mark=mark, instrument=instrument),
        exposure(other, mark=Decimal("7.3"), instrument=ETH),
        limits=limits,
        equity=equity,
        bid=None,
        ask=None,
        worst_fill=int(mark.scaleb(instrument.price_scale)),
    )
    kind = "market" if limit is None else "limit"
    order = intent(side, 10, limit=limit, order_type=kind)
    found = largest_quantity(order, seen)
    assert found is not None
    code, most = found
    assert most >= 0
    assert most % 10 == 0
    assume(most < 10**17)
    if most:
        assert verdict(msgspec.structs.replace(order, quantity=most), seen) == "ok"
    over = msgspec.structs.replace(order, quantity=most + 10)
    refusals = [line.code for line in check(over, seen) if not line.ok]
    assert code in refusals
    assert set(refusals) <= {"max_order", "max_position", "max_gross", "max_open_risk"}


# ---------------------------------------------------------------------------------- limits as text


@pytest.mark.parametrize("mode", ["live", "sandbox", "paper", "broker-paper"])
def test_limits_survive_their_text_form(mode: Mode) -> None:
    limits = default_limits(mode)
    assert limits_from_text(limits.as_text()) == limits


def test_the_default_limits_are_those_of_the_manual() -> None:
    live, sandbox = default_limits("live"), default_limits("sandbox")
    assert live.as_text() == {
        "max_order": "0.05",
        "max_position": "0.20",
        "max_gross": "1.00",
        "max_open_risk": "0.02",
        "day_loss": "0.02",
        "drawdown": "0.10",
        "price_collar": "0.01",
        "price_collar_wide": "0.02",
        "orders_per_minute_hand": "10",
        "orders_per_minute_sleeve": "30",
        "rejects_in_row": "5",
        "unprotected_risk": "0.10",
        "wide_spread": "0.005",
    }
    assert sandbox.as_text() == live.as_text() | {
        "max_order": "0.25",
        "max_position": "1.00",
        "max_gross": "2.00",
        "max_open_risk": "0.10",
        "day_loss": "off",
        "drawdown": "off",
        "price_collar": "0.05",
        "price_collar_wide": "0.05",
        "orders_per_minute_hand": "600",
        "orders_per_minute_sleeve": "600",
    }


@pytest.mark.parametrize("text", [{}, {"max_order": "much"}, {"max_order": "off"}])
def test_limits_that_cannot_be_read_are_refused(text: dict[str, str]) -> None:
    whole = WIDE_OPEN.as_text() | text if text else {}
    with pytest.raises(msgspec.ValidationError):
        limits_from_text(whole)


def test_what_cannot_be_sold_short_is_sold_as_far_as_it_is_held_and_no_sale_works_already() -> None:
    held = msgspec.structs.replace(
        picture(exposure(1000, sells=400)), short_allowed=False, opens=START
    )
    assert not isinstance(approve(intent("sell", 600), held), Check)
    refused = approve(intent("sell", 700), held)
    assert isinstance(refused, Check)
    assert refused.code == "cannot_short"
    # What follows a holding is bound by it already, and what may be sold short is not asked.
    assert all(one.ok for one in check(intent("sell", 700), picture(exposure(1000, sells=400))))


def test_a_closed_market_says_until_when_and_lets_exits_pass() -> None:
    closed = msgspec.structs.replace(picture(exposure(1000), feed="closed"), opens=START)
    refused = approve(intent("buy", 100), closed)
    assert isinstance(refused, Check)
    assert "is closed until 20" in refused.text
    assert not isinstance(approve(intent("sell", 100), closed), Check)
