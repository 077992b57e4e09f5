"""The real engine against the local exchange's IB: orders, fills, kill -9, restart; its ledger is the judge."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest
from tests.e2e.engine_process import COMMAND, Home, running, short_home, wait_until

from tradebot.engine.control.client import ControlClient
from tradebot.engine.control.messages_facts import OrderFacts
from tradebot.engine.control.messages_orders import OrderRequest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

type Json = dict[str, Any]

AAPL = "ib:AAPL"
CODE = "DU1234567"


@contextmanager
def exchange(home: Home, *options: str, kill: bool = False) -> Generator[Json]:
    """Run the exchange while the context is open; give its ready line. `kill` ends it by SIGKILL."""
    process = subprocess.Popen(
        [*COMMAND, "exchange", "--speak", "ib", "--always-open", "--seed", "3", *options],
        env=home.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield cast("Json", json.loads(process.stdout.readline()))
    finally:
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def place(client: ControlClient, number: int, quantity: str, limit: str | None) -> OrderFacts:
    """Buy, and wait for the venue's word."""
    request = OrderRequest(
        request_id=f"r{number}",
        instrument=AAPL,
        side="buy",
        quantity=Decimal(quantity),
        type="marketable" if limit is None else "limit",
        limit_price=None if limit is None else Decimal(limit),
    )
    answer = client.place(request, 10.0)
    assert answer.order is not None, answer
    return answer.order


def understood(client: ControlClient) -> bool:
    """Return whether new risk would pass: the market is there, the account is told and agrees."""
    feeds, accounts = client.status().feeds, client.accounts()
    known = all(one.reconciled and not one.differences for one in accounts)
    return known and bool(feeds) and all(feed.state == "up" for feed in feeds)


def ledger(ready: Json) -> Json:
    """Return the exchange's own ledger."""
    return cast("Json", httpx.get(f"{ready['control']}/_ctl/ledger").raise_for_status().json())


def control(ready: Json, path: str, **body: object) -> None:
    """Ask the exchange for something to happen."""
    httpx.post(f"{ready['control']}/_ctl/{path}", json={"venue": "ib"} | body).raise_for_status()


def test_what_the_engine_knows_after_faults_kill_and_restart_is_the_exchanges_ledger() -> None:
    with short_home() as home, exchange(home) as ready:
        file = home.path / "tradebot.toml"
        file.write_text(
            '[accounts.i]\nvenue = "ib"\nkind = "sandbox"\nsymbols = ["AAPL"]\n'
            f"port = {ready['ib']['port']}\n"
        )
        file.chmod(0o600)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the account is understood", 30)
            place(client, 1, "20", None)
            wait_until(lambda: not client.orders(working_only=True), "it is filled", 30)
            assert place(client, 2, "10", "170").state == "accepted"
            far = place(client, 3, "10", "160").client_order_id
            engine.kill()
        control(ready, "print", symbol="AAPL", price="165", quantity="500")
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: len(client.orders(working_only=True)) == 1, "the fill is told", 30)
            control(ready, "fault", fault="ib_1101", args={"seconds": 0.5})
            wait_until(lambda: understood(client), "the account is understood", 30)
            client.cancel(far)
            wait_until(lambda: not client.orders(working_only=True), "the rest is cancelled", 30)
            wait_until(lambda: understood(client), "the account is understood", 30)
            agrees(client, ledger(ready))
            assert place(client, 4, "10", "150").state == "accepted"
            engine.kill()
        panicked = home.run("panic", "i", "--flatten", "--json")
        assert panicked.returncode == 0, panicked.stderr
        note = json.loads(panicked.stdout)
        assert (len(note["cancelled"]), len(note["closed"])) == (1, 1)
        book = ledger(ready)
        assert {one["state"] for one in book["orders"][-2:]} == {"cancelled", "filled"}
        assert not Decimal(book["cash"][CODE].get("AAPL", "0"))


def test_the_exchange_killed_and_started_again_with_its_state_goes_on_under_the_engine() -> None:
    with short_home() as home:
        state = ("--state", str(home.path / "exchange"))
        file = home.path / "tradebot.toml"
        with exchange(home, *state, kill=True) as ready:
            port = str(ready["ib"]["port"])
            file.write_text(
                f'[accounts.i]\nvenue = "ib"\nkind = "sandbox"\nsymbols = ["AAPL"]\nport = {port}\n'
            )
            file.chmod(0o600)
            with running(home) as engine, engine.client() as client:
                wait_until(lambda: understood(client), "the account is understood", 30)
                place(client, 1, "20", None)
                wait_until(lambda: not client.orders(working_only=True), "it is filled", 30)
                assert place(client, 2, "10", "170").state == "accepted"
                engine.kill()
            before = ledger(ready)
        with exchange(home, *state, "--port-ib", port, kill=True) as ready:
            assert ledger(ready) | {"time": 0} == before | {"time": 0}
            control(ready, "print", symbol="AAPL", price="165", quantity="500")
            with running(home) as engine, engine.client() as client:
                wait_until(lambda: understood(client), "the account is understood", 30)
                wait_until(lambda: not client.orders(working_only=True), "the fill is told", 30)
                agrees(client, ledger(ready))


def agrees(client: ControlClient, book: Json) -> None:
    """Assert that orders, fills, the position and cash are the exchange's own."""
    ours = [
        (one.client_order_id, Decimal(one.quantity), Decimal(one.price))
        for one in client.fills(100)
    ]
    theirs = [
        (one["client_order_id"], *(Decimal(one[k]) for k in ("quantity", "price")))
        for one in book["fills"]
    ]
    assert sorted(ours) == sorted(theirs)
    states = {one.client_order_id: one.state for one in client.orders(working_only=False)}
    assert states == {one["client_order_id"]: one["state"] for one in book["orders"]}
    held = sum(Decimal(one.quantity) for one in client.positions() if one.instrument == AAPL)
    assert held == Decimal(book["cash"][CODE]["AAPL"])
    (account,) = client.accounts()
    assert Decimal(account.cash["USD"]) == Decimal(book["cash"][CODE]["USD"])


def test_paper_fills_at_the_gateways_market_and_no_order_leaves() -> None:
    with short_home() as home, exchange(home) as ready:
        file = home.path / "tradebot.toml"
        file.write_text(
            f'[accounts.p]\nvenue = "ib"\nkind = "paper"\nport = {ready["ib"]["port"]}\n'
        )
        file.chmod(0o600)
        with running(home, "--market", AAPL) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the market is there", 30)
            assert client.hello().mode == "paper"
            place(client, 1, "3", None)
            wait_until(
                lambda: [one.state for one in client.orders(working_only=False)] == ["filled"],
                "the order is filled",
                10,
            )
        assert ledger(ready)["orders"] == []
