"""Kill -9, again and again, while orders go out: afterwards the engine says what the venue says."""

import os
import random
import secrets
import sys
import threading
from collections import Counter
from decimal import Decimal

import pytest
from tests.e2e.engine_process import (
    EngineProcess,
    Home,
    is_reconciled,
    reproducible,
    rows_of,
    running,
    short_home,
    wait_until,
)
from tests.e2e.orders_made import OrdersMade
from tests.e2e.script import Script
from tests.e2e.venue_fold import SCALES, VenueTruth, fold

from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages_facts import FillFacts, OrderFacts
from tradebot.engine.journal.verify import verify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    # httpcore leaves a socket open when the engine behind it dies between two requests.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROUNDS = int(os.environ.get("KILL_LOOP_ROUNDS") or 12)
"""Kills amid orders; some five seconds each."""
SLOW = "0.05"
"""Engine seconds per second while orders go out: the 5 ms to the venue and back take 100 ms each."""
FAST = "25"
"""While the engine makes sure of what the venue holds: an order nobody knows of takes five seconds of its time."""


def test_engine_killed_at_any_moment_agrees_with_the_venues_own_ledger(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(
        os.environ.get("KILL_LOOP_SEED")
        or (20261123 if "CI" in os.environ else secrets.randbits(32))
    )
    _tell(capsys, f"KILL_LOOP_SEED={seed}")
    rng = random.Random(seed)  # noqa: S311  (reproducible on purpose)
    script = Script(rng)
    classes: Counter[str] = Counter()
    with reproducible(f"KILL_LOOP_SEED={seed}"), short_home() as home:
        for _ in range(ROUNDS):
            with running(home, "--speed", SLOW, "--seed", "5") as engine:
                _kill_amid_orders(engine, script, rng)
            classes.update(_classified(home))
            with running(home, "--speed", FAST, "--seed", "5") as engine, engine.client() as client:
                _settle_and_compare(home, client, script)
                if rng.random() < 0.5:
                    engine.kill()
                else:
                    assert engine.terminate() == 0
            assert verify(home.engine()).problems == ()
        _check_requests(home, script)
        truth = fold(home.engine() / "venue.log")
        _tell(
            capsys,
            f"{ROUNDS} kills amid orders, by class: {dict(classes)}; {len(script.requests)} requests, "
            f"{len(truth.orders)} orders at the venue, {len(truth.fills)} fills",
        )
        for name in ("before-send", "before-ack", "before-fill", "fill-in-flight"):
            assert classes[name], f"no kill was {name}: {dict(classes)}"
        assert home.run("journal", "verify").returncode == 0
        again = home.run("journal", "check", "--redecide", timeout=600)
        assert again.returncode == 0, again.stdout + again.stderr


def _tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Say something on the terminal: whoever looks at a failed run needs the seed."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def _kill_amid_orders(engine: EngineProcess, script: Script, rng: random.Random) -> None:
    killer = threading.Timer(rng.uniform(0.1, 1.2), engine.process.kill)
    with engine.client() as client:
        killer.start()
        script.send_some(client)
    killer.join()
    engine.kill()


def _classified(home: Home) -> set[str]:
    """Return where orders stood when the process died, from the two records alone."""
    truth = fold(home.engine() / "venue.log")
    submitted: set[str] = set()
    heard: set[str] = set()
    over: set[str] = set()
    booked: set[str] = set()
    for _, _, kind, body in rows_of(home):
        order = body.get("order")
        about = str(body.get("client_order_id"))
        if kind == "submit" and isinstance(order, dict):
            submitted.add(str(order["client_order_id"]))
        elif kind in {"order-accepted", "order-rejected", "order-reported"}:
            heard.add(about)
        elif kind == "order-filled":
            booked.add(str(body["execution_id"]))
        reported_over = kind == "order-reported" and body["state"] != "working"
        if reported_over or kind in {"order-rejected", "order-cancelled", "order-expired"}:
            over.add(about)
    assert set(truth.orders) <= submitted, "an order reached the venue before its intent was kept"
    classes: set[str] = set()
    classes |= {"before-send"} if submitted - set(truth.orders) - over else set()
    classes |= {"before-ack"} if set(truth.orders) - heard else set()
    if any(truth.orders[known].state == "working" for known in heard & set(truth.orders)):
        classes.add("before-fill")
    if any(fill.execution_id not in booked for fill in truth.fills):
        classes.add("fill-in-flight")
    return classes


def _settle_and_compare(home: Home, client: ControlClient, script: Script) -> None:
    wait_until(lambda: is_reconciled(home, client), "the engine is reconciled", 30)
    script.repeat_unanswered(client)
    wait_until(lambda: is_reconciled(home, client), "the engine is reconciled", 30)
    differences = [""]

    def agrees() -> bool:
        differences[0] = _difference(home, client)
        return not differences[0]

    try:
        wait_until(agrees, "engine and venue agree", 10)
    except AssertionError as error:
        raise AssertionError(differences[0]) from error
    status = client.status()
    assert status.trading_state == "ACTIVE", status.reason


def _difference(home: Home, client: ControlClient) -> str:
    """Return the first thing the engine says that the venue's log does not, or nothing."""
    orders, fills = client.orders(working_only=False), client.fills(1_000_000)
    positions, status = client.positions(), client.status()
    truth = fold(home.engine() / "venue.log")
    held = {symbol: quantity for symbol, quantity in truth.positions.items() if quantity}
    ours = {symbol: Decimal(0) for symbol in held}
    for position in positions:
        ours[position.instrument] = ours.get(position.instrument, Decimal(0)) + Decimal(
            position.quantity
        )
    if ours != held:
        return f"positions: {ours}, the venue has {held}"
    if Decimal(status.cash["USDT"]) != truth.cash:
        return f"cash: {status.cash['USDT']}, the venue has {truth.cash}"
    return _order_difference(orders, truth) or _fill_difference(fills, truth)


def _order_difference(orders: list[OrderFacts], truth: VenueTruth) -> str:
    known = [order.client_order_id for order in orders]
    if len(set(known)) != len(known) or not set(truth.orders) <= set(known):
        return f"orders: {known}, the venue has {list(truth.orders)}"
    for order in orders:
        theirs = truth.orders.get(order.client_order_id)
        if theirs is None:
            # One that waits here for another to end was not sent, and may be cancelled without ever having been.
            ended = order.state in {"denied", "rejected", "cancelled"}
            if not (ended or order.lives_at == "engine") or Decimal(order.filled):
                return f"order {order.client_order_id}: {order.state}, unknown to the venue"
            continue
        scale = SCALES[order.instrument][1]
        working = order.state in {"accepted", "partially_filled", "pending_cancel"}
        if (working, order.state)[theirs.state != "working"] not in {True, theirs.state}:
            return f"order {order.client_order_id}: {order.state}, the venue has {theirs}"
        if Decimal(order.filled) != Decimal(theirs.filled).scaleb(-scale):
            return f"order {order.client_order_id}: filled {order.filled}, the venue has {theirs}"
    return ""


def _fill_difference(fills: list[FillFacts], truth: VenueTruth) -> str:
    ours = sorted(
        (
            fill.execution_id,
            fill.client_order_id,
            fill.instrument,
            fill.side,
            Decimal(fill.quantity),
            Decimal(fill.price),
            Decimal(fill.fee),
        )
        for fill in fills
    )
    theirs = sorted(
        (
            fill.execution_id,
            fill.client_order_id,
            fill.instrument,
            fill.side,
            fill.quantity,
            fill.price,
            fill.fee,
        )
        for fill in truth.fills
    )
    return "" if ours == theirs else f"fills: {ours}, the venue has {theirs}"


def _check_requests(home: Home, script: Script) -> None:
    """Every request became exactly one order, the one its sender was told of."""
    made = OrdersMade()
    for _, _, kind, body in rows_of(home):
        made.take(kind, body)
    assert made.by_request == {request: [script.answered[request]] for request in script.requests}
