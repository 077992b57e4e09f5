"""A running engine, looked at from Python: it answers questions and takes no orders."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, override

import msgspec

from tradebot.engine.control.client import ControlClient, EngineAddress
from tradebot.engine.control.health import HealthFacts
from tradebot.engine.control.messages_facts import (
    AccountFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    Status,
)
from tradebot.engine.control.messages_house import DecisionView, HouseView
from tradebot.engine.control.sleeves import SleeveListing
from tradebot.engine.home import engine_folder
from tradebot.engine.state_folder import control_socket

if TYPE_CHECKING:
    import polars as pl

FILLS_MAX = 10_000
"""Most fills that are asked for at once."""


class Attached:
    """A running engine; read-only. Each question is one request; nothing is kept between them.

    Every method raises `control.client.EngineUnreachable` where nobody answers.
    """

    def __init__(self, address: EngineAddress) -> None:
        self._client = ControlClient(address)
        self._label = address.label
        self._client.__enter__()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def close(self) -> None:
        """Let go of the connection; the engine goes on."""
        self._client.__exit__(None, None, None)

    @property
    def status(self) -> Status:
        """Return what it holds and whether it is well."""
        return self._client.status()

    @property
    def health(self) -> HealthFacts:
        """Return feeds, streams, clock, journal and queues."""
        return self._client.health()

    @property
    def house(self) -> HouseView:
        """Return the house's books."""
        return self._client.house()

    @property
    def accounts(self) -> list[AccountFacts]:
        """Return cash and equity by account."""
        return self._client.accounts()

    @property
    def positions(self) -> list[PositionFacts]:
        """Return positions by account, instrument and owner."""
        return self._client.positions()

    @property
    def sleeves(self) -> list[SleeveListing]:
        """Return the sleeves: state, version, capital, last decision."""
        return self._client.sleeves.listing()

    def orders(self, *, working_only: bool = True) -> list[OrderFacts]:
        """Return orders and their states."""
        return self._client.orders(working_only=working_only)

    def fills(self, limit: int = 1_000) -> list[FillFacts]:
        """Return the newest fills, at most `limit`, in [1, 10000].

        Raises:
            ValueError: If the limit is out of its bounds.
        """
        if not 1 <= limit <= FILLS_MAX:
            raise ValueError(f"limit must be in [1, {FILLS_MAX}], was {limit}")
        return self._client.fills(limit)

    def why(self, sleeve: str, limit: int = 20) -> list[DecisionView]:
        """Return what a sleeve decided last and why, refusals of the gate joined to it."""
        return self._client.sleeves.decisions(sleeve, limit)

    def frame(self, what: Literal["orders", "fills", "positions"]) -> "pl.DataFrame":
        """Return facts as a Polars frame; money, prices and quantities stay exact, as text."""
        rows: Sequence[msgspec.Struct]
        match what:
            case "orders":
                rows = self.orders(working_only=False)
            case "fills":
                rows = self.fills(FILLS_MAX)
            case "positions":
                rows = self.positions
        return _frame(rows)

    @override
    def __repr__(self) -> str:
        return f"<{self._label}, read-only>"


def attach(url: str | None = None, *, name: str = "main", token: str | None = None) -> Attached:
    """Return a running engine to look at.

    Args:
        url: `http://127.0.0.1:PORT` of its TCP address; None: the socket of the engine of that name on this machine.
        name: The engine's name; only without a url.
        token: Of a TCP address; a read-only one is enough (`tradebot token add NAME --kind read-only`).

    Raises:
        EngineUnreachable: If nobody answers.
        ApiMismatch: If the engine is of another version.
        ValueError: If the name cannot be one.
    """
    if url is not None:
        return Attached(EngineAddress(label=f"engine at {url}", url=url, token=token))
    socket = control_socket(engine_folder(name))
    return Attached(EngineAddress(label=f"engine {name!r}", socket=socket))


def _frame(rows: Sequence[msgspec.Struct]) -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame([msgspec.to_builtins(row) for row in rows], infer_schema_length=None)
