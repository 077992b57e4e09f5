"""What clients ask for, read from the fields of their messages."""

from decimal import Decimal

import msgspec

from tradebot.engine.exchange.ib.wire import FieldRefused, Reader


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """The twelve fields by which a client names a contract; empty where it left them out."""

    con_id: int = 0
    symbol: str = ""
    kind: str = ""
    """`STK`, `CRYPTO`, ..."""
    exchange: str = ""
    primary: str = ""
    currency: str = ""
    local_symbol: str = ""


def read_contract(reader: Reader) -> Contract:
    """Read the twelve fields."""
    con_id, symbol, kind = reader.whole(), reader.word(), reader.word()
    reader.skip(4)  # expiry, strike, right, multiplier
    return Contract(
        con_id=con_id,
        symbol=symbol,
        kind=kind,
        exchange=reader.word(),
        primary=reader.word(),
        currency=reader.word(),
        local_symbol=_last_of_two(reader),
    )


def _last_of_two(reader: Reader) -> str:
    local = reader.word()
    reader.skip()  # trading class
    return local


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """An order as placed; a second one of the same id changes the first."""

    order_id: int
    contract: Contract
    action: str
    quantity: Decimal
    kind: str
    limit: Decimal | None
    aux: Decimal | None
    """Trigger of a stop, distance of a trailing stop."""
    tif: str
    oca_group: str
    account: str
    ref: str
    transmit: bool
    parent_id: int
    outside_hours: bool
    good_till: str
    oca_type: int
    all_or_none: bool
    trail_stop: Decimal | None
    trail_percent: Decimal | None
    what_if: bool
    limit_offset: Decimal | None
    cash: Decimal | None


def read_order(fields: list[str]) -> OrderAsked:  # noqa: PLR0915  (one message of a hundred fields, in order)
    """Read message 3 at server version 178.

    Raises:
        FieldRefused: If it is too short, a number cannot be read, or it has parts that no listing here needs: combo
            legs, delta-neutral, scales.
    """
    r = Reader(fields)
    order_id = r.whole()
    contract = read_contract(r)
    if contract.kind == "BAG":
        raise FieldRefused("combo orders are not traded here")
    r.skip(2)  # secIdType, secId
    action, quantity, kind = r.word(), r.number(), r.word()
    limit, aux, tif, oca_group, account = r.number(), r.number(), r.word(), r.word(), r.word()
    r.skip(2)  # openClose, origin
    ref, transmit, parent_id = r.word(), r.flag(), r.whole()
    r.skip(4)  # block, sweep, display size, trigger method
    outside_hours = r.flag()
    r.skip(4)  # hidden, "", discretionary amount, good after
    good_till = r.word()
    r.skip(7)  # advisor's group, method, percentage; model, short sale's slot, location, exemption
    oca_type = r.whole()
    r.skip(2)  # rule 80A, settling firm
    all_or_none = r.flag()
    r.skip(14)  # minimum quantity to volatility's type
    if r.word():
        raise FieldRefused("delta-neutral orders are not traded here")
    r.skip(3)  # its aux price, continuous update, reference price type
    trail_stop, trail_percent = r.number(), r.number()
    r.skip(2)
    if r.number():
        raise FieldRefused("scale orders are not traded here")
    r.skip(3)
    if r.word():
        r.skip()  # hedge's parameter
    r.skip(4)  # smart routing, clearing account and intent, not held
    if r.flag():
        r.skip(3)
    if r.word():
        r.skip(2 * r.whole())
    r.skip()
    what_if = r.flag()
    r.skip(4)
    if r.whole():
        raise FieldRefused("conditions are not traded here")
    r.skip(2)
    limit_offset = r.number()
    r.skip(7)
    cash = r.number()
    return OrderAsked(
        order_id=order_id,
        contract=contract,
        action=action,
        quantity=quantity or Decimal(0),
        kind=kind.upper(),
        limit=limit,
        aux=aux,
        tif=tif.upper() or "DAY",
        oca_group=oca_group,
        account=account,
        ref=ref,
        transmit=transmit,
        parent_id=parent_id,
        outside_hours=outside_hours,
        good_till=good_till,
        oca_type=oca_type,
        all_or_none=all_or_none,
        trail_stop=trail_stop,
        trail_percent=trail_percent,
        what_if=what_if,
        limit_offset=limit_offset,
        cash=cash,
    )


class BarsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Message 20: bars of the past, and perhaps of what comes."""

    request: int
    contract: Contract
    end: str
    size: str
    duration: str
    regular_hours: bool
    what: str
    date_format: int
    keep: bool


def read_bars(fields: list[str]) -> BarsAsked:
    """Read message 20. Raises FieldRefused."""
    r = Reader(fields)
    request = r.whole()
    contract = read_contract(r)
    r.skip()
    return BarsAsked(
        request=request,
        contract=contract,
        end=r.word(),
        size=r.word(),
        duration=r.word(),
        regular_hours=r.flag(),
        what=r.word(),
        date_format=r.whole(),
        keep=r.flag(),
    )


class ExecutionsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Message 7: which executions of the day; empty fields ask for all."""

    request: int
    client: int
    account: str
    time: str
    symbol: str
    kind: str
    exchange: str
    side: str


def read_executions(fields: list[str]) -> ExecutionsAsked:
    """Read message 7. Raises FieldRefused."""
    r = Reader(fields, 2)
    return ExecutionsAsked(
        request=r.whole(),
        client=r.whole(),
        account=r.word(),
        time=r.word(),
        symbol=r.word(),
        kind=r.word(),
        exchange=r.word(),
        side=r.word(),
    )
