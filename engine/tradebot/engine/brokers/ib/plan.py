"""A Gateway as a venue an engine can be put before: its account, its contracts, its sessions."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from tradebot.data.venues.ib.contracts import wanted
from tradebot.engine.brokers.cursor import Cursor
from tradebot.engine.brokers.ib.asking import CannotAsk, GatewayTerms, ask_terms
from tradebot.engine.brokers.ib.market import IbMarket
from tradebot.engine.brokers.ib.orders import capabilities_of
from tradebot.engine.brokers.ib.session import IbSession
from tradebot.engine.brokers.ib.setting import AccountSetting
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
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.venue.fees import Fees

REPORT_EVERY = 30 * SECOND
"""Between two looks of the kernel at an account, besides those that events ask for."""

HOST = "127.0.0.1"
PORT_PAPER, PORT_LIVE = 4002, 4001
"""A Gateway's own ports."""

CLIENT_ID = 71
"""Where none is configured; market data takes the next one."""

FEES = Fees(maker=Decimal("0.0005"), taker=Decimal("0.0005"))
"""For sizing alone: $0.005 a share with $1 at least is a share of notional that depends on both; the ledger books what
commission reports say."""


class IbPlan:
    """See `brokers.world.VenuePlan`; made by `plan_ib`."""

    def __init__(self, name: AccountName, url: str, client_id: int, told: GatewayTerms) -> None:
        self._name = name
        self._url = url
        self._client_id = client_id
        self._told = told
        self._can = capabilities_of(told.order_types)
        self.terms = Terms(
            instruments=tuple(one.instrument for one in told.listed),
            fees=FEES,
            history=told.history,
            hours=told.hours,
        )

    @property
    def description(self) -> str:
        """Return which market it is, in words."""
        return f"ib {self._url.partition('://')[2]} {self._told.code}"

    @property
    def accounts(self) -> tuple[AccountTerms, ...]:
        """Return the account."""
        return (
            AccountTerms(
                name=self._name, venue="ib", capabilities=self._can, report_every=REPORT_EVERY
            ),
        )

    def account_session(
        self, account: AccountName, outside: Outside, tell: TellAccount, cursor: Cursor
    ) -> BrokerSession:
        """Return a new session of the account."""
        setting = AccountSetting(
            name=account,
            url=self._url,
            client_id=self._client_id,
            code=self._told.code,
            listed=self._told.listed,
        )
        return IbSession(setting, outside, tell, cursor)

    def market_session(self, outside: Outside, tell: TellMarket) -> MarketSession:
        """Return a new session of the market, with a client id of its own."""
        return IbMarket(self._url, self._client_id + 1, self._told.listed, outside, tell)


def plan_ib(accounts: Mapping[str, AccountConfig], symbols: Sequence[str], clock: Clock) -> IbPlan:
    """Look at a Gateway: it has no keys, who is logged in there is who trades.

    Args:
        accounts: The venue's, by name: one, a login has one Gateway.
        symbols: What is to be traded, `AAPL`, `AAPL@LSE.GBP`; at least one.
        clock: The machine's.

    Raises:
        CannotRun: If the configuration does not fit what is there (3), or nobody answers (4).
    """
    if len(accounts) != 1:
        raise CannotRun(f"one IB account to an engine, were {', '.join(accounts)}", 3)
    (name, config), *_ = accounts.items()
    client_id = CLIENT_ID if config.client_id is None else config.client_id
    try:
        asked = [wanted(symbol) for symbol in symbols]
        told = asyncio.run(ask_terms(url_of(config), client_id + 1, asked, clock))
    except ValueError as error:
        raise CannotRun(str(error), 3) from error
    except CannotAsk as error:
        raise CannotRun(f"ib: {error}", 3 if error.wrong else 4) from error
    require_kind(name, config, told.code)
    return IbPlan(AccountName(name), url_of(config), client_id, told)


def url_of(config: AccountConfig | None) -> str:
    """Return where the Gateway listens: a live account's port or a paper account's, where none is configured."""
    if config is None:
        return f"tcp://{HOST}:{PORT_PAPER}"
    port = config.port or (PORT_LIVE if config.kind == "live" else PORT_PAPER)
    return f"tcp://{config.host or HOST}:{port}"


def require_kind(name: str, config: AccountConfig, code: str) -> None:
    """Refuse a login that is not what the account is configured for: a paper account's code begins with D.

    The host says nothing here, every Gateway is on this machine.

    Raises:
        CannotRun: Naming the code and the remedy.
    """
    simulated = code.startswith("D")
    if simulated == (config.kind == "live"):
        what = "a paper account" if simulated else "a live account"
        raise CannotRun(
            f"accounts.{name}.kind is {config.kind!r} and {code} is {what}: "
            f"set kind = {'broker-paper' if simulated else 'live'!r}, or log in to the other one",
            3,
        )
