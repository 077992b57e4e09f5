"""`account check` and `doctor VENUE`: whether an account can be traded now, asked of its venue."""

from tradebot.engine.brokers.checking import AccountLook
from tradebot.engine.config.models import AccountConfig
from tradebot.engine.credentials.places import Places
from tradebot.engine.live.clock import Clock


def look_at_account(
    name: str, config: AccountConfig, places: Places, clock: Clock
) -> AccountLook | None:
    """Ask an account's venue about it; None where this version has no adapter for the venue.

    Args:
        name: The account's.
        config: As configured.
        places: Where keys are.
        clock: The machine's.
    """
    if config.venue == "binance":
        from tradebot.engine.brokers.binance.check import check_binance

        return check_binance(name, config, places, clock)
    if config.venue == "alpaca":
        from tradebot.engine.brokers.alpaca.check import check_alpaca

        return check_alpaca(name, config, places, clock)
    if config.venue == "ib":
        from tradebot.engine.brokers.ib.check import check_ib

        return check_ib(name, config, clock)
    return None
