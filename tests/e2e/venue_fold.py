"""What `venue.log` says, folded by a reader that shares no code with the venue."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import cast

SCALES = {"sandbox:BTCUSDT": (2, 3), "sandbox:ETHUSDT": (2, 3), "sandbox:SOLUSDT": (2, 2)}
"""Decimals of price and quantity of the invented symbols."""


@dataclass
class VenueOrder:
    """One order as the venue knows it."""

    quantity: int
    instrument: str
    state: str = "working"
    filled: int = 0


@dataclass(frozen=True)
class VenueFill:
    """One execution, in decimals."""

    execution_id: str
    client_order_id: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass
class VenueTruth:
    """Everything the log adds up to."""

    orders: dict[str, VenueOrder] = field(default_factory=dict[str, VenueOrder])
    fills: list[VenueFill] = field(default_factory=list[VenueFill])
    cash: Decimal = Decimal(0)
    positions: dict[str, Decimal] = field(default_factory=dict[str, Decimal])


def fold(path: Path) -> VenueTruth:
    """Add a log up; anything that may not happen at a venue is an assertion."""
    truth = VenueTruth()
    data = path.read_bytes()
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        record = cast("dict[str, str]", json.loads(line))
        match record["kind"]:
            case "opened":
                truth.cash += Decimal(record["cash"])
            case "accepted":
                assert record["client_order_id"] not in truth.orders, f"sent twice: {record}"
                truth.orders[record["client_order_id"]] = VenueOrder(
                    int(record["quantity"]), record["instrument"]
                )
            case "refused":
                assert record["client_order_id"] not in truth.orders, f"sent twice: {record}"
                truth.orders[record["client_order_id"]] = VenueOrder(0, "", "rejected")
            case "filled":
                _fill(truth, record)
            case "ended":
                order = truth.orders[record["client_order_id"]]
                assert order.state == "working", f"ended twice: {record}"
                order.state = record["how"]
            case kind:
                assert kind == "market-at", f"unknown record: {record}"
    return truth


def _fill(truth: VenueTruth, record: dict[str, str]) -> None:
    instrument = record["instrument"]
    price_scale, quantity_scale = SCALES[instrument]
    quantity = Decimal(int(record["quantity"])).scaleb(-quantity_scale)
    price = Decimal(int(record["price"])).scaleb(-price_scale)
    fee = Decimal(record["fee"])
    order = truth.orders[record["client_order_id"]]
    assert order.state == "working", f"filled after its end: {record}"
    assert order.instrument == instrument
    order.filled += int(record["quantity"])
    assert order.filled <= order.quantity, f"filled beyond its quantity: {record}"
    if order.filled == order.quantity:
        order.state = "filled"
    assert record["execution_id"] not in {fill.execution_id for fill in truth.fills}
    truth.fills.append(
        VenueFill(
            record["execution_id"],
            record["client_order_id"],
            instrument,
            record["side"],
            quantity,
            price,
            fee,
        )
    )
    signed = quantity if record["side"] == "buy" else -quantity
    truth.cash -= signed * price + fee
    truth.positions[instrument] = truth.positions.get(instrument, Decimal(0)) + signed
