"""What a start asks a Gateway, over a socket to the local exchange."""

import asyncio
import socket
from typing import override

import pytest
from tests.exchange.conftest import opened

from tradebot.data.venues.ib.contracts import wanted
from tradebot.engine.brokers.checking import UNREACHABLE
from tradebot.engine.brokers.ib.asking import CannotAsk, GatewayTerms, ask_terms
from tradebot.engine.brokers.ib.check import PATIENCE_S, check_ib
from tradebot.engine.brokers.ib.plan import require_kind, url_of
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.types import SECOND
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


class Stopped(SystemClock):
    """A clock that stands still."""

    @override
    def system_ns(self) -> int:
        return 1_795_003_457_000_000_000

    @override
    def monotonic_ns(self) -> int:
        return 0


def test_a_check_of_a_closed_port_answers_at_once_also_under_a_clock_that_stands_still() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = taken.getsockname()[1]
        began = SystemClock().monotonic_ns()
        look = check_ib("a", AccountConfig(venue="ib", kind="sandbox", port=port), Stopped())
        took = SystemClock().monotonic_ns() - began
    assert look.exit_code == UNREACHABLE
    assert look.problem is not None
    assert "nobody listens" in look.problem
    assert str(port) in look.problem
    assert took < PATIENCE_S * SECOND / 2


def test_a_port_that_says_nothing_is_given_up_when_patience_ends_whatever_the_clock_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        asking = ask_terms(url, 5, [wanted("AAPL")], Stopped(), patience=0.2, once=True)
        with pytest.raises(CannotAsk, match=r"nobody to ask at .* within 0\.2 s: no answer"):
            asyncio.run(asking)
