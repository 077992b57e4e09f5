"""`account check` and `doctor ib`: who is logged in at the Gateway, and when the next login is due."""

import asyncio
from datetime import UTC, datetime

from tradebot.data.venues.ib.contracts import wanted
from tradebot.engine.brokers.checking import CONFIGURATION, UNREACHABLE, AccountLook
from tradebot.engine.brokers.ib.asking import CannotAsk, ask_terms
from tradebot.engine.brokers.ib.calendar import in_reset, next_login
from tradebot.engine.brokers.ib.orders import capabilities_of
from tradebot.engine.brokers.ib.plan import CLIENT_ID, require_kind, url_of
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.types import SECOND
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun

PATIENCE_S = 6
"""Seconds; whoever checks waits for an answer, not for a Gateway that is starting."""

_ANY = "SPY"
"""Asked for where the account names no symbol: everybody may look it up."""


def check_ib(name: str, config: AccountConfig, clock: Clock) -> AccountLook:
    """Ask a Gateway about its account."""
    url = url_of(config)
    client_id = CLIENT_ID if config.client_id is None else config.client_id
    due = datetime.fromtimestamp(next_login(clock.system_ns()) // SECOND, UTC)
    facts = {
        "gateway": url.partition("://")[2],
        "client ids": f"{client_id} orders, {client_id + 1} market data",
        "nightly reset": "now" if in_reset(clock.system_ns()) else "23:45 to 00:45 New York",
        "next login due": f"{due:%Y-%m-%d %H:%M}Z",
    }
    try:
        asked = [wanted(symbol) for symbol in config.symbols or (_ANY,)]
        told = asyncio.run(
            ask_terms(url, client_id + 1, asked, clock, patience=PATIENCE_S, once=True)
        )
        facts["account"] = told.code
        facts["contracts"] = ", ".join(f"{one.instrument.id} ({one.con_id})" for one in told.listed)
        can = capabilities_of(told.order_types)
        facts["the venue holds"] = ", ".join(can.order_types)
        require_kind(name, config, told.code)
    except (CannotRun, ValueError) as error:
        return AccountLook(facts=facts, problem=str(error), exit_code=CONFIGURATION)
    except CannotAsk as error:
        code = CONFIGURATION if error.wrong else UNREACHABLE
        return AccountLook(facts=facts, problem=str(error), exit_code=code)
    return AccountLook(facts=facts)
