"""Binance as a venue an engine can be put before: its accounts, its listing, its sessions."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from tradebot.data.instruments import Instrument
from tradebot.engine.brokers.binance.addresses import addresses_of
from tradebot.engine.brokers.binance.market import BinanceMarket
from tradebot.engine.brokers.binance.orders import capabilities_of
from tradebot.engine.brokers.binance.session import FEE_COIN, BinanceSession
from tradebot.engine.brokers.binance.setting import AccountSetting
from tradebot.engine.brokers.binance.signing import Signer
from tradebot.engine.brokers.binance.terms import (
    CannotAsk,
    VenueTerms,
    ask_account,
    ask_flags,
    ask_terms,
)
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
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.venue.fees import Fees

log = structlog.get_logger()

REPORT_EVERY = 30 * SECOND
"""Between two looks of the kernel at an account, besides those that events ask for."""


class BinancePlan:
    """See `brokers.world.VenuePlan`; made by `plan_binance`."""

    def __init__(
        self,
        accounts: Mapping[AccountName, tuple[Addresses, Signer]],
        listed: VenueTerms,
        fees: Fees,
        in_coin: frozenset[AccountName],
    ) -> None:
        self._accounts = accounts
        self._in_coin = in_coin
        self._listed = listed
        self._can = capabilities_of(listed.symbols)
        self.terms = Terms(instruments=listed.instruments, fees=fees, history=listed.history)

    @property
    def _market(self) -> Addresses:
        return next(iter(self._accounts.values()))[0]

    @property
    def description(self) -> str:
        """Return which market it is, in words."""
        return f"binance {self._market.base_url.partition('://')[2]}"

    @property
    def accounts(self) -> tuple[AccountTerms, ...]:
        """Return the accounts, in the order of the configuration."""
        return tuple(
            AccountTerms(
                name=name, venue="binance", capabilities=self._can, report_every=REPORT_EVERY
            )
            for name in self._accounts
        )

    def account_session(
        self, account: AccountName, outside: Outside, tell: TellAccount, cursor: Cursor
    ) -> BrokerSession:
        """Return a new session of an account."""
        addresses, signer = self._accounts[account]
        setting = AccountSetting(
            name=account,
            addresses=addresses,
            instruments=self._listed.instruments,
            capabilities=self._can,
            limits=self._listed.limits,
            fee_assets=(FEE_COIN,) if account in self._in_coin else (),
        )
        return BinanceSession(setting, signer, outside, tell, cursor)

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market."""
        listed = self._listed
        return BinanceMarket(self._market, listed.instruments, listed.limits, outside, tell)


def plan_binance(
    accounts: Mapping[str, AccountConfig], symbols: Sequence[str], places: Places, clock: Clock
) -> BinancePlan:
    """Look at Binance and our accounts there.

    Args:
        accounts: Those of the venue, by name, in the order of the configuration; at least one.
        symbols: What is to be traded, in the venue's spelling; at least one.
        places: Where keys are.
        clock: The machine's.

    Raises:
        CannotRun: If keys or modes do not fit (3), or the venue cannot be asked (4).
    """
    signers = {
        AccountName(name): signer_of(name, config, places) for name, config in accounts.items()
    }
    first = next(iter(signers.values()))
    try:
        listed = asyncio.run(ask_terms(first[0].data_url, symbols, clock))
        fees = [
            asyncio.run(ask_account(addresses.base_url, signer, clock))[1]
            for addresses, signer in signers.values()
        ]
    except CannotAsk as error:
        refused = error.code in {-2014, -2015, -1022}
        raise CannotRun(f"binance: {error}", 3 if refused else 4) from error
    require_separate(listed.instruments)
    in_coin = frozenset(name for name in signers if _pays_in_coin(*signers[name], clock))
    return BinancePlan(signers, listed, fees[0], in_coin)


def _pays_in_coin(addresses: Addresses, signer: Signer, clock: Clock) -> bool:
    """Return whether an account pays its fees in BNB; only the live host has such a switch."""
    if addresses.mode != "live":
        return False
    try:
        flags = asyncio.run(ask_flags(addresses.base_url, "/sapi/v1/bnbBurn", signer, clock))
    except CannotAsk as error:
        log.warning("not known whether fees are paid in BNB", reason=str(error))
        return False
    return flags.get("spotBNBBurn", False)


def signer_of(name: str, config: AccountConfig, places: Places) -> tuple[Addresses, Signer]:
    """Return where an account's requests go, and its keys for exactly there.

    Raises:
        CannotRun: If its mode contradicts the host, or there are no keys for it.
    """
    addresses = addresses_of(config)
    try:
        require_mode(name, config, addresses)
        stored, _ = places.find(name)
        key, secret = stored.hand_out(addresses.base_url)
        stored.hand_out(addresses.private_url)
    except (ModeContradicted, KeysError) as error:
        raise CannotRun(str(error), 3) from error
    return addresses, Signer(key, secret)


def require_separate(instruments: Sequence[Instrument]) -> None:
    """Refuse instruments whose balances the venue tells in one sum.

    Spot holdings are balances of assets: BTC bought as BTCUSDT and as BTCEUR is one balance.

    Raises:
        CannotRun: Naming two such instruments.
    """
    by_base: dict[str, Instrument] = {}
    for instrument in instruments:
        other = by_base.setdefault(instrument.base, instrument)
        if other is not instrument:
            raise CannotRun(
                f"{other.id} and {instrument.id} share the balance of {instrument.base}: "
                "trade one of them in an engine",
                3,
            )
    for instrument in instruments:
        other = by_base.get(instrument.currency)
        if other is not None:
            raise CannotRun(
                f"{instrument.id} is paid in what {other.id} holds: trade one of them in an engine",
                3,
            )
