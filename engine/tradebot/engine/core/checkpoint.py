"""The kernel's memory as bytes and back: what a checkpoint holds, so that recovery need not read the whole journal.

Each class that remembers something has an image: a struct with one field for each attribute that is kept, of the same
name without a leading underscore. **A new attribute of a class in `IMAGES` is one new line here**: a field of its
image, or, where each `EngineStarted` begins it anew, a line in `NOT_KEPT` that says why. A test names what is in
neither. A new class that remembers gets an image and a line in `IMAGES`.

A checkpoint is only ever a short cut: one whose layout is not today's (`layout_number`) is passed over, and the
journal's rows are read instead. So nothing here needs defaults, and no old layout is ever translated.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import cast, get_args
from zlib import crc32

import msgspec
from msgspec import inspect

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.accounts import AccountState, Answer, Standing
from tradebot.engine.core.authority import Authority
from tradebot.engine.core.bets import BetBook, BetKey, Ended, Page
from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.differences import Difference
from tradebot.engine.core.events import (
    AccountStarted,
    CashMoved,
    ClockMeasured,
    EngineStarted,
    FeeCharged,
    OrderFilled,
)
from tradebot.engine.core.executions import Execution, ExecutionKey, Executions
from tradebot.engine.core.ledger import Booked, Ledger, Position, PositionKey
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.links import Links
from tradebot.engine.core.objective import Game
from tradebot.engine.core.orders import Order
from tradebot.engine.core.outcomes import BetSettled, PauseCause
from tradebot.engine.core.rates import Quotes
from tradebot.engine.core.records import Records
from tradebot.engine.core.sleeve_memory import ShadowBook, SleeveMark
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import (
    Flattening,
    FlattenKey,
    SleeveState,
    State,
)
from tradebot.engine.core.types import (
    AccountName,
    BetId,
    ClientOrderId,
    DifferenceId,
    EngineId,
    ExecutionId,
    Owner,
    RequestId,
    StreamState,
    TradingState,
)

MEANING = 1
"""Raise it when what a kept attribute means changes though its name and type do not."""


class CheckpointUnreadable(Exception):  # noqa: N818  (what is the matter, not a fault of the program)
    """The bytes are no checkpoint of today's layout: take the one before, or the journal's rows."""


class LinksImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of how orders belong together."""

    held: dict[InstrumentId, dict[ClientOrderId, None]]
    children: dict[ClientOrderId, list[ClientOrderId]]
    successors: dict[ClientOrderId, ClientOrderId]
    pairs: dict[ClientOrderId, ClientOrderId]
    lanes: dict[ClientOrderId, ClientOrderId]
    brackets: dict[ClientOrderId, None]


class ExecutionsImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the executions."""

    known: dict[ExecutionKey, Execution]
    executed: dict[ClientOrderId, list[ExecutionKey]]
    strange: dict[ExecutionKey, None]
    charged: dict[tuple[AccountName, ExecutionId, str], None]


class BlotterImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the blotter; mappings keep their order."""

    orders: dict[ClientOrderId, Order]
    open: dict[ClientOrderId, None]
    ended: dict[ClientOrderId, None]
    executions: ExecutionsImage
    requests: dict[RequestId, ClientOrderId]
    links: LinksImage


class LedgerImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the ledger."""

    balances: dict[tuple[AccountName, str], dict[Owner, Decimal]]
    positions: dict[tuple[AccountName, InstrumentId], dict[Owner, Position]]
    movements: set[tuple[AccountName, str]]
    kept: dict[tuple[AccountName, str], Booked]
    folded: dict[PositionKey, Position]


class SleeveImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one sleeve."""

    started: SleeveStarted
    configured: SleeveStarted
    shadow: ShadowBook | None
    mark: SleeveMark | None
    exiting: str | None
    paused: str | None
    pause_cause: PauseCause
    failed: bool
    saved: bytes | None
    orders: int
    filled_orders: int


class AccountImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one account."""

    started: AccountStarted
    reconciled: bool
    newest_fill: int
    covered: int
    differences: dict[DifferenceId, Difference]
    standing: dict[DifferenceId, Standing]
    answers: dict[DifferenceId, Answer]
    unbooked: dict[DifferenceId, OrderFilled | CashMoved | FeeCharged]
    heard: dict[str, int]
    asked_at: int
    asked_last: int
    asks: int
    answered_at: int
    rechecks: int
    average_prices: dict[InstrumentId, Decimal]
    foreign: tuple[EngineId, ...]
    gone: list[Difference]
    alarms: list[Difference]
    panicked_at: int
    stream: StreamState | None
    clock: ClockMeasured | None


class FlatteningImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a flatten: that it runs, and what it took away."""

    removed: dict[ClientOrderId, None]


class BetBookImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of bets."""

    pages: dict[BetKey, Page]
    ended: list[Ended]
    records: Records
    settled: dict[BetId, BetSettled]


class StateImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the kernel's state."""

    engine_id: EngineId
    now: int
    written: int
    started: EngineStarted | None
    instruments: dict[InstrumentId, Instrument]
    blotter: BlotterImage
    ledger: LedgerImage
    adoptions: int
    refused: str | None
    limits: Limits
    authority: Authority
    trading_state: TradingState
    reason: str | None
    cause: str
    day: int | None
    day_start: Decimal | None
    peak: Decimal | None
    loss_from: Decimal | None
    drawdown_from: Decimal | None
    opened: Decimal | None
    day_flows: Decimal
    game: Game | None
    flows: dict[str, Decimal]
    quotes: Quotes
    accounts: dict[AccountName, AccountImage]
    timers: dict[str, int]
    flattening: dict[FlattenKey, FlatteningImage]
    flattened: dict[FlattenKey, None]
    sleeves: dict[Owner, SleeveImage]
    rejects_in_row: int
    sent: dict[Owner, deque[int]]
    bets: dict[BetKey, BetId]
    bet_book: BetBookImage
    counter: int


NOT_KEPT: dict[type, dict[str, str]] = {
    State: {
        "market": "subscribed anew, never recovered",
        "next_mark": "begins anew with EngineStarted",
        "tries": "begins anew with EngineStarted",
        "booked": "of the newest event alone",
        "told_again": "of the newest event alone",
        "overdrawn": "begins anew with EngineStarted",
    },
    Ledger: {
        "_touched": "of the newest event alone",
    },
    SleeveState: {
        "memory": "EngineStarted goes back to what was saved",
        "reason_code": "begins anew with EngineStarted",
        "repeated": "begins anew with EngineStarted",
        "reason_values": "begins anew with EngineStarted",
        "touch": "market state",
        "denied": "begins anew with EngineStarted",
        "bars": "told anew with EngineStarted",
        "bars_seen": "market state",
        "gap": "begins anew with EngineStarted",
        "unmet": "begins anew with EngineStarted",
        "awaits_market": "begins anew with EngineStarted",
        "logged": "begins anew with EngineStarted",
        "logged_in": "begins anew with EngineStarted",
        "pieces": "counted from EngineStarted on",
        "next_piece": "begins anew with EngineStarted",
    },
    Flattening: {
        "looks": "counted from EngineStarted on",
        "pieces": "counted from EngineStarted on",
        "next_piece": "begins anew with EngineStarted",
        "hurried": "begins anew with EngineStarted",
    },
}
"""Attributes that are in no checkpoint, by class, and why recovery gives them back without."""


class Layout(msgspec.Struct, frozen=True):
    """How a class that remembers is frozen and made again."""

    image: type[msgspec.Struct]
    make: Callable[[msgspec.Struct], object]
    """Returns a fresh object, before what was kept is put into it."""


