"""One account at a Gateway as it is traded."""

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.engine.core.types import AccountName


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One contract that is traded."""

    instrument: Instrument
    con_id: int
    exchange: str
    """Where orders for it go."""


class AccountSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's session needs to know before it connects."""

    name: AccountName
    url: str
    """`tcp://host:port`."""
    client_id: int
    code: str
    """The venue's own name of the account: `DU1234567`."""
    listed: tuple[Listed, ...]
    seed: int = 1
    """Of the spread of pauses."""
