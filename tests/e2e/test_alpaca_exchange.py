"""The real engine against the local exchange's Alpaca: orders, fills, kill -9, restart; its ledger is the judge."""

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

BTC = "alpaca:BTC/USD"


@contextmanager
def exchange(home: Home) -> Generator[Json]:
    """Run the exchange while the context is open; give its ready line."""
    process = subprocess.Popen(
        [
            *COMMAND,
            "exchange",
            "--speak",
            "alpaca",
            "--port-alpaca",
            "0",
            "--seed",
            "3",
            "--always-open",
        ],
        env=home.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield cast("Json", json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def configure(home: Home, text: str) -> None:
    """Write the configuration."""
    file = home.path / "tradebot.toml"
    file.write_text(text)
    file.chmod(0o600)


def keep_keys(home: Home, ready: Json) -> None:
    """Keep the account's keys, as a person would."""
    kept = subprocess.run(
        [*COMMAND, "keys", "set", "b", "--in", "file"],
        env=home.environment,
        input=f"{ready['alpaca']['key']}\n{ready['alpaca']['secret']}\n",
        text=True,
        capture_output=True,
        check=True,
    )
    assert ready["alpaca"]["secret"] not in kept.stdout + kept.stderr


def place(client: ControlClient, number: int, quantity: str, limit: str | None) -> OrderFacts:
    """Buy, and wait for the venue's word."""
    request = OrderRequest(
        request_id=f"r{number}",
        instrument=BTC,
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


def test_what_the_engine_knows_after_kill_and_restart_is_the_exchanges_ledger() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[accounts.b]\nvenue = "alpaca"\nkind = "sandbox"\nsymbols = ["BTC/USD", "AAPL"]\n'
            f'base_url = "{ready["alpaca"]["url"]}"\n',
        )
        keep_keys(home, ready)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the account is understood", 30)
            place(client, 1, "0.01", None)
            wait_until(lambda: agrees(client, ledger(ready)), "fill and fee are told", 20)
            sessions = {one.name: one for one in client.health().sessions}
            assert (sessions["b"].state, sessions["b"].fills) == ("live", len(client.fills(100)))
            assert place(client, 2, "0.02", "59500").state == "accepted"
            far = place(client, 3, "0.03", "59400").client_order_id
            engine.kill()
        while_nobody_runs = {"venue": "alpaca", "symbol": "BTC/USD", "price": "59450"}
        printed = httpx.post(
            f"{ready['control']}/_ctl/print", json=while_nobody_runs | {"quantity": "0.5"}
        )
        printed.raise_for_status()
        with running(home) as engine, engine.client() as client:
            wait_until(
                lambda: len(orders_filled(client)) == 2, "the fill made meanwhile is told", 30
            )
            wait_until(lambda: understood(client), "the account is understood", 30)
            client.cancel(far)
            wait_until(lambda: not client.orders(working_only=True), "the rest is cancelled", 30)
            wait_until(lambda: agrees(client, ledger(ready)), "the ledger is ours", 20)
            assert understood(client)
            place(client, 4, "0.02", "50000")
            engine.kill()
        panicked = home.run("panic", "b", "--flatten", "--json")
        assert panicked.returncode == 0, panicked.stderr
        book = ledger(ready)
        assert not [one for one in book["orders"] if one["state"] == "open"]
        assert {one["state"] for one in book["orders"][-2:]} == {"cancelled", "filled"}


def orders_filled(client: ControlClient) -> set[str]:
    """Return which orders have traded."""
    return {fill.client_order_id for fill in client.fills(100)}


def agrees(client: ControlClient, book: Json) -> bool:
    """Return whether orders, fills, the position and cash are the exchange's own, fees counted in."""
    ours = [
        (one.client_order_id, Decimal(one.quantity), Decimal(one.price))
        for one in client.fills(100)
    ]
    theirs = [
        (one["client_order_id"], *(Decimal(one[k]) for k in ("quantity", "price")))
        for one in book["fills"]
    ]
    states = {one.client_order_id: one.state for one in client.orders(working_only=False)}
    working = {
        one["client_order_id"]: "accepted" if one["state"] == "working" else one["state"]
        for one in book["orders"]
    }
    held = sum(Decimal(one.quantity) for one in client.positions() if one.instrument == BTC)
    (cash,) = book["cash"].values()
    (account,) = client.accounts()
    return (
        sorted(ours) == sorted(theirs)
        and states == working
        and held == Decimal(cash["BTC"])
        and Decimal(account.cash["USD"]) == Decimal(cash["USD"])
    )


def test_paper_without_a_key_fills_at_the_real_book_and_no_order_leaves() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[accounts.p]\nvenue = "alpaca"\nkind = "paper"\n'
            f'data_url = "{ready["alpaca"]["url"]}"\n',
        )
        with running(home, "--market", BTC) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the market is there", 30)
            assert client.hello().mode == "paper"
            (session,) = client.health().sessions
            assert (session.state, session.malformed) == ("live", 0)
            place(client, 1, "0.01", None)
            wait_until(lambda: orders_filled(client) != set(), "the order is filled", 10)
            (fill,) = client.fills(10)
            assert Decimal(fill.fee) == round(Decimal(fill.price) * Decimal("0.000025"), 8)
        assert ledger(ready)["orders"] == []


def test_paper_with_keys_fills_stocks_at_their_quotes_and_no_order_leaves() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[engine]\nmode = "paper"\n[accounts.b]\nvenue = "alpaca"\nkind = "paper"\n'
            f'symbols = ["AAPL"]\nbase_url = "{ready["alpaca"]["url"]}"\n',
        )
        keep_keys(home, ready)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the market is there", 30)
            request = OrderRequest(
                request_id="r1",
                instrument="alpaca:AAPL",
                side="buy",
                quantity=Decimal(3),
                type="marketable",
            )
            wait_until(lambda: client.place(request, 10.0).order is not None, "it is priced", 20)
            wait_until(lambda: orders_filled(client) != set(), "the order is filled", 10)
        assert ledger(ready)["orders"] == []
