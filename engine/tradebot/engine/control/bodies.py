"""What a client may send: decoded by msgspec, bounded, refused with one line."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import msgspec

from tradebot.engine.control.engine import FrameQuery, Refused
from tradebot.engine.control.limits import WAIT_S_MAX
from tradebot.engine.control.messages import Message
from tradebot.engine.control.messages_orders import AmendRequest, OrderRequest

ORDERS_MAX = 100_000
"""Most orders in one answer: more than an engine remembers."""

FILLS_MAX = 1_000_000
"""Most fills a question may ask for."""

PARAMETERS_MAX = 16
"""Most parameters in the query part of an address."""

DIGITS_MAX = 38
"""Most digits of a decimal that the house works with."""

EXPONENT_MAX = 18
"""Largest distance of a decimal's last digit from the point, both ways."""

NAME_CHARS_MAX = 128
"""Longest id or name."""

EXPIRES_MAX = 2**63
"""No time is later than that, ns UTC."""

type NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)]
type ReasonText = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
_NOTE_CHARS_MAX = 500
_EVENT_ID = re.compile(r"[0-9]{1,19}(\.[0-9]{1,9})?")


class CancelBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/cancel`: all orders, of an instrument, of a side; null = any."""

    instrument: NameText | None = None
    side: Literal["buy", "sell"] | None = None


class FlattenBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/flatten`: `instrument` must be there; null, which closes everything, is said."""

    instrument: NameText | None


class ReasonBody(Message, frozen=True, forbid_unknown_fields=True):
    """Why an operator does it."""

    reason: ReasonText


class AccountBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/reconcile`: which account is asked; null = all."""

    account: NameText | None = None


