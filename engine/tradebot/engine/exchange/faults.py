"""Faults as data: armed by file, by the control endpoint or drawn from a seed, asked for by faces at named points.

A face asks `Faults.at` with the names of what is about to happen (`EVENTS`), and acts on what it is given. Faults
that wait for no event come from `Faults.due` and are struck at once.
"""

import random
from typing import Final, Literal, get_args

import msgspec

from tradebot.engine.exchange.words import FaceName

type FaultName = Literal[
    "drop_socket",
    "mute",
    "drop",
    "duplicate",
    "delay",
    "reorder",
    "late",
    "http_429",
    "http_418",
    "http_5xx",
    "accepted_504",
    "clock",
    "shutdown",
    "close_24h",
    "gap",
    "ib_1100",
    "ib_1101",
    "ib_1102",
    "ib_326",
    "ib_201",
    "fee_first",
    "bust",
    "correction",
    "restart",
]

type EventName = Literal[
    "request",
    "order",
    "cancel",
    "amend",
    "query",
    "connect",
    "subscribe",
    "report",
    "execution",
    "fee",
    "depth",
    "trade",
    "quote",
    "bar",
]
"""Points at which a fault may strike. Of requests: `request` any, `order`, `cancel`, `amend`, `query` their kinds.

`connect`, `subscribe`: a client's. Of what a face sends: `report` any private message, `execution` a fill, `fee` a fee
that comes apart, `depth`, `trade`, `quote`, `bar` market data.
"""

EVENTS: Final[tuple[EventName, ...]] = get_args(EventName.__value__)

AT_FRAMES: Final[tuple[FaultName, ...]] = (
    "drop_socket",
    "mute",
    "drop",
    "duplicate",
    "delay",
    "reorder",
    "gap",
)
"""What can happen to a frame on its way out; `gap` is a frame of a numbered stream lost."""

AT_REQUESTS: Final[tuple[FaultName, ...]] = (
    "late",
    "http_429",
    "http_418",
    "http_5xx",
    "accepted_504",
    "drop_socket",
)
"""What can happen to a request."""

INSTANT: Final[tuple[FaultName, ...]] = (
    "clock",
    "shutdown",
    "close_24h",
    "bust",
    "correction",
    "restart",
    "ib_1100",
    "ib_1101",
    "ib_1102",
)
"""What happens to a venue as a whole: after its event, or at its time."""

_OTHERWISE: Final[dict[FaultName, EventName]] = {
    "drop": "report",
    "duplicate": "report",
    "delay": "report",
    "reorder": "report",
    "gap": "depth",
    "late": "request",
    "http_429": "request",
    "http_418": "request",
    "http_5xx": "request",
    "accepted_504": "order",
    "fee_first": "execution",
    "ib_326": "connect",
    "ib_201": "amend",
}
"""The event that a fault strikes which was given none."""

_OF_WEB: tuple[FaultName, ...] = (
    "drop_socket",
    "mute",
    "drop",
    "duplicate",
    "delay",
    "reorder",
    "late",
    "http_429",
    "http_5xx",
    "accepted_504",
    "clock",
    "restart",
)
OF_VENUE: Final[dict[FaceName, tuple[FaultName, ...]]] = {
    "alpaca": (*_OF_WEB, "bust", "correction"),
    "binance": (*_OF_WEB, "http_418", "shutdown", "close_24h", "gap"),
    "ib": (
        "drop_socket",
        "mute",
        "duplicate",
        "late",
        "ib_1100",
        "ib_1101",
        "ib_1102",
        "ib_326",
        "ib_201",
        "fee_first",
        "correction",
        "restart",
    ),
}
"""What a seed draws from."""

