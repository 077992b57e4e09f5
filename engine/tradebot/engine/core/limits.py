"""The limits of the risk gate: names, defaults by mode, and their text form in the journal."""

from decimal import Decimal

import msgspec

from tradebot.engine.core.types import Mode

_PERCENT = Decimal("0.01")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate enforces; fractions are of equity unless said otherwise, None = off."""

    max_order: Decimal
    """Notional of one order that adds risk."""
    max_position: Decimal
    """Notional of the resulting position in one instrument."""
    max_gross: Decimal
    """Summed notional of all resulting positions."""
    max_open_risk: Decimal
    """Loss if every stop is hit; a position without a stop counts at `unprotected_risk` of it."""
    day_loss: Decimal | None
    """Below the day's start, flow-adjusted: then REDUCING."""
    drawdown: Decimal | None
    """Below the peak, flow-adjusted: then HALTED."""
    price_collar: Decimal
    """How far through mid a price may go, as a fraction of mid."""
    price_collar_wide: Decimal
    """The same while the spread is above `wide_spread`."""
    orders_per_minute_hand: int
    orders_per_minute_sleeve: int
    rejects_in_row: int
    """Venue rejections without an acceptance between: then REDUCING."""
    unprotected_risk: Decimal = Decimal("0.10")
    """Share of notional that a position without a stop is counted to lose."""
    wide_spread: Decimal = Decimal("0.005")
    """Spread, as a fraction of mid, above which the wide collar holds."""

    def as_text(self) -> dict[str, str]:
        """Return the limits as text by name, in field order; `off` for None."""
        return {
            name: "off" if value is None else str(value)
            for name, value in msgspec.structs.asdict(self).items()
        }


def default_limits(mode: Mode) -> Limits:
    """Return the limits in force without any configuration."""
    if mode == "live":
        return Limits(
            max_order=5 * _PERCENT,
            max_position=20 * _PERCENT,
            max_gross=100 * _PERCENT,
            max_open_risk=2 * _PERCENT,
            day_loss=2 * _PERCENT,
            drawdown=10 * _PERCENT,
            price_collar=1 * _PERCENT,
            price_collar_wide=2 * _PERCENT,
            orders_per_minute_hand=10,
            orders_per_minute_sleeve=30,
            rejects_in_row=5,
        )
    return Limits(
        max_order=25 * _PERCENT,
        max_position=100 * _PERCENT,
        max_gross=200 * _PERCENT,
        max_open_risk=10 * _PERCENT,
        day_loss=None,
        drawdown=None,
        price_collar=5 * _PERCENT,
        price_collar_wide=5 * _PERCENT,
        orders_per_minute_hand=600,
        orders_per_minute_sleeve=600,
        rejects_in_row=5,
    )


def limits_from_text(text: dict[str, str]) -> Limits:
    """Return limits from their journaled text.

    Raises:
        msgspec.ValidationError: If a name is missing or a value is not a number.
    """
    values = {name: None if value == "off" else value for name, value in text.items()}
    return msgspec.convert(values, Limits, strict=False)


_SMALLER_IS_WIDER = frozenset({"unprotected_risk", "wide_spread"})
"""Limits that let more through the smaller they are."""


def _is_wider(name: str, new: Decimal | int | None, old: Decimal | int | None) -> bool:
    """Return whether one value of a limit lets more through than another; None is off."""
    if new is None or old is None:
        return old is not None
    return new < old if name in _SMALLER_IS_WIDER else new > old


def _values(limits: Limits) -> dict[str, Decimal | int | None]:
    return msgspec.structs.asdict(limits)


def wider(new: Limits, old: Limits) -> list[str]:
    """Return the names of the limits that let more through than before, in field order."""
    before = _values(old)
    return [name for name, value in _values(new).items() if _is_wider(name, value, before[name])]


def narrowest(one: Limits, other: Limits) -> Limits:
    """Return limits that let through only what both do."""
    mine, theirs = _values(one), _values(other)
    return msgspec.structs.replace(
        one, **{name: theirs[name] for name in mine if _is_wider(name, mine[name], theirs[name])}
    )


def diff_text(old: Limits, new: Limits) -> str:
    """Return what changed between two sets of limits, as one line: `max_order 0.05 -> 0.03`."""
    before, after = old.as_text(), new.as_text()
    changed = [name for name in after if after[name] != before[name]]
    return ", ".join(f"{name} {before[name]} -> {after[name]}" for name in changed)
