"""The coach: five steps in the event line of a sandbox, each done when the engine says so."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from tradebot.console.condition import ConditionKind
from tradebot.console.figures import grouped, symbol_of, trimmed
from tradebot.console.rows import plain
from tradebot.console.sandbox.progress import DONE, STEPS, Progress
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_frame import Frame

_NOTIONAL = Decimal(3000)
"""What the first buy is worth, about: 3 % of a sandbox's cash."""
_STOP_AT, _BUY_UP_TO = Decimal("0.985"), Decimal("1.002")
"""Shares of the price: where the stop is proposed, and the limit that fills at once."""
_HAND = "hand"
_STOPS = frozenset({"stop", "stop_limit", "trailing_stop"})


class Held(msgspec.Struct, frozen=True):
    """What must be there again after the engine was killed."""

    quantity: str
    stop: str


class Coach:
    """What to do next, from what the engine shows.

    Args:
        progress: How far it had come.
        keep: Called with each change of it.
    """

    def __init__(self, progress: Progress, keep: Callable[[Progress], None]) -> None:
        self._progress = progress
        self._keep = keep
        self._stop: str | None = None
        self._killed: int | None = None
        self._held: Held | None = None
        self._ending = ""
        self._proposed: dict[str, str] = {}
        self.text = ""
        """What to show now; empty: nothing."""

    @property
    def step(self) -> int:
        """Return the step to be done, 1 to 5; 6 when all are."""
        return self._progress.step

    def look(self, frame: Frame | None, kind: ConditionKind) -> None:
        """Bring step and words up to date.

        Args:
            frame: The newest frame.
            kind: How far it can be trusted.
        """
        if self._progress.over or frame is None:
            self.text = "" if self._progress.dismissed else self._ending
            return
        lost = kind == "lost"
        if not lost:
            self._advance(frame)
        elif self.step == STEPS - 1:
            self._remember(frame)
            self._go_to(STEPS)
        self.text = self._ending if self._progress.over else self._words(frame)

    def go_on(self) -> None:
        """Take the step as done."""
        if self._progress.over:
            self._ending = ""
        else:
            self._go_to(self.step + 1)

    def dismiss(self) -> None:
        """Say nothing more, now and at the next starts."""
        self._change(msgspec.structs.replace(self._progress, dismissed=True))
        self.text = ""

    # -- steps

    def _advance(self, frame: Frame) -> None:
        stop = _stop_of(frame)
        if self.step == 1 and stop is not None and _quantity(frame):
            self._go_to(2)
        if self.step in (2, 3) and stop is not None:
            if self._stop not in (None, stop.trigger_price):
                self._go_to(4)
            self._stop = stop.trigger_price
        if self.step == STEPS - 1:
            if self._killed not in (None, frame.engine.pid):
                self._go_to(STEPS)
            else:
                self._remember(frame)
        if self.step == STEPS and self._killed != frame.engine.pid:
            self._ending = self._last_words(frame)
            self._go_to(DONE)

    def _remember(self, frame: Frame) -> None:
        self._killed = frame.engine.pid
        self._held = _held(frame)

    def _go_to(self, step: int) -> None:
        self._change(msgspec.structs.replace(self._progress, step=step))

    def _change(self, progress: Progress) -> None:
        self._progress = progress
        self._keep(progress)

    # -- words

    def _words(self, frame: Frame) -> str:
        """Return what to do now; what is to be typed stands first, so that no width cuts it off."""
        stop = _stop_of(frame)
        price = "" if stop is None else grouped(stop.trigger_price or "")
        match self.step:
            case 1 if _quantity(frame):
                return self._first_order(frame) + " after f: what you bought has no stop"
            case 1:
                return "buy: " + self._first_order(frame)
            case 2 | 3 if stop is None:
                return self._first_order(frame) + ": no stop is here any more; n goes on"
            case 2:
                return f"see its stop: {price} in Working, and at its price in the ladder (j k, c). Then n"
            case 3:
                return f"move the stop {price}: 4, e, a price, enter, y"
            case 4:
                return (
                    "pull the plug: K kills the engine (kill -9), in the middle of whatever it does"
                )
            case _:
                return "come back: K starts the engine again. Look for what is missing"

    def _first_order(self, frame: Frame) -> str:
        """Return the words of a buy, the same for as long as they are typed."""
        name = frame.instrument.id
        if name not in self._proposed and frame.book.mid is not None:
            self._proposed[name] = _first_order(symbol_of(name), Decimal(frame.book.mid))
        return self._proposed.get(name) or f"wait for a price of {plain(symbol_of(name))}"

    def _last_words(self, frame: Frame) -> str:
        now = _held(frame)
        next_ = "Next: :drill crash, then tradebot policy new. n puts this away"
        if self._held in (None, now):
            return f"{trimmed(now.quantity)} and the stop at {now.stop} are back. {next_}"
        return f"it held {self._held}, and holds {now}: see 4 Orders. {next_}"


def _stop_of(frame: Frame) -> OrderFacts | None:
    """Return the stop of the instrument on show."""
    return next(
        (
            order
            for order in frame.working
            if order.instrument == frame.instrument.id and order.type in _STOPS
        ),
        None,
    )


def _quantity(frame: Frame) -> str:
    """Return what the hand holds of the instrument on show; empty for nothing."""
    return next(
        (
            position.quantity
            for position in frame.positions
            if position.instrument == frame.instrument.id
            and position.owner == _HAND
            and position.quantity.strip("-0.")
        ),
        "",
    )


def _held(frame: Frame) -> Held:
    stop = _stop_of(frame)
    return Held(
        _quantity(frame) or "nothing",
        "none" if stop is None else grouped(stop.trigger_price or ""),
    )


def _first_order(symbol: str, mid: Decimal) -> str:
    """Return the words of a buy that fills at once, with a stop a little below."""
    quantity = _rounded(_NOTIONAL / mid, 1, ROUND_FLOOR)
    limit = _rounded(mid * _BUY_UP_TO, 4, ROUND_CEILING)
    stop = _rounded(mid * _STOP_AT, 3, ROUND_FLOOR)
    return f":buy {quantity} {plain(symbol)} @ {limit} stop {stop}  enter, y"


def _rounded(value: Decimal, digits: int, rounding: str) -> str:
    """Return a figure a person can type, of at most this many digits that count."""
    last = Decimal(1).scaleb(value.adjusted() - digits + 1)
    return f"{value.quantize(last, rounding=rounding):f}"