class DifferenceBody(Message, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/differences/answer`: what to do about one difference."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    answer: Literal["adopt", "ignore", "flatten"]
    reason: ReasonText
    owner: NameText | None = None


def decode[T: msgspec.Struct](body: bytes, shape: type[T]) -> T:
    """Return a request body as a struct.

    Raises:
        Refused: If the body is not JSON of that shape (`usage`).
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:  # ValidationError is one
        raise Refused("usage", f"request body: {error}") from error
    except (UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        raise Refused("usage", f"request body is not JSON of {shape.__name__}: {error}") from error


def bounded(order: OrderRequest) -> OrderRequest:
    """Return an order request as it is.

    Raises:
        Refused: If a number or text is out of bounds, or its terms contradict each other (`usage`).
    """
    if not _REQUEST_ID.fullmatch(order.request_id):
        raise Refused(
            "usage",
            f"request_id must be 1 to 64 printable ASCII characters, was {order.request_id[:80]!r}",
        )
    if not 1 <= len(order.instrument) <= NAME_CHARS_MAX:
        raise Refused(
            "usage",
            f"instrument must be 1 to {NAME_CHARS_MAX} characters, was {len(order.instrument)}",
        )
    if order.note is not None and len(order.note) > _NOTE_CHARS_MAX:
        raise Refused(
            "usage", f"note must be at most {_NOTE_CHARS_MAX} characters, was {len(order.note)}"
        )
    if order.risk is None or order.quantity != 0:
        _check_positive(order.quantity, "quantity")
    for what in (
        "limit_price",
        "trigger_price",
        "trail",
        "stop_loss",
        "take_profit",
        "stop_trail",
        "risk",
    ):
        value: Decimal | None = getattr(order, what)
        if value is not None:
            _check_positive(value, what)
    for name in (order.terminal, order.after, order.oco):
        if name is not None and not 1 <= len(name) <= NAME_CHARS_MAX:
            raise Refused(
                "usage", f"an id must be 1 to {NAME_CHARS_MAX} characters, was {len(name)}"
            )
    if order.expires is not None and not 0 < order.expires < EXPIRES_MAX:
        raise Refused("usage", f"expires must be ns UTC in (0, {EXPIRES_MAX}), was {order.expires}")
    _check_terms(order)
    return order


def bounded_amend(amend: AmendRequest) -> AmendRequest:
    """Return an amend request as it is.

    Raises:
        Refused: If a number or the request id is out of bounds (`usage`).
    """
    if not _REQUEST_ID.fullmatch(amend.request_id):
        raise Refused(
            "usage",
            f"request_id must be 1 to 64 printable ASCII characters, was {amend.request_id[:80]!r}",
        )
    for what in ("quantity", "limit_price", "trigger_price", "trail"):
        value: Decimal | None = getattr(amend, what)
        if value is not None:
            _check_positive(value, what)
    return amend


def _check_terms(order: OrderRequest) -> None:
    limited = order.type in {"limit", "stop_limit"}
    if limited and order.limit_price is None:
        raise Refused("usage", f"an order of type {order.type} needs a limit_price; was null")
    if not limited and order.limit_price is not None:
        raise Refused(
            "usage", f"an order of type {order.type} takes no limit_price, was {order.limit_price}"
        )
    if order.risk is not None and (order.stop_loss is None or order.risk > 1):
        raise Refused("usage", f"risk needs a stop_loss and must be in (0, 1], was {order.risk}")
    if order.post_only and (order.type != "limit" or order.tif != "gtc"):
        raise Refused(
            "usage",
            f"post_only needs a gtc limit order, was {order.tif} {order.type}",
        )


def _check_positive(value: Decimal, what: str) -> None:
    """Refuse what is no ordinary number; an exponent of a million would fill memory as text."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Refused("usage", f"{what} must be a finite number, was {value}")
    if len(digits) > DIGITS_MAX or not -EXPONENT_MAX <= exponent <= EXPONENT_MAX:
        raise Refused(
            "usage",
            f"{what} must have at most {DIGITS_MAX} digits and {EXPONENT_MAX} decimals, "
            f"had {len(digits)} digits and exponent {exponent}",
        )
    if value <= 0:
        raise Refused("usage", f"{what} must be > 0, was {value}")


class OrdersQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/orders`."""

    working: bool = False
    """Only those that are open."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=ORDERS_MAX)] = ORDERS_MAX
    """How many, the newest."""


class FillsQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/fills`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=FILLS_MAX)] = 1000
    """How many, the newest."""


class WaitQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/orders`."""

    wait: Annotated[float, msgspec.Meta(ge=0.0, le=WAIT_S_MAX)] = 5.0
    """Seconds to wait for the venue's word."""


class EventsQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/events`."""

    after: str | None = None
    """The last event seen; the header Last-Event-ID wins; null: from now on."""


class DecisionsQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/sleeves/{name}/decisions`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    """How many, the newest."""
    changes: bool = False
    """Leave out those that did nothing."""


class WindowQuery(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`GET /v1/state`: `FrameQuery` with its bounds."""

    instrument: NameText | None = None
    step: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    """Price grouping of the ladder."""
    rows: Annotated[int, msgspec.Meta(ge=1, le=200)] = 60
    """Levels per side."""
    span: Literal["1s", "5s", "15s", "1m", "5m", "15m", "1h"] = "1m"
    """Of a candle."""
    candles: Annotated[int, msgspec.Meta(ge=1, le=500)] = 180


def check_after(after: str | None) -> str | None:
    """Return an event id as given.

    Raises:
        Refused: If it is not `seq.index` (`usage`).
    """
    if after is not None and not _EVENT_ID.fullmatch(after):
        raise Refused("usage", f"event id must be seq.index, e.g. 120.0, was {after[:80]!r}")
    return after


def parse_query(text: bytes) -> dict[str, str]:
    """Return the query part of an address by name.

    Raises:
        Refused: If there are too many parameters, or one twice (`usage`).
    """
    try:
        pairs = parse_qsl(
            text.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX
        )
    except ValueError as error:
        raise Refused("usage", f"query: {error}") from error
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Refused("usage", "query: a parameter may be given once")
    return values


def decode_query[T: Message](values: Mapping[str, str], shape: type[T]) -> T:
    """Return the query part of an address as a struct.

    Raises:
        Refused: If a name is unknown or a value is out of its range (`usage`).
    """
    try:
        return msgspec.convert(values, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("usage", f"query: {error}") from error


def frame_query(values: Mapping[str, str]) -> FrameQuery:
    """Return a client's window from the query part of an address.

    Raises:
        Refused: If a name is unknown or a value is out of its range (`usage`).
    """
    query = decode_query(values, WindowQuery)
    if query.step is not None:
        try:
            _check_positive(Decimal(query.step), "step")
        except ArithmeticError as error:
            raise Refused("usage", f"step must be a price, was {query.step!r}") from error
    return FrameQuery(
        instrument=query.instrument,
        step=query.step,
        rows=query.rows,
        span=query.span,
        candles=query.candles,
    )
