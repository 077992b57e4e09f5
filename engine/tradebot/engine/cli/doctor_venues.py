"""`doctor VENUE`: can it be reached, how far is its clock, and what do its accounts say."""

import os
from collections.abc import Iterator

from tradebot.engine.cli.checks import Check
from tradebot.engine.home import home

VENUES = ("binance",)
"""Venues that can be looked at."""

CLOCK_WARN_MS = 500
"""Offset from which on a venue may soon refuse signed requests (Binance: 1000 ms ahead)."""


def look_at_venue(venue: str) -> Iterator[Check]:
    """Yield what is the matter with a venue and our accounts there."""
    from tradebot.engine.brokers.binance.addresses import PUBLIC, addresses_of
    from tradebot.engine.brokers.binance.terms import CannotAsk, ask_clock
    from tradebot.engine.brokers.looking import look_at_account
    from tradebot.engine.config.load import load
    from tradebot.engine.credentials.places import Places
    from tradebot.engine.live.clock import SystemClock

    clock, accounts = SystemClock(), load(os.environ).config.accounts
    there = {name: config for name, config in accounts.items() if config.venue == venue}
    hosts = dict.fromkeys(addresses_of(config).base_url for config in there.values())
    for url in hosts or {PUBLIC.base_url: None}:
        name = f"{venue} {url.partition('://')[2]}"
        try:
            measured = ask_clock(url, clock)
        except CannotAsk as error:
            yield Check(name=name, ok=False, text=str(error), remedy="is the network up?")
            continue
        offset = measured.offset / 1e6
        yield Check(
            name=name,
            ok=abs(offset) < CLOCK_WARN_MS,
            text=f"answers in {2 * measured.error / 1e6:.1f} ms; our clock is {offset:+.1f} ms from its",
            remedy=None
            if abs(offset) < CLOCK_WARN_MS
            else "set the clock: timedatectl set-ntp true",
        )
    if not there:
        yield Check(name="accounts", ok=True, text=f"none at {venue}")
    for name, config in there.items():
        look = look_at_account(name, config, Places(os.environ, home()), clock)
        if look is None:
            continue
        said = "; ".join(f"{what} {text}" for what, text in look.facts.items())
        text = said if look.problem is None else f"{look.problem}; {said}"
        yield Check(name=f"account {name}", ok=look.problem is None, text=text)
