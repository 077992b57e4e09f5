"""How far the picture on the screen can be trusted, from what the engine says and from its silence."""

from dataclasses import dataclass
from typing import Literal

from tradebot.console.rows import plain
from tradebot.engine.control.messages_frame import Frame
from tradebot.engine.core.types import SECOND

LOST_AFTER_S = 2.0
"""Without any frame for this long the engine counts as not responding; heartbeats come twice a second."""

STALE_AFTER = 2 * SECOND
"""Age from which the engine counts a book as stale, ns."""

type ConditionKind = Literal[
    "loading", "live", "stale", "down", "halted", "resync", "ended", "closed", "lost"
]
"""`loading`: nothing received yet; `lost`: the engine is silent; `halted`: the venue has stopped trading in it; the
rest is the feed's own state."""

_FEED_KINDS: dict[str, ConditionKind] = {
    "up": "live",
    "stale": "stale",
    "down": "down",
    "resync": "resync",
    "ended": "ended",
    "closed": "closed",
}


@dataclass(frozen=True)
class Condition:
    """The state of the picture."""

    kind: ConditionKind
    feed_age_s: float | None
    """Age of the feed's last update, s; counts up in silence too. None: never updated."""
    silence_s: float
    """Since the last frame, by the console's own monotonic clock, s."""

    @property
    def trusted(self) -> bool:
        """Whether figures of the market may be shown as current."""
        return self.kind == "live"

    @property
    def struck(self) -> bool:
        """Whether figures of the market are shown struck through."""
        return self.kind in ("stale", "down", "halted", "lost")


def condition_of(frame: Frame | None, silence_s: float, transit_s: float = 0.0) -> Condition:
    """Return the state of the picture.

    Args:
        frame: The newest frame, None before the first.
        silence_s: Since it came (or since the console opened), s, >= 0.
        transit_s: How old it was when it came, s, >= 0.
    """
    if frame is None:
        return Condition("loading", None, silence_s)
    age_ms = frame.feed.age_ms
    age_s = None if age_ms is None else age_ms / 1000 + silence_s + transit_s
    if silence_s > LOST_AFTER_S:
        return Condition("lost", age_s, silence_s)
    kind = _FEED_KINDS[frame.feed.state]
    if kind == "down" and frame.quote is not None and frame.quote.halted:
        # A venue may tell its close as a halt.
        kind = "closed" if frame.quote.session == "closed" else "halted"
    return Condition(kind, age_s, silence_s)


def entry_refusal(condition: Condition, frame: Frame | None, *, reduce_only: bool) -> str | None:
    """Return why an order may not be entered now, or None.

    What lowers risk is let through to the engine's own gate while the market is stale; nothing is let through to an
    engine that does not answer. The engine decides in any case; this only saves the trader a round trip.
    """
    if frame is None:
        return "no order yet: nothing received from the engine"
    if condition.kind == "lost":
        return f"no order: the engine has been silent for {condition.silence_s:.0f} s"
    if frame.trading_state == "HALTED":
        return (
            f"no order: HALTED ({frame.reason or 'no reason given'}); cancel and flatten still work"
        )
    if reduce_only:
        return None
    if frame.trading_state == "REDUCING":
        return f"only reduce-only orders: REDUCING ({frame.reason or 'no reason given'})"
    return _feed_refusal(condition, frame)


def _feed_refusal(condition: Condition, frame: Frame) -> str | None:
    """Return why the feed's state forbids new risk, or None."""
    age = "" if condition.feed_age_s is None else f" for {condition.feed_age_s:.1f} s"
    match condition.kind:
        case "stale":
            bound = STALE_AFTER if frame.quote is None else frame.quote.stale_after
            return f"no new risk: feed stale{age} (bound {bound // SECOND} s); cancel still works"
        case "halted":
            why = frame.quote.halt_reason if frame.quote is not None else ""
            reason = f" ({plain(why)})" if why else ""
            return f"no new risk: the venue has halted trading{reason}; cancel still works"
        case "down":
            return f"no new risk: the feed has been down{age}; cancel still works"
        case "resync":
            return "no new risk: the book is being rebuilt after a gap; cancel still works"
        case "ended":
            return "no new risk: the recording is over; cancel still works"
        case "closed":
            return "no new risk: the market is closed; exits and cancel still work"
        case _:
            return None
