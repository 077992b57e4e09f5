"""Where an engine is put: its own venue on an invented or recorded market, a real market with our fills, or brokers."""

import os
from collections.abc import Mapping, Sequence

from tradebot.data.instruments import InstrumentId
from tradebot.engine.brokers.session import MarketPlan
from tradebot.engine.brokers.world import VenuePlan
from tradebot.engine.config.models import AccountConfig, Config
from tradebot.engine.credentials.places import Places
from tradebot.engine.home import home
from tradebot.engine.live.clock import Clock, SystemClock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.sandbox import choose_market
from tradebot.engine.live.world import Place

OURS = frozenset({"native", "sandbox"})
"""Venues of an account that are our own."""

REAL = ("binance", "alpaca", "ib")
"""Prefixes of real markets."""

DEFAULT_MARKET = "synthetic"


def choose_place(options: RunOptions) -> Place:
    """Return what an engine is put into, as its mode, its accounts and `--market` say.

    Raises:
        CannotRun: If they contradict each other, keys are missing, or a venue cannot be asked.
    """
    config = options.config
    at_brokers = {
        name: account for name, account in config.accounts.items() if account.venue not in OURS
    }
    if config.engine.mode == "paper":
        return _paper(options, at_brokers)
    if not at_brokers:
        if config.engine.mode != "sandbox":
            raise CannotRun(
                f"engine.mode is {config.engine.mode!r} and no account of that kind is configured: "
                "tradebot account add NAME --venue binance",
                3,
            )
        return choose_market(options)
    _require_one_mode(config)
    _require_market(options)
    return _brokers(options, at_brokers)


def _require_one_mode(config: Config) -> None:
    mode = config.engine.mode
    for name, account in config.accounts.items():
        if account.kind != mode:
            raise CannotRun(
                f"accounts.{name}.kind must be {mode} as engine.mode, was {account.kind}: an engine has one mode, "
                "another one needs an engine of its own (--name)",
                3,
            )
        if account.venue in OURS:
            raise CannotRun(
                f"accounts.{name} is at our own venue, others are at a broker: give it an engine of its own (--name)",
                3,
            )
    known = ", ".join(config.accounts)
    for name, sleeve in config.sleeves.items():
        if sleeve.run != "off" and sleeve.account not in config.accounts:
            raise CannotRun(
                f"sleeves.{name}.account must be one of {known}, was {sleeve.account}", 3
            )


def _require_market(options: RunOptions) -> None:
    venue, _, symbol = options.market.partition(":")
    if options.market != DEFAULT_MARKET and not (venue in REAL and symbol):
        raise CannotRun(
            f"--market must be venue:symbol for an engine with broker accounts, was {options.market!r}",
            2,
        )


def _brokers(options: RunOptions, accounts: Mapping[str, AccountConfig]) -> Place:
    from tradebot.engine.brokers.world import BrokerPlace

    by_venue: dict[str, dict[str, AccountConfig]] = {}
    for name, account in accounts.items():
        by_venue.setdefault(account.venue, {})[name] = account
    clock, places = SystemClock(), Places(os.environ, home())
    plans: list[VenuePlan] = []
    for venue, there in by_venue.items():
        symbols = symbols_of(options, venue, there)
        if not symbols:
            first = next(iter(there))
            raise CannotRun(
                f'nothing to trade at {venue}: set symbols = ["..."] in [accounts.{first}], '
                f"or give --market {venue}:SYMBOL",
                2,
            )
        plans.append(_plan(venue, there, symbols, places, clock))
    return BrokerPlace(plans)


def symbols_of(
    options: RunOptions, venue: str, accounts: Mapping[str, AccountConfig]
) -> tuple[str, ...]:
    """Return what an engine trades at a venue, each once: as `--market`, the accounts and the sleeves name it."""
    prefix, _, rest = options.market.partition(":")
    named = [one for one in rest.split(",") if one] if prefix == venue else []
    for account in accounts.values():
        named += account.symbols
    for sleeve in options.config.sleeves.values():
        if sleeve.run == "off":
            continue
        for symbol in sleeve.symbols:
            prefix, _, rest = InstrumentId(symbol).partition(":")
            named += [rest] if prefix == venue and rest else []
    return tuple(dict.fromkeys(named))


def _plan(
    venue: str,
    accounts: Mapping[str, AccountConfig],
    symbols: Sequence[str],
    places: Places,
    clock: Clock,
) -> VenuePlan:
    if venue == "binance":
        from tradebot.engine.brokers.binance.plan import plan_binance

        return plan_binance(accounts, symbols, places, clock)
    if venue == "alpaca":
        from tradebot.engine.brokers.alpaca.plan import plan_alpaca

        return plan_alpaca(accounts, symbols, places)
    if venue == "ib":
        from tradebot.engine.brokers.ib.plan import plan_ib

        return plan_ib(accounts, symbols, clock)
    raise CannotRun(f"this version has no adapter for {venue} that an engine can trade by", 3)


# ------------------------------------------------------------------------------------ paper


def _paper(options: RunOptions, accounts: Mapping[str, AccountConfig]) -> Place:
    """Return a real market with our own venue before it."""
    from tradebot.engine.brokers.paper import PaperPlace

    for name, account in options.config.accounts.items():
        if account.kind != "paper":
            raise CannotRun(
                f"accounts.{name}.kind must be paper as engine.mode, was {account.kind}", 3
            )
    _require_market(options)
    venue = options.market.partition(":")[0]
    if options.market == DEFAULT_MARKET:
        venue = next((account.venue for account in accounts.values()), "")
    there = {name: account for name, account in accounts.items() if account.venue == venue}
    symbols = symbols_of(options, venue, there)
    if not symbols:
        raise CannotRun(
            "a paper engine needs a real market: give --market binance:BTCUSDT or alpaca:BTC/USD, "
            'or an account with venue, kind = "paper" and symbols',
            2,
        )
    return PaperPlace(options, paper_market(venue, there, symbols, SystemClock()))


def paper_market(
    venue: str, accounts: Mapping[str, AccountConfig], symbols: Sequence[str], clock: Clock
) -> MarketPlan:
    """Return the public market of a venue.

    Args:
        venue: One of REAL.
        accounts: Those of the venue, by name; the first one's addresses and keys are used.
        symbols: In the venue's spelling; at least one.
        clock: The machine's.

    Raises:
        CannotRun: If it cannot be asked (4), or keys are wrong or missing for what is asked (3).
    """
    name, config = next(iter(accounts.items()), ("", None))
    if venue == "binance":
        from tradebot.engine.brokers.binance.paper import paper_binance

        return paper_binance(config, symbols, clock)
    if venue == "alpaca":
        from tradebot.engine.brokers.alpaca.paper import paper_alpaca

        return paper_alpaca(name, config, symbols, Places(os.environ, home()), clock)
    from tradebot.engine.brokers.ib.paper import paper_ib

    return paper_ib(config, symbols, clock)
