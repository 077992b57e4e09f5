"""What a backtest assumes, as data: how orders fill, what positions are valued at, what it costs; named sets of it."""

from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

import msgspec

from tradebot.engine.core.limits import Limits
from tradebot.engine.core.types import Marks, WantOrders
from tradebot.engine.trial.costs import commission
from tradebot.engine.trial.delays import UnknownRules, delays, queue

type Fill = Literal["next-open", "this-close", "touch", "quote", "book"]
"""Where an order that takes finds its price: at the open of the next bar; at the close it was decided on; at the best
opposite price, as much as is shown there; the same at any size; or in the book, behind its queue."""

FILLS: tuple[Fill, ...] = get_args(Fill.__value__)
MARKS: tuple[Marks, ...] = get_args(Marks.__value__)


_NO_BOUND = Decimal(1_000_000)

UNLIMITED = Limits(
    max_order=_NO_BOUND,
    max_position=_NO_BOUND,
    max_gross=_NO_BOUND,
    max_open_risk=_NO_BOUND,
    day_loss=None,
    drawdown=None,
    price_collar=Decimal(100),
    price_collar_wide=Decimal(100),
    orders_per_minute_hand=1_000_000,
    orders_per_minute_sleeve=1_000_000,
    rejects_in_row=1_000_000,
)
"""Limits of the gate that bind nothing: what other programs have."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The assumptions of one backtest."""

    name: str
    fill: Fill | None = None
    """None: by the data: `book` where there is one, else `quote`, else `next-open`."""
    mark: Marks = "mid"
    commission: str = "0.001"
    """See `costs.commission`."""
    slippage: Decimal = Decimal(0)
    """What taking costs on top, as a fraction of the price; not with `book`, where the book says it."""
    latency: str = "5"
    """See `delays.delays`; only with `book`: other fills are at once."""
    queue: str = "risk-averse"
    """See `delays.queue`: who stands behind an order when its level falls without a trade; only with `book`."""
    wants: WantOrders = "collar"
    cash_buffer: Decimal = Decimal(0)
    """Share of a sleeve's equity that its wants leave in cash."""
    limits: Literal["house", "off"] = "house"
    """The default limits of the risk gate, or none that binds."""

    def shown(self, fill: Fill) -> dict[str, str]:
        """Return the assumptions as they held, for a reader."""
        with_book = fill == "book"
        return {
            "rules": self.name,
            "fill": fill,
            "mark": self.mark,
            "commission": self.commission,
            "slippage": "as the book says" if with_book else f"{self.slippage:f}",
            "latency": delays(self.latency).told if with_book else "none",
            "queue": queue(self.queue).told if with_book else "none",
            "wants": "limit at the collar" if self.wants == "collar" else "at the market",
            "cash_buffer": f"{self.cash_buffer:f}",
            "limits": self.limits,
            "path": "open, nearer extreme, other extreme, close",
        }


RULES = {
    rules.name: rules
    for rules in (
        Rules(name="default"),
        # Interactive Brokers' fixed tariff as LEAN models it; fills at the quote bar's close; 0.25 % of cash kept back.
        Rules(
            name="lean",
            fill="quote",
            mark="last",
            commission="per-share:0.005,min=1,max=0.005",
            wants="market",
            cash_buffer=Decimal("0.0025"),
            limits="off",
        ),
        Rules(
            name="backtrader",
            fill="next-open",
            mark="close",
            commission="0",
            wants="market",
            limits="off",
        ),
        Rules(
            name="backtesting",
            fill="next-open",
            mark="close",
            commission="0",
            wants="market",
            limits="off",
        ),
    )
}
"""Sets of assumptions by name; the last three are those of other programs."""


def rules_named(name: str) -> Rules:
    """Return a named set.

    Raises:
        UnknownRules: If there is none of that name.
    """
    found = RULES.get(name)
    if found is None:
        raise UnknownRules(f"rules must be one of {', '.join(RULES)}, was {name!r}")
    return found


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from a named set, as told on the command line; None: as the set says."""

    fill: str | None = None
    mark: str | None = None
    commission: str | None = None
    slippage: str | None = None
    latency: str | None = None
    queue: str | None = None
    limits: str | None = None


def changed(rules: Rules, changes: Changes) -> Rules:
    """Return rules with some of them changed.

    Raises:
        UnknownRules: If a value does not exist or is out of its bounds.
    """
    if changes.fill is not None:
        rules = msgspec.structs.replace(rules, fill=_one_of("fill", changes.fill, FILLS))
    if changes.mark is not None:
        rules = msgspec.structs.replace(rules, mark=_one_of("mark", changes.mark, MARKS))
    if changes.commission is not None:
        commission(changes.commission)
        rules = msgspec.structs.replace(rules, commission=changes.commission)
    if changes.slippage is not None:
        slippage = _number("slippage", changes.slippage, Decimal("0.5"))
        rules = msgspec.structs.replace(rules, slippage=slippage)
    if changes.latency is not None:
        delays(changes.latency)
        rules = msgspec.structs.replace(rules, latency=changes.latency)
    if changes.queue is not None:
        queue(changes.queue)
        rules = msgspec.structs.replace(rules, queue=changes.queue)
    if changes.limits is not None:
        limits = _one_of("limits", changes.limits, ("house", "off"))
        rules = msgspec.structs.replace(rules, limits=limits)
    return rules


def _one_of[T: str](what: str, text: str, known: tuple[T, ...]) -> T:
    for value in known:
        if value == text:
            return value
    raise UnknownRules(f"{what} must be one of {', '.join(known)}, was {text!r}")


def _number(what: str, text: str, most: Decimal) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise UnknownRules(f"{what} must be a number, was {text!r}") from error
    if not 0 <= value <= most:
        raise UnknownRules(f"{what} must be in [0, {most}], was {text}")
    return value