_S = 1_000_000_000


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a faults file, or the body of `POST /_ctl/fault`.

    With neither `on` nor `after_s` it strikes at once, or what is a fault of an event the next of its kind.
    """

    venue: FaceName
    fault: FaultName
    on: EventName | None = None
    count: int = 1
    """How many of the event it strikes, one after another."""
    after_s: float | None = None
    """Seconds from now, >= 0."""
    args: dict[str, int | float | str] = msgspec.field(default_factory=dict[str, int | float | str])

    def seconds(self, otherwise: float) -> int:
        """Return its argument `seconds` in ns."""
        value = self.args.get("seconds", otherwise)
        return round(float(value) * _S)


class FaultRefused(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """A faults file or a fault is not one; the text is one line."""


def read_faults(text: bytes) -> list[Fault]:
    """Return the faults of a file: a JSON list of entries.

    Raises:
        FaultRefused: If it is no such list.
    """
    try:
        faults = msgspec.json.decode(text, type=list[Fault])
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FaultRefused(f"faults must be a JSON list of entries: {error}") from error
    for fault in faults:
        _check(fault)
    return faults


def read_fault(text: bytes) -> Fault:
    """Return one fault.

    Raises:
        FaultRefused: If it is none.
    """
    try:
        fault = msgspec.json.decode(text, type=Fault)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FaultRefused(f"a fault must be one JSON entry: {error}") from error
    _check(fault)
    return fault


def _check(fault: Fault) -> None:
    if fault.count < 1:
        raise FaultRefused(f"count must be >= 1, was {fault.count}")
    if fault.after_s is not None and not 0 <= fault.after_s < _DAY_S:
        raise FaultRefused(f"after_s must be in [0, {_DAY_S}), was {fault.after_s}")
    if fault.on is not None and fault.after_s is not None:
        raise FaultRefused("a fault has one of on and after_s, had both; leave one out")
    if fault.fault.startswith("ib_") and fault.venue != "ib":
        raise FaultRefused(f"{fault.fault} is a fault of ib, not of {fault.venue}")
    seconds = fault.args.get("seconds", 0)
    least = -_DAY_S if fault.fault == "clock" else 0
    if isinstance(seconds, str) or not least <= seconds < _DAY_S:
        raise FaultRefused(f"args.seconds must be in [{least}, {_DAY_S}), was {seconds!r}")


_DAY_S = 86_400


class Faults:
    """The faults that are armed."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, int]] = []
        self._timed: list[tuple[int, Fault]] = []
        self.struck: list[Fault] = []
        """Those that struck, oldest first."""

    def arm(self, fault: Fault, now: int) -> None:
        """Arm a fault at an instant of the venue, ns UTC."""
        if fault.on is not None:
            self._armed.append((fault, fault.count))
        else:
            self._timed.append((now + round((fault.after_s or 0.0) * _S), fault))

    def at(self, venue: FaceName, *events: EventName) -> list[Fault]:
        """Return what strikes something that goes by these names; each of them is used up once."""
        if not self._armed:
            return []
        struck: list[Fault] = []
        left: list[tuple[Fault, int]] = []
        for fault, count in self._armed:
            hit = fault.venue == venue and fault.on in events
            if hit and fault.fault in INSTANT:
                self._timed.append((0, msgspec.structs.replace(fault, on=None)))
            elif hit:
                struck.append(fault)
            if count - hit:
                left.append((fault, count - hit))
        self._armed = left
        self.struck += struck
        return struck

    def strikes(self, venue: FaceName, name: FaultName, event: EventName) -> bool:
        """Return whether a fault of one name strikes an event; it is used up once, other faults of the event stay."""
        for place, (fault, count) in enumerate(self._armed):
            if (fault.venue, fault.fault, fault.on) == (venue, name, event):
                self._armed[place : place + 1] = [(fault, count - 1)] if count > 1 else []
                self.struck.append(fault)
                return True
        return False

    def due(self, now: int) -> list[Fault]:
        """Return the faults whose time has come, in order; each once."""
        if not self._timed:
            return []
        come = sorted((item for item in self._timed if item[0] <= now), key=lambda item: item[0])
        self._timed = [item for item in self._timed if item[0] > now]
        struck: list[Fault] = []
        for _, fault in come:
            event = _OTHERWISE.get(fault.fault)
            if event is None:
                struck.append(fault)
            else:
                self.arm(msgspec.structs.replace(fault, on=event, after_s=None), now)
        self.struck += struck
        return struck


def drawn(seed: int, venue: FaceName, number: int) -> list[Fault]:
    """Return faults of a venue that a seed draws, to be armed together.

    Args:
        seed: Of the draw.
        venue: Whose faults.
        number: How many, >= 1.
    """
    rng = random.Random(f"{seed}:{venue}:faults")  # noqa: S311  (a game, no secret)
    faults: list[Fault] = []
    for _ in range(number):
        name = rng.choice(OF_VENUE[venue])
        args: dict[str, int | float | str] = {"seconds": round(rng.uniform(0.05, 2.0), 3)}
        if name in INSTANT or rng.random() < _BY_TIME:
            after = round(rng.uniform(0.0, 60.0), 3)
            faults.append(Fault(venue=venue, fault=name, after_s=after, args=args))
        else:
            event = _OTHERWISE.get(name, "report")
            faults.append(Fault(venue=venue, fault=name, on=event, args=args))
    return faults


_BY_TIME = 0.3
"""Share of drawn faults of an event that wait for a time first."""
