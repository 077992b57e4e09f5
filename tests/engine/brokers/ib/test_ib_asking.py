"""What a start asks a Gateway, over a socket to the local exchange."""

import asyncio

import pytest
from tests.exchange.conftest import opened

from tradebot.data.venues.ib.contracts import wanted
from tradebot.engine.brokers.ib.asking import CannotAsk, GatewayTerms, ask_terms
from tradebot.engine.brokers.ib.plan import require_kind, url_of
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.live.clock import SystemClock
from tradebot.engine.live.errors import CannotRun


def asked(*symbols: str) -> GatewayTerms:
    """Ask the exchange for symbols."""

    async def ask() -> GatewayTerms:
        async with opened("ib") as program:
            url = f"tcp://127.0.0.1:{program.faces[0].facts()['port']}"
            return await ask_terms(url, 5, [wanted(one) for one in symbols], SystemClock())

    return asyncio.run(ask())


def test_contracts_become_instruments_with_their_newest_minutes() -> None:
    told = asked("AAPL", "SPY@ARCA", "BTC.USD")
    assert told.code == "DU1234567"
    ids = [one.instrument.id for one in told.listed]
    assert ids == ["ib:AAPL", "ib:SPY@ARCA", "ib:BTC.USD"]
    assert [one.exchange for one in told.listed] == ["SMART", "SMART", "PAXOS"]
    assert all(len(told.history[one]) > 60 for one in ids)
    assert all(bar.low <= bar.open <= bar.high for one in ids for bar in told.history[one])


@pytest.mark.parametrize("symbol", ["NOSUCH", "AAPL@LSE.GBP"])
def test_a_contract_that_is_none_is_named_with_the_venues_word(symbol: str) -> None:
    with pytest.raises(CannotAsk, match=f"ib:{symbol}: 200 No security definition") as error:
        asked(symbol)
    assert error.value.wrong


def test_the_accounts_code_says_paper_or_live_and_a_contradiction_ends_the_start() -> None:
    paper = AccountConfig(venue="ib", kind="broker-paper")
    live = AccountConfig(venue="ib", kind="live")
    require_kind("a", paper, "DU1")
    require_kind("a", live, "U1")
    with pytest.raises(CannotRun, match="'live' and DU1 is a paper account"):
        require_kind("a", live, "DU1")
    with pytest.raises(CannotRun, match="'broker-paper' and U1 is a live account"):
        require_kind("a", paper, "U1")
    assert (url_of(paper), url_of(live)) == ("tcp://127.0.0.1:4002", "tcp://127.0.0.1:4001")
