"""The sleeves of the configuration: which policies are loaded, and how they are told to the kernel."""

from decimal import Decimal

from tradebot.data.instruments import Instrument
from tradebot.engine.config.models import Config, SleeveConfig
from tradebot.engine.config.values import Money
from tradebot.engine.core.sleeve_limits import OwnLimits, limits_text
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.types import AccountName, Owner
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.native_accounts import opening_cash
from tradebot.engine.policy_source.files import policy_folders
from tradebot.engine.policy_source.load import VersionedPolicy, load_policy


def load_policies(
    config: Config, instruments: tuple[Instrument, ...]
) -> dict[Owner, VersionedPolicy]:
    """Return the policy of every sleeve that runs here.

    Raises:
        CannotRun: If a sleeve trades what the engine has not.
        PolicyNotLoaded: If a policy cannot be loaded.
    """
    return {
        Owner(name): load_sleeve(name, sleeve, instruments)
        for name, sleeve in config.sleeves.items()
        if sleeve.run != "off"
    }


def load_sleeve(
    name: str, sleeve: SleeveConfig, instruments: tuple[Instrument, ...]
) -> VersionedPolicy:
    """Return the policy of one sleeve, freshly loaded.

    Raises:
        CannotRun: If it trades what the engine has not.
        PolicyNotLoaded: If the policy cannot be loaded.
    """
    known = {instrument.id for instrument in instruments}
    strange = [symbol for symbol in sleeve.symbols if symbol not in known]
    if strange:
        raise CannotRun(
            f"sleeve {name} trades {strange[0]}, this engine has {', '.join(sorted(known))}", 3
        )
    return load_policy(sleeve.policy, plain(sleeve.params), policy_folders())


def sleeve_started(
    name: str, whole: Config, found: VersionedPolicy, instruments: tuple[Instrument, ...]
) -> SleeveStarted:
    """Return a sleeve as the kernel is told of it."""
    config = whole.sleeves[name]
    capital, opening = config.capital, opening_cash(whole, config.account)
    amount = capital.amount if isinstance(capital, Money) else opening * capital.fraction
    symbols = [instrument.id for instrument in instruments]
    return SleeveStarted(
        name=Owner(name),
        policy=found.reference,
        version=found.version,
        account=AccountName(config.account),
        symbols=tuple(symbol for symbol in symbols if symbol in config.symbols),
        capital=amount,
        params=plain(config.params),
        run=config.run,
        limits=_own_limits(config),
        on_error=config.on_error,
        on_stop=config.on_stop,
        compound=config.compound,
    )


def _own_limits(config: SleeveConfig) -> dict[str, str]:
    """Return the sleeve's own limits that are set, as text by name."""
    own = config.limits
    return limits_text(
        OwnLimits(
            max_order=own.max_order,
            max_position=own.max_position,
            max_gross=own.max_gross,
            max_open_risk=own.max_open_risk,
            day_loss=own.day_loss,
            drawdown=own.drawdown,
            orders_per_minute=own.orders_per_minute,
        )
    )


def plain(params: dict[str, bool | int | str | Decimal]) -> dict[str, str | int | float | bool]:
    """Return configured parameters as a policy is given them."""
    return {
        key: str(value) if isinstance(value, Decimal) else value for key, value in params.items()
    }
