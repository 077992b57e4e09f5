"""The limits in force without any configuration: each holds at its cap and refuses one unit more, in every mode.

The table is typed here as the manual has it; the program's own defaults are measured against it, never against
themselves.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import msgspec
import pytest
from tests.engine.core.builders import BTC, ETH, SLEEVE, WIDE_OPEN, World, intent, of_type
from tests.engine.core.test_risk import exposure, picture, verdict
from tests.engine.core.test_stops import changes, denial, price, rejections

from tradebot.engine.core.limits import Limits, default_limits
from tradebot.engine.core.outcomes import OrderDenied
from tradebot.engine.core.picture import Exposure
from tradebot.engine.core.types import HAND, MINUTE, Mode, Owner, Side, sign

LIVE: Mapping[str, str] = MappingProxyType(
    {
        "max_order": "5%",
        "max_position": "20%",
        "max_gross": "100%",
        "max_open_risk": "2%",
        "day_loss": "2%",
        "drawdown": "10%",
        "price_collar": "1%",
        "price_collar_wide": "2%",
        "wide_spread": "0.5%",
        "unprotected_risk": "10%",
        "orders_per_minute.hand": "10",
        "orders_per_minute.sleeve": "30",
        "rejects_in_row": "5",
        "protect_at": "broker",
    }
)
"""The first start in LIVE."""

OTHERS: Mapping[str, str] = MappingProxyType(
    {
        **LIVE,
        "max_order": "25%",
        "max_position": "100%",
        "max_gross": "200%",
        "max_open_risk": "10%",
        "day_loss": "off",
        "drawdown": "off",
        "price_collar": "5%",
        "price_collar_wide": "5%",
        "orders_per_minute.hand": "600",
        "orders_per_minute.sleeve": "600",
        "protect_at": "any",
    }
)
"""Every other mode."""

MANUAL: Mapping[Mode, Mapping[str, str]] = MappingProxyType(
    {"live": LIVE, "sandbox": OTHERS, "paper": OTHERS, "broker-paper": OTHERS}
)

EVERY_MODE = pytest.mark.parametrize("mode", list(MANUAL))
LOT = 10
"""Units of the smallest step of an order: 0.0001 BTC, 1 USDT at the price of these tests."""
EQUITY = Decimal(100_000)
AT = 10_000_00


def lots(mode: Mode, key: str, *, times: int = 1) -> int:
    """Return how many lots of 1 USDT a share of equity in the manual is."""
    share = Decimal(MANUAL[mode][key].removesuffix("%")) / 100
    return int(share * EQUITY) * times


def only(mode: Mode, *names: str) -> Limits:
    """Return limits of which those named are the program's own defaults, and the others never bind."""
    own = msgspec.structs.asdict(default_limits(mode))
    return msgspec.structs.replace(WIDE_OPEN, **{name: own[name] for name in names})


def asked(
    mode: Mode, cap: str, quantity: int, *others: Exposure, side: Side = "buy", held: int = 0
) -> str:
    seen = picture(exposure(held * LOT), *others, limits=only(mode, cap), equity=EQUITY)
    return verdict(intent(side, quantity * LOT, limit=AT), seen)


@EVERY_MODE
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_max_order_holds_at_its_cap_and_refuses_one_unit_more(mode: Mode, side: Side) -> None:
    cap = lots(mode, "max_order")
    assert asked(mode, "max_order", cap, side=side) == "ok"
    assert asked(mode, "max_order", cap + 1, side=side) == "max_order"


@EVERY_MODE
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_max_position_holds_at_its_cap_and_refuses_one_unit_more(mode: Mode, side: Side) -> None:
    cap = lots(mode, "max_position")
    held = sign(side) * (cap - 100)
    assert asked(mode, "max_position", 100, side=side, held=held) == "ok"
    assert asked(mode, "max_position", 101, side=side, held=held) == "max_position"


@EVERY_MODE
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_max_gross_holds_at_its_cap_and_refuses_one_unit_more(mode: Mode, side: Side) -> None:
    # Another instrument's short of 1,000 USDT counts as much as a long would.
    short = exposure(-100_000, mark=Decimal(1000), instrument=ETH)
    cap = lots(mode, "max_gross") - 1000
    assert asked(mode, "max_gross", cap, short, side=side) == "ok"
    assert asked(mode, "max_gross", cap + 1, short, side=side) == "max_gross"


