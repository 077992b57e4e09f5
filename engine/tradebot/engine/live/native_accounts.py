"""Accounts of the native venue: those of the configuration, or one that needs none."""

from decimal import Decimal

import msgspec

from tradebot.engine.config.models import Config
from tradebot.engine.core.types import AccountName, Mode
from tradebot.engine.live.errors import CannotRun

ACCOUNT = AccountName("sandbox")
"""The one account of an engine that configures none."""

PAPER_ACCOUNT = AccountName("paper")
"""The same of a paper engine."""

OPENING_CASH = Decimal(100_000)
"""Invented money an account of the native venue opens with, in the engine's currency."""


class NativeAccount(msgspec.Struct, frozen=True):
    """An account as it is opened at its first start."""

    name: AccountName
    cash: Decimal
    currency: str | None
    """None: the engine's."""


def native_accounts(config: Config) -> tuple[NativeAccount, ...]:
    """Return the accounts of the configuration in its order, the default one first.

    Raises:
        CannotRun: If one is of another mode or at a venue that is not the native one, or a sleeve's is not there.
    """
    mode = config.engine.mode
    for name, account in config.accounts.items():
        if account.venue not in {"native", "sandbox"}:
            raise CannotRun(
                f"accounts.{name}.venue must be native on an invented or recorded market, was {account.venue}",
                3,
            )
    return _accounts(config, mode, ACCOUNT)


def paper_accounts(config: Config) -> tuple[NativeAccount, ...]:
    """Return the accounts of a paper engine: whatever market they are of, our own venue holds their money.

    Raises:
        CannotRun: If one is of another mode, or a sleeve's is not there.
    """
    return _accounts(config, "paper", PAPER_ACCOUNT)


def _accounts(config: Config, mode: Mode, default: AccountName) -> tuple[NativeAccount, ...]:
    found: list[NativeAccount] = []
    for name, account in config.accounts.items():
        if account.kind != mode:
            raise CannotRun(
                f"accounts.{name}.kind must be {mode} as engine.mode, was {account.kind}: an engine has one mode, "
                "another one needs an engine of its own (--name)",
                3,
            )
        cash = account.cash
        amount, currency = (OPENING_CASH, None) if cash is None else (cash.amount, cash.currency)
        found.append(NativeAccount(AccountName(name), amount, currency))
    accounts = tuple(found) or (NativeAccount(default, OPENING_CASH, None),)
    known = [account.name for account in accounts]
    for name, sleeve in config.sleeves.items():
        if sleeve.run != "off" and sleeve.account not in known:
            raise CannotRun(
                f"sleeves.{name}.account must be one of {', '.join(known)}, was {sleeve.account}", 3
            )
    return accounts


def opening_cash(config: Config, account: str) -> Decimal:
    """Return what an account opens with, in its own currency."""
    configured = config.accounts.get(account)
    cash = None if configured is None else configured.cash
    return OPENING_CASH if cash is None else cash.amount
