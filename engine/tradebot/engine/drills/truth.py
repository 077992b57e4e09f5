"""What the venue's own ledger adds up to, read by somebody who shares no code with the venue or the engine."""

import json
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec

from tradebot.engine.drills.market import INSTRUMENT


class VenueFill(msgspec.Struct, frozen=True):
    """One execution, in decimals."""

    client_order_id: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


class Truth(msgspec.Struct):
    """The ledger of one account in one instrument."""

    cash: Decimal = Decimal(0)
    position: Decimal = Decimal(0)
    orders: dict[str, str] = {}
    """Every order that arrived: `working`, `filled`, or how it ended."""
    left: dict[str, Decimal] = {}
    """What of an order has not filled."""
    stops: dict[str, Decimal] = {}
    """Triggers of the stops among them."""
    fills: dict[str, VenueFill] = {}
    """By the venue's id of the execution."""

    @property
    def standing_stops(self) -> dict[str, Decimal]:
        """Return the quantity of every stop that waits at the venue."""
        return {key: self.left[key] for key in self.stops if self.orders[key] == "working"}


def read_truth(path: Path) -> Truth:
    """Add a ledger up; a line that is being written counts next time.

    Raises:
        OSError: If it cannot be read.
    """
    truth = Truth()
    data = path.read_bytes()
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        record = cast("dict[str, str | None]", json.loads(line))
        key = str(record.get("client_order_id"))
        match record["kind"]:
            case "opened":
                truth.cash += Decimal(str(record["cash"]))
            case "accepted":
                truth.orders[key] = "working"
                truth.left[key] = INSTRUMENT.quantity(int(str(record["quantity"])))
                if record["trigger"] is not None:
                    truth.stops[key] = INSTRUMENT.price(int(str(record["trigger"])))
            case "refused":
                truth.orders[key] = "rejected"
            case "ended":
                truth.orders[key] = str(record["how"])
            case "filled":
                _fill(truth, key, record)
            case _:
                pass
    return truth


def _fill(truth: Truth, key: str, record: dict[str, str | None]) -> None:
    fill = VenueFill(
        key,
        str(record["side"]),
        INSTRUMENT.quantity(int(str(record["quantity"]))),
        INSTRUMENT.price(int(str(record["price"]))),
        Decimal(str(record["fee"])),
    )
    truth.fills[str(record["execution_id"])] = fill
    signed = fill.quantity if fill.side == "buy" else -fill.quantity
    truth.position += signed
    truth.cash -= signed * fill.price + fill.fee
    truth.left[key] -= fill.quantity
    if not truth.left[key]:
        truth.orders[key] = "filled"
