"""What assets are worth: configured, quoted, by an instrument's mark; and what is not valued is named."""

from decimal import Decimal

import msgspec
import pytest
from tests.engine.core.builders import (
    ACCOUNT,
    BTC,
    BTC_ID,
    ETH,
    World,
    of_type,
    started,
)

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import CashMoved, RateQuoted
from tradebot.engine.core.outcomes import OrderDenied
from tradebot.engine.core.types import AccountName

SECOND_ACCOUNT = AccountName("second")
EUR = msgspec.structs.replace(
    ETH, id=InstrumentId("sandbox:EURUSD"), kind="fx", base="EUR", currency="USD"
)


def moved(world: World, asset: str, amount: str, account: AccountName = ACCOUNT) -> None:
    world.send(
        CashMoved(
            movement_id=f"m-{asset}-{world.seq}",
            account=account,
            asset=asset,
            amount=Decimal(amount),
            why="deposit",
            ts_event=0,
        )
    )


def test_cash_of_a_base_asset_is_worth_its_instruments_mark_and_beside_the_position() -> None:
    world = World()
    world.market()
    world.hold(10_000)  # 0.1 BTC at 10,000
    moved(world, "BTC", "0.2")
    assert world.state.equity() == 100_000 + Decimal("0.2") * 10_000
    assert world.state.valuation().missing == ()


def test_what_nothing_values_makes_equity_unknown_is_named_and_new_risk_is_refused() -> None:
    world = World()
    world.market()
    moved(world, "BNB", "0.2")
    assert world.state.equity() is None
    assert world.state.valuation().text() == "+ 0.2 BNB not valued"
    (denied,) = of_type(world.request("buy", 1000), OrderDenied)
    assert denied.code == "equity_unknown"


def test_a_mark_that_has_not_moved_for_a_minute_is_no_rate() -> None:
    world = World()
    world.market()
    moved(world, "BTC", "0.2")
    assert world.state.equity() == 102_000
    world.state.now += 61 * 10**9
    assert world.state.equity() is None


@pytest.mark.parametrize(("rates", "worth"), [({"BNB": "600"}, 120), ({"BNB": BTC_ID}, 2000)])
def test_the_configuration_names_a_rate_or_an_instrument(rates: dict[str, str], worth: int) -> None:
    world = World(start=msgspec.structs.replace(started(), rates=rates))
    world.market()
    moved(world, "BNB", "0.2")
    assert world.state.equity() == 100_000 + worth


def test_a_quoted_rate_holds_a_quarter_of_an_hour_and_goes_both_ways() -> None:
    world = World()
    quote = RateQuoted(
        asset="USDT",
        currency="JPY",
        rate=Decimal(160),
        source="venue",
        ts_event=world.now,
    )
    world.send(quote)
    moved(world, "JPY", "1600")
    assert world.state.equity() == 100_010
    world.state.now += 16 * 60 * 10**9
    assert world.state.equity() is None


def test_pegs_count_one_to_one_and_a_rate_may_go_through_one_currency() -> None:
    start = msgspec.structs.replace(
        started(instruments=(BTC, EUR)), currency="EUR", pegs={"USDT": "USD"}
    )
    world = World(start=start)
    world.market()
    world.market(120, 130, instrument=EUR.id)
    assert world.state.equity() == Decimal(100_000) / Decimal("1.25")
    world.hold(10_000)
    assert world.state.equity() == Decimal(100_000) / Decimal("1.25")


def test_equity_is_the_sum_of_the_accounts() -> None:
    native = World().state.accounts[ACCOUNT].started
    second = msgspec.structs.replace(native, name=SECOND_ACCOUNT)
    world = World(start=msgspec.structs.replace(started(), accounts=(native, second)))
    world.market()
    moved(world, "USDT", "500", SECOND_ACCOUNT)
    state = world.state
    assert state.valuation(SECOND_ACCOUNT).equity == 500
    assert state.equity() == 100_500
