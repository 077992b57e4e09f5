"""`doctor VENUE` against the local exchange: what is well, and each fault with what to do about it."""

import asyncio
import json
import threading
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from tests.engine.cli.conftest import Ran, Tradebot
from tests.exchange.conftest import opened

from tradebot.engine.exchange.faults import Fault
from tradebot.engine.exchange.program import Program
from tradebot.engine.exchange.words import FaceName

type Facts = Mapping[str, str | int]

NOBODY = 9
"""A port at which nobody listens."""


@contextmanager
def exchange(face: FaceName) -> Generator[Program]:
    """Run the exchange in a thread of its own: the command makes its own loop."""
    ready: Future[tuple[Program, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        async with opened(face) as program:
            over = asyncio.Event()
            ready.set_result((program, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    program, loop, over = ready.result(20)
    try:
        yield program
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)


def configure(home: Path, text: str) -> None:
    file = home / "tradebot.toml"
    file.write_text(text)
    file.chmod(0o600)


def account(home: Path, venue: FaceName, where: str) -> None:
    symbol = {"binance": "BTCUSDT", "alpaca": "BTC/USD", "ib": "AAPL"}[venue]
    head = f'[accounts.a]\nvenue = "{venue}"\nkind = "{"broker-paper" if venue == "ib" else "sandbox"}"\n'
    configure(home, f'{head}symbols = ["{symbol}"]\n{where}\n')


def keep(monkeypatch: pytest.MonkeyPatch, facts: Facts, secret: str | None = None) -> None:
    """Let the account's keys be in the environment, for its host alone."""
    host = str(facts["url"]).partition("://")[2]
    stored = {"hosts": [host], "key": facts["key"], "secret": secret or facts["secret"]}
    monkeypatch.setenv("TRADEBOT_KEY_A", json.dumps(stored))


def told(ran: Ran) -> dict[str, tuple[bool, str]]:
    document = cast("dict[str, list[dict[str, str | bool]]]", ran.document)
    return {str(one["name"]): (bool(one["ok"]), str(one["text"])) for one in document["checks"]}


@pytest.mark.parametrize("venue", ["binance", "alpaca"])
def test_keys_and_clocks_are_judged_by_the_venue(
    venue: FaceName, tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exchange(venue) as program:
        facts = program.faces[0].facts()
        account(home, venue, f'base_url = "{facts["url"]}"')
        keep(monkeypatch, facts)
        well = tradebot("doctor", venue, "--json")
        assert (well.code, all(ok for ok, _ in told(well).values())) == (0, True), well.out
        assert "ms from its" in well.out
        keep(monkeypatch, facts, "wrong")
        wrong = tradebot("doctor", venue, "--json")
        assert (wrong.code, told(wrong)["account a"][0]) == (1, False)
        assert ("-1022" if venue == "binance" else "401") in told(wrong)["account a"][1]
        keep(monkeypatch, facts)
        program.striker.arm(Fault(venue=venue, fault="clock", args={"seconds": -10}))
        off = tradebot("doctor", venue, "--json")
        assert off.code == 1
        assert "timedatectl" in off.out


def test_a_gateway_says_who_is_logged_in_and_whose_ids_are_taken(
    tradebot: Tradebot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.engine.brokers.ib.check.PATIENCE_S", 2)
    with exchange("ib") as program:
        account(home, "ib", f"port = {program.faces[0].facts()['port']}")
        well = tradebot("doctor", "ib", "--json")
        assert well.code == 0, well.out
        assert "account DU1234567" in well.out
        assert "next login due" in well.out
        program.striker.arm(Fault(venue="ib", fault="ib_326", on="connect", count=99))
        taken = tradebot("doctor", "ib", "--json")
        assert taken.code == 1
        assert "client id 72 is in use: set another client_id" in taken.out


@pytest.mark.parametrize(
    ("venue", "where"),
    [("binance", "base_url"), ("alpaca", "base_url"), ("ib", "port")],
)
def test_where_nobody_listens_the_address_is_named(
    venue: FaceName,
    where: str,
    tradebot: Tradebot,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tradebot.engine.brokers.ib.check.PATIENCE_S", 1)
    url = f"http://127.0.0.1:{NOBODY}"
    account(home, venue, f'base_url = "{url}"' if where == "base_url" else f"port = {NOBODY}")
    keep(monkeypatch, {"url": url, "key": "k", "secret": "s"})
    ran = tradebot("doctor", venue, "--json")
    assert ran.code == 1
    assert f"127.0.0.1:{NOBODY}" in ran.out
