"""`doctor VENUE`: can it be reached, how far is its clock, and what do its accounts say."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tradebot.engine.cli.checks import Check
from tradebot.engine.home import home

if TYPE_CHECKING:
    from tradebot.engine.config.models import AccountConfig
    from tradebot.engine.live.clock import Clock

VENUES = ("binance", "alpaca", "ib")
"""Venues that can be looked at."""

CLOCK_WARN_MS = 500
"""Offset from which on a venue may soon refuse signed requests (Binance: 1000 ms ahead)."""


def look_at_venue(venue: str) -> Iterator[Check]:
    """Yield what is the matter with a venue and our accounts there."""
    from tradebot.engine.brokers.looking import look_at_account
    from tradebot.engine.config.load import load
    from tradebot.engine.credentials.places import Places
    from tradebot.engine.live.clock import SystemClock

    clock, accounts = SystemClock(), load(os.environ).config.accounts
    there = {name: config for name, config in accounts.items() if config.venue == venue}
    if venue == "binance":
        yield from _binance(there, clock)
    elif venue == "alpaca":
        yield from _alpaca(there, clock)
    if not there:
        yield Check(name="accounts", ok=True, text=f"none at {venue}")
    for name, config in there.items():
        look = look_at_account(name, config, Places(os.environ, home()), clock)
        if look is None:
            continue
        said = "; ".join(f"{what} {text}" for what, text in look.facts.items())
        text = said if look.problem is None else f"{look.problem}; {said}"
        yield Check(name=f"account {name}", ok=look.problem is None, text=text)


def _binance(there: Mapping[str, "AccountConfig"], clock: "Clock") -> Iterator[Check]:
    from tradebot.engine.brokers.binance.addresses import PUBLIC, addresses_of
    from tradebot.engine.brokers.binance.terms import CannotAsk, ask_clock

    hosts = dict.fromkeys(addresses_of(config).base_url for config in there.values())
    for url in hosts or {PUBLIC.base_url: None}:
        name = f"binance {url.partition('://')[2]}"
        try:
            measured = ask_clock(url, clock)
        except CannotAsk as error:
            yield Check(name=name, ok=False, text=str(error), remedy="is the network up?")
            continue
        yield clock_check(name, measured.offset, measured.error)


def _alpaca(there: Mapping[str, "AccountConfig"], clock: "Clock") -> Iterator[Check]:
    """Yield whether market data is told; clocks are told with the accounts: the venue's needs keys."""
    import asyncio

    from tradebot.engine.brokers.alpaca.setting import PAPER, addresses_of
    from tradebot.engine.brokers.alpaca.terms import CannotAsk, ask_public

    hosts = dict.fromkeys(addresses_of(config).data_url for config in there.values())
    for url in hosts or {PAPER.data_url: None}:
        name = f"alpaca {url.partition('://')[2]}"
        began = clock.monotonic_ns()
        try:
            asyncio.run(ask_public(url, ("BTC/USD",)))
        except CannotAsk as error:
            yield Check(name=name, ok=False, text=str(error), remedy="is the network up?")
            continue
        took = (clock.monotonic_ns() - began) / 1e6
        yield Check(
            name=name, ok=True, text=f"tells the book of BTC/USD without a key, {took:.0f} ms"
        )


def clock_check(name: str, offset: int, error: int) -> Check:
    """Return how far our clock is from a venue's.

    Args:
        name: The venue and host.
        offset: Ours minus the venue's, ns.
        error: Half the round trip, ns.
    """
    milliseconds = offset / 1e6
    well = abs(milliseconds) < CLOCK_WARN_MS
    return Check(
        name=name,
        ok=well,
        text=f"answers in {2 * error / 1e6:.1f} ms; our clock is {milliseconds:+.1f} ms from its",
        remedy=None if well else "set the clock: timedatectl set-ntp true",
    )
