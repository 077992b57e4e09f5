"""The real engine against the local exchange's Binance: orders, fills, kill -9, restart; its ledger is the judge."""

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

BTC = "binance:BTCUSDT"


@contextmanager
def exchange(home: Home) -> Generator[Json]:
    """Run the exchange while the context is open; give its ready line."""
    process = subprocess.Popen(
        [*COMMAND, "exchange", "--speak", "binance", "--port-binance", "0", "--seed", "3"],
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
        input=f"{ready['binance']['key']}\n{ready['binance']['secret']}\n",
        text=True,
        capture_output=True,
        check=True,
    )
    assert ready["binance"]["secret"] not in kept.stdout + kept.stderr


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


def state_of(client: ControlClient, order: str) -> str:
    """Return an order's state."""
    (told,) = [one for one in client.orders(working_only=False) if one.client_order_id == order]
    return told.state


def test_what_the_engine_knows_after_kill_and_restart_is_the_exchanges_ledger() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[accounts.b]\nvenue = "binance"\nkind = "sandbox"\nsymbols = ["BTCUSDT"]\n'
            f'base_url = "{ready["binance"]["url"]}"\n',
        )
        keep_keys(home, ready)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the account is understood", 30)
            now = place(client, 1, "0.01", None).client_order_id
            wait_until(lambda: state_of(client, now) == "filled", "bought at market", 10)
            near = place(client, 2, "0.02", "59500")
            assert near.state == "accepted"
            far = place(client, 3, "0.03", "59400").client_order_id
            engine.kill()
        while_nobody_runs = {"venue": "binance", "symbol": "BTCUSDT", "price": "59450"}
        printed = httpx.post(
            f"{ready['control']}/_ctl/print", json=while_nobody_runs | {"quantity": "0.5"}
        )
        printed.raise_for_status()
        with running(home) as engine, engine.client() as client:
            # Told by its state: how many pieces an order is filled in is the market's business.
            wait_until(
                lambda: state_of(client, near.client_order_id) == "filled",
                "the fill made meanwhile is told",
                30,
            )
            wait_until(lambda: understood(client), "the account is understood", 30)
            client.cancel(far)
            wait_until(lambda: not client.orders(working_only=True), "the rest is cancelled", 30)
            agrees(client, ledger(ready))
            place(client, 4, "0.02", "59000")
            engine.kill()
        panicked = home.run("panic", "b", "--flatten", "--json")
        assert panicked.returncode == 0, panicked.stderr
        book = ledger(ready)
        assert not [one for one in book["orders"] if one["state"] == "open"]
        assert {one["state"] for one in book["orders"][-2:]} == {"cancelled", "filled"}
        assert Decimal(book["cash"]["binance"]["BTC"]) < Decimal("0.00001")


def test_a_stop_and_a_target_protect_as_a_pair_at_the_exchange_while_the_engine_is_dead() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[accounts.b]\nvenue = "binance"\nkind = "sandbox"\nsymbols = ["BTCUSDT"]\n'
            f'base_url = "{ready["binance"]["url"]}"\n',
        )
        keep_keys(home, ready)
        with running(home) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the account is understood", 30)
            bracket = OrderRequest(
                request_id="r1",
                instrument=BTC,
                side="buy",
                quantity=Decimal("0.01"),
                type="marketable",
                stop_loss=Decimal(50_000),
                take_profit=Decimal(70_000),
            )
            assert client.place(bracket, 10.0).order is not None

            def pair() -> list[OrderFacts]:
                return [one for one in client.orders(working_only=True) if one.role]

            wait_until(
                lambda: [one.state for one in pair()] == ["accepted"] * 2, "the pair stands", 20
            )
            assert [(one.role, one.lives_at) for one in pair()] == [
                ("stop_loss", "broker"),
                ("take_profit", "broker"),
            ]
            (held,) = (one for one in client.positions() if one.owner == "hand")
            assert held.protected_at == "broker"
            engine.kill()
        assert [one["state"] for one in ledger(ready)["orders"][1:]] == ["working", "waiting"]
        printed = {"venue": "binance", "symbol": "BTCUSDT", "price": "70001", "quantity": "9"}
        httpx.post(f"{ready['control']}/_ctl/print", json=printed).raise_for_status()
        with running(home) as engine, engine.client() as client:

            def target() -> list[str]:
                told = client.orders(working_only=False)
                return [one.state for one in told if one.role == "take_profit"]

            wait_until(lambda: "filled" in target(), "the target is told as filled", 30)
            wait_until(lambda: not client.orders(working_only=True), "the stop has ended", 30)
            wait_until(lambda: understood(client), "the account is understood", 30)
            same_books(client, ledger(ready))
            assert [one["state"] for one in ledger(ready)["orders"][1:]] == ["filled", "cancelled"]


def states(client: ControlClient) -> list[str]:
    """Return the states of all orders."""
    return [order.state for order in client.orders(working_only=False)]


def agrees(client: ControlClient, book: Json) -> None:
    """Assert that orders, fills, the position and cash are the exchange's own."""
    states = {one.client_order_id: one.state for one in client.orders(working_only=False)}
    assert states == {one["client_order_id"]: one["state"] for one in book["orders"]}
    same_books(client, book)


def same_books(client: ControlClient, book: Json) -> None:
    """Assert that fills, the position and cash are the exchange's own."""
    ours = [
        (one.client_order_id, Decimal(one.quantity), Decimal(one.price), Decimal(one.fee))
        for one in client.fills(100)
    ]
    theirs = [
        (one["client_order_id"], *(Decimal(one[k]) for k in ("quantity", "price", "fee")))
        for one in book["fills"]
    ]
    assert sorted(ours) == sorted(theirs)
    held = sum(Decimal(one.quantity) for one in client.positions() if one.instrument == BTC)
    assert held == Decimal(book["cash"]["binance"]["BTC"])
    (account,) = client.accounts()
    assert Decimal(account.cash["USDT"]) == Decimal(book["cash"]["binance"]["USDT"])


def test_paper_fills_at_the_real_markets_prices_and_no_order_leaves() -> None:
    with short_home() as home, exchange(home) as ready:
        configure(
            home,
            '[engine]\nmode = "paper"\n[accounts.p]\nvenue = "binance"\nkind = "paper"\n'
            f'data_url = "{ready["binance"]["url"]}"\n',
        )
        with running(home, "--market", BTC) as engine, engine.client() as client:
            wait_until(lambda: understood(client), "the market is there", 30)
            assert client.hello().mode == "paper"
            bought = place(client, 1, "0.01", None)
            assert bought.account == "p"
            wait_until(lambda: states(client) == ["filled"], "the order is filled", 10)
            (fill,) = client.fills(10)
            assert Decimal(fill.fee) == Decimal(fill.price) * Decimal("0.00001")
        assert ledger(ready)["orders"] == []