@EVERY_MODE
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_max_open_risk_holds_at_its_cap_and_refuses_one_unit_more(mode: Mode, side: Side) -> None:
    # A position without a stop counts at a tenth of its notional.
    cap = lots(mode, "max_open_risk", times=10)
    assert asked(mode, "max_open_risk", cap, side=side) == "ok"
    assert asked(mode, "max_open_risk", cap + 1, side=side) == "max_open_risk"


def invested(limits: Limits) -> World:
    """Return 1,000 USDT of equity, all in BTC at 10,000: a price of x moves it by (x - 10,000) / 10."""
    world = World(limits=limits, cash="1000")
    world.market()
    world.hold(10_000)
    return world


def test_a_day_loss_of_two_percent_pulls_reducing_in_live_and_a_unit_less_does_not() -> None:
    world = invested(only("live", "day_loss"))
    assert changes(price(world, 9_800_01)) == []
    assert [state for state, _ in changes(price(world, 9_800_00))] == ["REDUCING"]


def test_a_drawdown_of_ten_percent_pulls_halted_in_live_and_a_unit_less_does_not() -> None:
    world = invested(only("live", "drawdown"))
    assert changes(price(world, 9_000_01)) == []
    assert [state for state, _ in changes(price(world, 9_000_00))] == ["HALTED"]


@pytest.mark.parametrize("mode", ["sandbox", "paper", "broker-paper"])
def test_day_loss_and_drawdown_are_off_outside_live(mode: Mode) -> None:
    world = invested(only(mode, "day_loss", "drawdown"))
    assert changes(price(world, 100_00)) == []


@EVERY_MODE
@pytest.mark.parametrize(
    ("key", "bid", "ask"),
    [
        # A spread of half a percent is not wide yet; one unit on each side more is.
        ("price_collar", 9_975_00, 10_025_00),
        ("price_collar_wide", 9_974_99, 10_025_01),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_collar_holds_at_its_width_and_refuses_one_tick_beyond(
    mode: Mode, key: str, bid: int, ask: int, side: Side
) -> None:
    width = int(Decimal(MANUAL[mode][key].removesuffix("%")) / 100 * AT)
    limits = only(mode, "price_collar", "price_collar_wide", "wide_spread")
    seen = picture(limits=limits, bid=bid, ask=ask)
    edge = AT + sign(side) * width
    assert verdict(intent(side, limit=edge), seen) == "ok"
    assert verdict(intent(side, limit=edge + sign(side) * BTC.rules[0].tick), seen) == (
        "price_collar"
    )


@EVERY_MODE
@pytest.mark.parametrize(("owner", "word"), [(HAND, "hand"), (SLEEVE, "sleeve")])
def test_the_pace_lets_the_last_order_of_a_minute_pass_and_not_the_next(
    mode: Mode, owner: Owner, word: str
) -> None:
    cap = int(MANUAL[mode][f"orders_per_minute.{word}"])
    limits = only(mode, "orders_per_minute_hand", "orders_per_minute_sleeve")
    assert verdict(intent(owner=owner), picture(limits=limits, sent=cap - 1)) == "ok"
    assert verdict(intent(owner=owner), picture(limits=limits, sent=cap)) == "orders_per_minute"


@EVERY_MODE
def test_the_kernel_counts_the_orders_of_the_last_minute_itself(mode: Mode) -> None:
    cap = int(MANUAL[mode]["orders_per_minute.hand"])
    world = World(limits=only(mode, "orders_per_minute_hand"))
    world.market()
    first = world.now
    for _ in range(cap):
        assert not of_type(world.request("buy", 100), OrderDenied)
    assert denial(world.request("buy", 100)) == "orders_per_minute"
    world.now = first + 2 * MINUTE
    world.market()
    assert denial(world.request("buy", 100)) == "ok"


@EVERY_MODE
def test_the_fifth_rejection_in_a_row_pulls_reducing_and_the_fourth_does_not(mode: Mode) -> None:
    cap = int(MANUAL[mode]["rejects_in_row"])
    world = World(limits=only(mode, "rejects_in_row"))
    world.market()
    assert changes(rejections(world, cap - 1)) == []
    assert [state for state, _ in changes(rejections(world, 1))] == ["REDUCING"]
