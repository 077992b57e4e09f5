"""Ids, units and words every part of the engine shares."""

from typing import Literal, NewType

AccountName = NewType("AccountName", str)
"""Name of an account in the configuration: `sandbox`, `alpaca-live`."""

ClientOrderId = NewType("ClientOrderId", str)
"""Ours: `tb` + engine id + counter, made by the kernel, never reused."""

VenueOrderId = NewType("VenueOrderId", str)
"""The venue's."""

ExecutionId = NewType("ExecutionId", str)
"""The venue's id of one fill; fills are deduplicated by it."""

RequestId = NewType("RequestId", str)
"""What a person or script passes: same request = same order."""

DifferenceId = NewType("DifferenceId", str)
"""Of one difference between ledger and venue: made of account, kind and what it is about, so the same one keeps it."""

TerminalId = NewType("TerminalId", str)
"""The terminal a person typed `arm` at."""

BetId = NewType("BetId", str)
"""Joins entry, protective orders and exits."""

EngineId = NewType("EngineId", str)
"""Five base-32 characters, random when the state folder is made."""

Owner = NewType("Owner", str)
"""Who an order, fill or position belongs to: a sleeve's name, `hand` or `unclaimed`."""

Seq = NewType("Seq", int)
"""Place of an event in the engine's one history, from 1."""

Ns = NewType("Ns", int)
"""Instant or span in nanoseconds; instants are UTC."""

HAND = Owner("hand")
UNCLAIMED = Owner("unclaimed")

type Side = Literal["buy", "sell"]
type OrderType = Literal["limit", "market", "stop", "stop_limit", "trailing_stop"]
type TimeInForce = Literal["gtc", "ioc", "fok", "day", "gtd"]
type OrderRole = Literal["", "stop_loss", "take_profit"]
"""What an order is for: nothing special, or one of the two legs that protect a position."""
type StreamState = Literal["up", "down", "stale"]
"""Health of an account's private stream: `stale` is connected but dead."""
type DifferenceKind = Literal["order", "fill", "position", "cash"]
type DifferenceAnswer = Literal["adopt", "ignore", "flatten"]
type Mode = Literal["sandbox", "paper", "broker-paper", "live"]
type TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
type LivesAt = Literal["broker", "engine"]
type FillSource = Literal["stream", "gap_fill", "sweep"]
type Lots = Literal["fifo", "lifo", "highest", "specific"]
"""Which lots a closing fill takes first."""
type Liquidity = Literal["maker", "taker", ""]

type Marks = Literal["mid", "last", "close"]
"""What a position is valued at: the middle of bid and ask, the last price that was paid, or the last bar's close; each
where it is known, else the next of them."""

type WantOrders = Literal["collar", "market"]
"""How a want becomes an order: a limit at the collar, or at the market. Both at once or not at all."""

MS = 1_000_000
"""Nanoseconds in a millisecond."""

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

MINUTE = 60 * SECOND
"""Nanoseconds in a minute."""


def sign(side: Side) -> Literal[1, -1]:
    """Return +1 for a buy and -1 for a sell."""
    return 1 if side == "buy" else -1


def opposite(side: Side) -> Side:
    """Return the other side."""
    return "sell" if side == "buy" else "buy"
