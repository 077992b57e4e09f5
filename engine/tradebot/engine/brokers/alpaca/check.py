"""What Alpaca says of an account: who it is, what it may do, what it can spend."""

import asyncio

from tradebot.engine.brokers.alpaca.plan import keys_of
from tradebot.engine.brokers.alpaca.terms import CannotAsk, ask_account, ask_clock
from tradebot.engine.brokers.checking import CONFIGURATION, UNREACHABLE, AccountLook
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.types import MS
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun

CLOCK_MOST = 1000 * MS
"""Largest offset to the venue's clock that is well: orders carry no time, but days and fills are told by it."""


def check_alpaca(name: str, config: AccountConfig, places: Places, clock: Clock) -> AccountLook:
    """Ask an account for its record by its keys."""
    if config.kind == "paper":
        return AccountLook(facts={"mode": "paper", "orders": "never leave: our own venue fills"})
    try:
        addresses, keys = keys_of(name, config, places)
    except CannotRun as error:
        return AccountLook(problem=str(error), exit_code=error.exit_code)
    facts = {"mode": addresses.mode, "host": addresses.base_url.partition("://")[2]}
    try:
        told = asyncio.run(ask_account(addresses.base_url, keys))
        offset, error_of_it = asyncio.run(ask_clock(addresses.base_url, keys, clock))
    except CannotAsk as error:
        code = CONFIGURATION if error.keys else UNREACHABLE
        return AccountLook(facts=facts, problem=str(error), exit_code=code)
    facts |= {
        "clock": f"{offset / 1e6:+.1f} ms from its, known to {error_of_it / 1e6:.1f}",
        "account": told.account_number,
        "status": told.status,
        "crypto": told.crypto_status or "not enabled",
        "short": "allowed" if told.shorting_enabled else "not allowed",
        "cash": f"{told.cash:f} {told.currency}",
        "multiplier": told.multiplier or "",
    }
    if told.buying_power is not None:
        facts["buying power"] = f"{told.buying_power:f} {told.currency}"
    blocked = told.trading_blocked or told.account_blocked
    problem = "the venue says that this account is blocked" if blocked else None
    if problem is None and abs(offset) >= CLOCK_MOST:
        problem = (
            f"our clock is {offset / 1e6:+.0f} ms from the venue's, at most {CLOCK_MOST // MS} is well: "
            "set it, timedatectl set-ntp true"
        )
    return AccountLook(facts=facts, problem=problem, exit_code=0 if problem is None else 1)
