"""What a policy answers: orders, cancels, replaces, or wants, each with its reason."""

from decimal import Decimal
from typing import Literal, TypedDict, Unpack

import msgspec

from tradebot.engine.core.reasons import Because, Edge
from tradebot.engine.core.types import ClientOrderId, OrderType, Side, TimeInForce

NO_REASON = Because("no-reason")
"""Stands where a policy gave none; `policy check` warns of it."""

type Pyramid = Literal["house-money"]
"""How a want adds to a position that is there: only with what the market has paid already."""


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order a policy wants placed; decimals, rounded by the policy, checked by the gate."""

    side: Side
    quantity: Decimal
    symbol: str | None = None
    """None: the sleeve's only instrument."""
    limit: Decimal | None = None
    """None: a market order."""
    tif: TimeInForce = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    because: Because | None = None
    """None: the decision's."""
    edge: Edge | None = None
    stop_loss: Decimal | None = None
    """Trigger of a stop that protects what fills, as it fills."""
    take_profit: Decimal | None = None
    """Limit of a target for what fills, as it fills."""
    trail: Decimal | None = None
    """Distance at which the protective stop follows the best price."""

    @property
    def type(self) -> OrderType:
        """Return `limit` where a limit is given, else `market`."""
        return "market" if self.limit is None else "limit"


class Terms(TypedDict, total=False):
    """What may be said of an order beside side and quantity; as in `NewOrder`."""

    symbol: str
    limit: Decimal
    tif: TimeInForce
    post_only: bool
    reduce_only: bool
    because: Because
    edge: Edge
    stop_loss: Decimal
    take_profit: Decimal
    trail: Decimal


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order of this sleeve that a policy wants out."""

    client_order_id: ClientOrderId
    because: Because | None = None


class ReplaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order of this sleeve that a policy wants changed; what is None stays."""

    client_order_id: ClientOrderId
    quantity: Decimal | None = None
    """What shall still be open afterwards, > 0."""
    limit: Decimal | None = None
    because: Because | None = None


class WantQuantity(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a signed quantity of an instrument."""

    quantity: Decimal
    """In units of the base; negative: short."""
    symbol: str | None = None
    because: Because | None = None
    edge: Edge | None = None


class WantWeight(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a signed share of the sleeve's equity in an instrument."""

    weight: Decimal
    """Value at the mark over the sleeve's equity; 0.5 is half, negative is short."""
    symbol: str | None = None
    because: Because | None = None
    edge: Edge | None = None


class WantRisk(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a position whose stop costs a given share of the sleeve's capital, fees in; while held it is not resized."""

    side: Side
    risk: Decimal
    """Share of the sleeve's capital lost at the stop, in (0, 1]."""
    stop: Decimal
    """Distance of the stop from the entry, in price, > 0."""
    symbol: str | None = None
    because: Because | None = None
    edge: Edge | None = None
    pyramid: Pyramid | None = None
    take_profit: Decimal | None = None
    """Distance of a target from the entry, in price, > 0."""


class WantFlat(msgspec.Struct, frozen=True, kw_only=True):
    """Hold nothing of an instrument."""

    symbol: str | None = None
    because: Because | None = None


type Want = WantQuantity | WantWeight | WantRisk | WantFlat
"""What a policy wants to hold; the kernel finds the orders."""

type Action = NewOrder | CancelOrder | ReplaceOrder | Want
"""One thing a policy wants done."""


class OrderSeq(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's answer: actions in order, the reason, and the memory it wants back next time."""

    actions: tuple[Action, ...]
    because: Because
    state: msgspec.Struct | None = None

    @classmethod
    def of(
        cls,
        *parts: "Action | OrderSeq",
        because: Because | None = None,
        state: msgspec.Struct | None = None,
    ) -> "OrderSeq":
        """Return an answer of several parts: actions, or answers whose actions are taken in order.

        Args:
            *parts: What to do. A part keeps its own reason where it has one.
            because: Why all of it; without it the first part's reason stands for the whole.
            state: The memory wanted back; without it the last that a part hands back.
        """
        actions: list[Action] = []
        reasons: list[Because] = []
        for part in parts:
            if isinstance(part, OrderSeq):
                actions += [_with_reason(action, part.because) for action in part.actions]
                reasons.append(part.because)
                state = state or part.state
            else:
                actions.append(part)
                reasons += [] if part.because is None else [part.because]
        said = [reason for reason in reasons if reason != NO_REASON]
        whole = because or (said[0] if said else NO_REASON)
        return cls(actions=tuple(actions), because=whole, state=state)

    @classmethod
    def none(cls, *, because: Because, state: msgspec.Struct | None = None) -> "OrderSeq":
        """Return the answer that changes nothing, with the reason why."""
        return cls(actions=(), because=because, state=state)


def _with_reason(action: Action, because: Because) -> Action:
    if action.because is not None or because == NO_REASON:
        return action
    return msgspec.structs.replace(action, because=because)


def buy(quantity: Decimal, **terms: Unpack[Terms]) -> NewOrder:
    """Return a buy of a quantity in units of the base; without `limit` a market order."""
    return NewOrder(side="buy", quantity=quantity, **terms)


def sell(quantity: Decimal, **terms: Unpack[Terms]) -> NewOrder:
    """Return a sell of a quantity in units of the base; without `limit` a market order."""
    return NewOrder(side="sell", quantity=quantity, **terms)


def cancel(client_order_id: ClientOrderId, *, because: Because | None = None) -> CancelOrder:
    """Return the wish to take an open order out."""
    return CancelOrder(client_order_id=client_order_id, because=because)


def replace(
    client_order_id: ClientOrderId,
    *,
    quantity: Decimal | None = None,
    limit: Decimal | None = None,
    because: Because | None = None,
) -> ReplaceOrder:
    """Return the wish to change an open order: what shall still be open, its limit, or both."""
    return ReplaceOrder(
        client_order_id=client_order_id, quantity=quantity, limit=limit, because=because
    )