IMAGES: dict[type, Layout] = {
    State: Layout(StateImage, lambda image: State(cast("StateImage", image).engine_id)),
    Links: Layout(LinksImage, lambda _: Links()),
    Blotter: Layout(BlotterImage, lambda _: Blotter()),
    Ledger: Layout(LedgerImage, lambda _: Ledger()),
    Executions: Layout(ExecutionsImage, lambda _: Executions()),
    BetBook: Layout(BetBookImage, lambda _: BetBook()),
    SleeveState: Layout(SleeveImage, lambda image: SleeveState(cast("SleeveImage", image).started)),
    AccountState: Layout(
        AccountImage, lambda image: AccountState(cast("AccountImage", image).started)
    ),
    Flattening: Layout(FlatteningImage, lambda _: Flattening()),
}
_MADE_FROM = {layout.image: layout for layout in IMAGES.values()}


def image_of(kind: type) -> type[msgspec.Struct] | None:
    """Return the image of a class that remembers; None for any other."""
    layout = IMAGES.get(kind)
    return None if layout is None else layout.image


def attribute_of(kind: type, field: str, attributes: dict[str, object]) -> str:
    """Return the attribute that an image's field stands for.

    Raises:
        LookupError: If the class has none: its image names what is no more.
    """
    for name in (field, f"_{field}"):
        if name in attributes:
            return name
    raise LookupError(f"{kind.__name__} has no attribute {field!r}: take it out of its image")


def freeze(state: State) -> bytes:
    """Return what recovery would give of a state, as bytes.

    The state is one between two steps: what the journal's rows up to the newest step lead to.
    """
    return _ENCODER.encode(state)


def thaw(data: bytes) -> State:
    """Return the state that was frozen; its market is empty until the next `EngineStarted`.

    Raises:
        CheckpointUnreadable: If the bytes are not of today's layout.
    """
    try:
        image = _DECODER.decode(data)
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        raise CheckpointUnreadable(f"not a checkpoint of layout {layout_number()}: {error}") from (
            error
        )
    return cast("State", _thawed(image))


def differing(left: State, right: State) -> tuple[str, ...]:
    """Return the names of what two states would be restored with differently; time aside, which market events move."""
    one, other = _DECODER.decode(freeze(left)), _DECODER.decode(freeze(right))
    names = (name for name in StateImage.__struct_fields__ if name != "now")
    return tuple(
        name
        for name in names
        if cast("object", getattr(one, name)) != cast("object", getattr(other, name))
    )


def layout_number() -> int:
    """Return the number of today's layout: it changes with every field and type a checkpoint is made of."""
    return _LAYOUT_NUMBER


def _kept(value: object) -> object:
    """Return what msgspec can write for an object it does not know."""
    if isinstance(value, deque):
        held = cast("deque[object]", value)
        return (held.maxlen, list(held))
    layout = IMAGES.get(type(value))
    if layout is None:
        raise NotImplementedError(
            f"a checkpoint cannot hold a {type(value).__name__}: give it an image in core/checkpoint.py"
        )
    attributes = cast("dict[str, object]", vars(value))
    return {
        field: attributes[attribute_of(type(value), field, attributes)]
        for field in layout.image.__struct_fields__
    }


def _deque(kind: type, value: object) -> object:
    """Return a deque with its own bound; elements are what the annotation says."""
    (element,) = cast("tuple[type[object], ...]", get_args(kind))
    length, items = msgspec.convert(value, tuple[int | None, list[element]])
    return deque(items, maxlen=length)


def _thawed(value: object) -> object:
    """Return the object an image was made of; anything else as it is."""
    if isinstance(value, dict):
        held = cast("dict[object, object]", value)
        first = next(iter(held.values()), None)
        if type(first) not in _MADE_FROM:
            return held
        return {key: _thawed(one) for key, one in held.items()}
    layout = _MADE_FROM.get(cast("type[msgspec.Struct]", type(value)))
    if layout is None:
        return value
    image = cast("msgspec.Struct", value)
    made = layout.make(image)
    attributes = cast("dict[str, object]", vars(made))
    for field in layout.image.__struct_fields__:
        name = attribute_of(type(made), field, attributes)
        attributes[name] = _thawed(cast("object", getattr(image, field)))
    return made


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_kept)
_DECODER = msgspec.msgpack.Decoder(StateImage, dec_hook=_deque)
_LAYOUT_NUMBER = crc32(f"{MEANING} {inspect.type_info(StateImage)!r}".encode())
