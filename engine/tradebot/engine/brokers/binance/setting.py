"""One account as it is traded."""

import msgspec

from tradebot.data.instruments import Instrument
from tradebot.data.venues.binance.listing import RateLimit
from tradebot.engine.brokers.hosts import Addresses
from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.types import AccountName


class AccountSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's session needs to know before it connects."""

    name: AccountName
    addresses: Addresses
    instruments: tuple[Instrument, ...]
    capabilities: Capabilities
    limits: tuple[RateLimit, ...] = ()
    """The venue's own, as listed."""
    fee_assets: tuple[str, ...] = ()
    """What fees may be paid in besides what is traded: it then counts as cash from the first look on."""
    seed: int = 1
    """Of the spread of pauses."""
