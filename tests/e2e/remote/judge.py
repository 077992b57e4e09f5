"""Compares what the engine wrote with what the venue wrote, from the two files alone, a little more each time."""

import json
import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import cast

from tests.e2e.orders_made import OrdersMade
from tests.e2e.venue_fold import SCALES, VenueTruth, fold

from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages_facts import FillFacts, OrderFacts
from tradebot.engine.journal.codec import JsonValue
from tradebot.engine.journal.reserve import read_reserve
from tradebot.engine.journal.store import Journal

type Body = dict[str, JsonValue]

WORKING = frozenset({"accepted", "partially_filled", "pending_cancel", "triggered"})
ENDS = frozenset({"order-rejected", "order-cancelled", "order-expired"})


class Judge:
    """Reads journal and venue's ledger after each kill."""

    def __init__(self, journal: Path, ledger: Path) -> None:
        self._journal = journal
        self._ledger = ledger
        self._read_to = (0, -1)
        self.made = OrdersMade()
        self._submitted: set[str] = set()
        self._heard: set[str] = set()
        self._over: set[str] = set()
        self._booked: set[str] = set()
        self._told: set[str] = set()
        """Executions the engine told of when it was last asked."""
        self.kills = 0
        self.in_flight = 0
        self.classes: Counter[str] = Counter()

    def truth(self) -> VenueTruth:
        """Return the venue's own ledger, folded by a reader that shares no code with it."""
        return fold(self._ledger)

    def kill(self) -> set[str]:
        """Count a kill by where orders stood in that moment; return the classes it falls into."""
        self._read_on()
        truth = self.truth()
        at_venue = set(truth.orders)
        # What lowers risk may leave while the journal cannot be written: then the reserve has it.
        unknown = at_venue - self._submitted - self._reserved()
        assert not unknown, f"at the venue before their intent was kept: {sorted(unknown)}"
        classes: set[str] = set()
        if self._submitted - at_venue - self._over:
            classes.add("intent-send")
        if at_venue - self._heard:
            classes.add("send-ack")
        if any(truth.orders[name].state == "working" for name in self._heard & at_venue):
            classes.add("ack-fill")
        if any(fill.execution_id not in self._booked for fill in truth.fills):
            classes.add("fill-in-flight")
        self.kills += 1
        self.in_flight += bool(classes)
        self.classes.update(classes)
        return classes

    def _reserved(self) -> set[str]:
        reading = read_reserve(self._journal.parent / "reserve.log")
        rows = () if reading is None else (row for step in reading.steps for row in step.rows)
        bodies = (cast("Body", json.loads(row.body)) for row in rows if row.kind == "submit")
        orders = (body["order"] for body in bodies)
        return {str(order["client_order_id"]) for order in orders if isinstance(order, dict)}

    def _read_on(self) -> None:
        """Read on in a copy of what is on the disk; the engine must be dead.

        What counts is the bytes it left. SQLite's index of them lives in memory shared by all who have the file open,
        and a reader in this process that outlives an engine goes on with the index of a file that is gone.
        """
        with tempfile.TemporaryDirectory(prefix="tb") as place:
            for name in (self._journal.name, f"{self._journal.name}-wal"):
                if (self._journal.parent / name).exists():
                    shutil.copy(self._journal.parent / name, place)
            with Journal.open(Path(place, self._journal.name), read_only=True) as journal:
                for row in journal.rows(after=self._read_to):
                    self._read_to = (row.seq, row.index)
                    self._take(row.kind, cast("Body", json.loads(row.body)))

    def _take(self, kind: str, body: Body) -> None:
        about = str(body.get("client_order_id"))
        order = body.get("order")
        self.made.take(kind, body)
        if kind == "submit" and isinstance(order, dict):
            self._submitted.add(str(order["client_order_id"]))
        elif kind in {"order-accepted", "order-reported"}:
            self._heard.add(about)
            if kind == "order-reported" and body["state"] not in {"working", ""}:
                self._over.add(about)
        elif kind == "order-filled":
            self._booked.add(str(body["execution_id"]))
        elif kind in ENDS:
            self._heard.add(about)
            self._over.add(about)

    def difference(self, client: ControlClient) -> str:
        """Return the first thing the engine says that the venue's ledger does not, or nothing."""
        orders, fills = client.orders(working_only=False), client.fills(1_000_000)
        positions, status = client.positions(), client.status()
        truth = self.truth()
        held = {symbol: quantity for symbol, quantity in truth.positions.items() if quantity}
        ours: dict[str, Decimal] = {}
        for position in positions:
            known = ours.get(position.instrument, Decimal(0))
            ours[position.instrument] = known + Decimal(position.quantity)
        if {symbol: quantity for symbol, quantity in ours.items() if quantity} != held:
            return f"positions: {ours}, the venue has {held}"
        if Decimal(status.cash.get("USDT", "0")) != truth.cash:
            return f"cash: {status.cash}, the venue has {truth.cash}"
        return _order_difference(orders, truth) or self._fill_difference(fills, truth)

    def books(self) -> str:
        """Return which fills an engine that has ended told and did not keep, or kept and no venue knows; or nothing.

        The venue lives on: it may have filled what rests there since.
        """
        self._read_on()
        lost = self._told - self._booked
        invented = self._booked - {fill.execution_id for fill in self.truth().fills}
        return f"fills lost {sorted(lost)}, invented {sorted(invented)}" if lost or invented else ""

    def _fill_difference(self, fills: list[FillFacts], truth: VenueTruth) -> str:
        """Compare the fills in full: each is told, exactly once."""
        theirs = {fill.execution_id: fill for fill in truth.fills}
        shown = [fill.execution_id for fill in fills]
        if len(set(shown)) != len(shown):
            return f"a fill is told twice: {shown}"
        self._told = set(shown)
        if self._told != set(theirs):
            return f"fills told: {sorted(set(shown) ^ set(theirs))} differ"
        for fill in fills:
            true = theirs[fill.execution_id]
            if (Decimal(fill.quantity), Decimal(fill.price), Decimal(fill.fee), fill.side) != (
                true.quantity,
                true.price,
                true.fee,
                true.side,
            ):
                return f"fill {fill.execution_id}: {fill}, the venue has {true}"
        return ""


def _order_difference(orders: list[OrderFacts], truth: VenueTruth) -> str:
    known = [order.client_order_id for order in orders]
    if len(set(known)) != len(known):
        return f"an order is told twice: {known}"
    for order in orders:
        theirs = truth.orders.get(order.client_order_id)
        if theirs is None:
            ended = order.state in {"denied", "rejected", "cancelled"}
            if not (ended or order.lives_at == "engine") or Decimal(order.filled):
                return f"order {order.client_order_id}: {order.state}, unknown to the venue"
            continue
        if order.state in WORKING:
            if theirs.state != "working":
                return f"order {order.client_order_id}: {order.state}, the venue has {theirs}"
        elif order.state != theirs.state:
            return f"order {order.client_order_id}: {order.state}, the venue has {theirs}"
        scale = SCALES[order.instrument][1]
        if Decimal(order.filled) != Decimal(theirs.filled).scaleb(-scale):
            return f"order {order.client_order_id}: filled {order.filled}, the venue has {theirs}"
    missing = [
        name
        for name, order in truth.orders.items()
        if name not in known and order.state == "working"
    ]
    return f"orders working at the venue and unknown here: {missing}" if missing else ""
