"""Alpaca as a venue an engine can be put before: its accounts, its assets, its sessions."""

import asyncio
from collections.abc import Mapping, Sequence

from tradebot.engine.brokers.alpaca.api import Keys
from tradebot.engine.brokers.alpaca.market import AlpacaMarket
from tradebot.engine.brokers.alpaca.rules import capabilities_of
from tradebot.engine.brokers.alpaca.session import AlpacaSession
from tradebot.engine.brokers.alpaca.setting import AccountSetting, addresses_of
from tradebot.engine.brokers.alpaca.terms import CannotAsk, VenueTerms, ask_account, ask_terms
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.hosts import Addresses, ModeContradicted, require_mode
from tradebot.engine.brokers.outside import Outside
from tradebot.engine.brokers.session import (
    AccountTerms,
    BrokerSession,
    MarketSession,
    TellAccount,
    TellMarket,
    Terms,
)
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.core.types import SECOND, AccountName
from tradebot.engine.credentials.errors import KeysError
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.errors import CannotRun

REPORT_EVERY = 30 * SECOND
"""Between two looks of the kernel at an account, besides those that events ask for."""


class AlpacaPlan:
    """See `brokers.world.VenuePlan`; made by `plan_alpaca`."""

    def __init__(
        self,
        accounts: Mapping[AccountName, tuple[Addresses, Keys]],
        listed: VenueTerms,
        extended: frozenset[AccountName],
    ) -> None:
        self._accounts = accounts
        self._extended = extended
        self._listed = listed
        self._can = capabilities_of(listed.traded)
        instruments = tuple(one.instrument for one in listed.traded)
        self.terms = Terms(
            instruments=instruments,
            fees=listed.fees,
            history=listed.history,
            hours=listed.hours,
        )

    @property
    def _first(self) -> tuple[Addresses, Keys]:
        return next(iter(self._accounts.values()))

    @property
    def description(self) -> str:
        """Return which market it is, in words."""
        return f"alpaca {self._first[0].base_url.partition('://')[2]}"

    @property
    def accounts(self) -> tuple[AccountTerms, ...]:
        """Return the accounts, in the order of the configuration."""
        return tuple(
            AccountTerms(
                name=name, venue="alpaca", capabilities=self._can, report_every=REPORT_EVERY
            )
            for name in self._accounts
        )

    def account_session(
        self, account: AccountName, outside: Outside, tell: TellAccount, cursor: Cursor
    ) -> BrokerSession:
        """Return a new session of an account."""
        addresses, keys = self._accounts[account]
        setting = AccountSetting(
            name=account,
            addresses=addresses,
            keys=keys,
            traded=self._listed.traded,
            extended_hours=account in self._extended,
            regular=self._listed.regular,
        )
        return AlpacaSession(setting, outside, tell, cursor)

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the venue's market, by the keys of the first account."""
        addresses, keys = self._first
        return AlpacaMarket(addresses, keys, self.terms.instruments, outside, tell)


def plan_alpaca(
    accounts: Mapping[str, AccountConfig], symbols: Sequence[str], places: Places
) -> AlpacaPlan:
    """Look at Alpaca and our accounts there.

    Args:
        accounts: Those of the venue, by name, in the order of the configuration; at least one.
        symbols: What is to be traded, in the venue's spelling; at least one.
        places: Where keys are.

    Raises:
        CannotRun: If keys or modes do not fit (3), or the venue cannot be asked (4).
    """
    known = {AccountName(name): keys_of(name, config, places) for name, config in accounts.items()}
    extended = frozenset(
        AccountName(name) for name, config in accounts.items() if config.extended_hours
    )
    addresses, keys = next(iter(known.values()))
    try:
        for name, (at, its) in known.items():
            told = asyncio.run(ask_account(at.base_url, its))
            if told.trading_blocked or told.account_blocked:
                raise CannotRun(f"alpaca: account {name} is blocked: {told.status}", 3)
        listed = asyncio.run(ask_terms(addresses, keys, symbols, extended=bool(extended)))
    except CannotAsk as error:
        raise CannotRun(f"alpaca: {error}", 3 if error.keys else 4) from error
    return AlpacaPlan(known, listed, extended)


def keys_of(name: str, config: AccountConfig, places: Places) -> tuple[Addresses, Keys]:
    """Return where an account's requests go, and its keys for exactly there.

    Raises:
        CannotRun: If its mode contradicts the host, or there are no keys for it.
    """
    addresses = addresses_of(config)
    try:
        require_mode(name, config, addresses)
        stored, _ = places.find(name)
        key, secret = stored.hand_out(addresses.base_url)
        for url in (addresses.private_url, addresses.data_url, addresses.stream_url):
            stored.hand_out(url)
    except (ModeContradicted, KeysError) as error:
        raise CannotRun(str(error), 3) from error
    return addresses, Keys(key, secret)
