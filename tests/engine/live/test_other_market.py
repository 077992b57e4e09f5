"""An engine goes on with the market it began on, or says in one line that it cannot."""

import pytest

from tradebot.data.instruments import InstrumentId
from tradebot.engine.config.load import load
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.markets import INVENTED
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.sandbox import refuse_another_market
from tradebot.engine.venue.log import MarketAt

INSTRUMENTS = tuple(invention.instrument for invention in INVENTED)


def options() -> RunOptions:
    return RunOptions(
        name="sandbox",
        market="replay:spot/day",
        speed="max",
        seed=1,
        listen=None,
        until_consoles_leave=False,
        at_end=None,
        config=load({}).config,
    )


def stood(*instruments: InstrumentId) -> list[MarketAt]:
    return [MarketAt(ts=1, last=dict.fromkeys(instruments, 1))]


def test_ledger_of_another_market_is_refused_with_a_way_on() -> None:
    with pytest.raises(CannotRun, match=r"kraken:XBTUSD.*tradebot run --name NAME") as refused:
        refuse_another_market(options(), INSTRUMENTS, stood(InstrumentId("kraken:XBTUSD")))
    assert refused.value.exit_code == 3


def test_ledger_of_the_same_market_and_an_empty_one_pass() -> None:
    refuse_another_market(options(), INSTRUMENTS, [])
    refuse_another_market(options(), INSTRUMENTS, stood(*(each.id for each in INSTRUMENTS)))
