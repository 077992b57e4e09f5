"""A sleeve's own limits: shares of its own capital, each narrower than what the engine lets through anyhow."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.sleeve_terms import SleeveStarted


class OwnLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sleeve may do; fractions of the capital it sizes by, None: no limit of its own."""

    max_order: Decimal | None = None
    """Notional of one order that adds risk."""
    max_position: Decimal | None = None
    """Notional of its resulting position in one instrument."""
    max_gross: Decimal | None = None
    """Summed notional of its resulting positions."""
    max_open_risk: Decimal | None = None
    """Its loss if every stop is hit; what has no stop counts as the engine's limits say."""
    day_loss: Decimal | None = None
    """Below its own day's start: then it is paused."""
    drawdown: Decimal | None = None
    """Below its own peak: then it is paused."""
    orders_per_minute: int | None = None
    """Orders sent in a minute before one that adds risk."""


def own_limits(text: dict[str, str]) -> OwnLimits:
    """Return a sleeve's limits from their journaled text.

    Raises:
        msgspec.ValidationError: If a name is not one of `OwnLimits` or a value is no number.
    """
    return msgspec.convert(text, OwnLimits, strict=False)


def limits_text(limits: OwnLimits) -> dict[str, str]:
    """Return the limits that are set, by name, as text."""
    values: dict[str, Decimal | int | None] = msgspec.structs.asdict(limits)
    return {name: str(value) for name, value in values.items() if value is not None}


def wider_limits(new: dict[str, str], old: dict[str, str]) -> list[str]:
    """Return the names of the limits that let more through than before, in field order."""
    after: dict[str, Decimal | int | None] = msgspec.structs.asdict(own_limits(new))
    before: dict[str, Decimal | int | None] = msgspec.structs.asdict(own_limits(old))
    found: list[str] = []
    for name, was in before.items():
        now = after[name]
        if was is not None and (now is None or now > was):
            found.append(name)
    return found


def unfit_limits(started: SleeveStarted) -> str:
    """Return what is wrong with a sleeve's limits; empty where nothing is."""
    try:
        limits = own_limits(started.limits)
    except msgspec.ValidationError as error:
        return f"limits {started.limits}: {error}"
    values: dict[str, Decimal | int | None] = msgspec.structs.asdict(limits)
    for name, value in values.items():
        if value is not None and not (Decimal(value).is_finite() and value >= 0):
            return f"limits.{name} must be >= 0, was {value}"
    return ""
