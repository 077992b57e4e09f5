"""Clients, tokens and a clock by hand, for tests of who comes in."""

import asyncio
import secrets
from pathlib import Path

import httpx
from litestar.types import ASGIApp

from tradebot.engine.control.addresses import Addresses
from tradebot.engine.control.application import Served, make_app
from tradebot.engine.control.clients import Clients
from tradebot.engine.control.engine import ControlledEngine
from tradebot.engine.control.gate import Gate
from tradebot.engine.control.limits import Buckets, Limits, Rate
from tradebot.engine.control.rights import TokenKind
from tradebot.engine.control.routes import ROUTES
from tradebot.engine.control.streams import Pace
from tradebot.engine.control.tokens import TokenStore, add_token

NOW = 1_795_363_200_000_000_000


class HandClock:
    """Both clocks stand still until they are moved."""

    def __init__(self) -> None:
        self.ns = 0

    def system_ns(self) -> int:
        return NOW + self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.ns += int(seconds * 1e9)


def open_app(engine: ControlledEngine, tokens: TokenStore | None = None) -> ASGIApp:
    """Return the application behind a gate without a socket; without tokens everybody comes in."""
    always = Rate(1e9, 1e9)
    limits = Limits(socket=always, stop=always, token=always, stranger=always)
    clock = HandClock()
    gate = Gate(
        clock=clock,
        buckets=Buckets(limits, clock),
        addresses=Addresses(ROUTES),
        tokens=tokens,
    )
    served = Served(
        engine=engine,
        clients=Clients(clock, engine.client_dropped),
        gate=gate,
        limits=limits,
        pace=Pace(),
        closing=asyncio.Event(),
    )
    return gate.guard(make_app(served, ROUTES))


def socket_client(path: Path) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    return httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=10)


def tcp_client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)


def bearer(
    folder: Path, kind: TokenKind, name: str | None = None, *, expires: int | None = None
) -> dict[str, str]:
    """Make a token; return the header that carries it."""
    text = add_token(
        folder, name or kind, kind, expires=expires, now=NOW, entropy=secrets.token_bytes
    )
    return {"authorization": f"Bearer {text}"}
