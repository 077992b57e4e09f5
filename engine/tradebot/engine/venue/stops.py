"""Stops the native venue holds: what sets them off, and how trailing ones follow."""

from decimal import Decimal

import msgspec

from tradebot.data.events import AnyMarketEvent, Trade
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.held import follows, reached
from tradebot.engine.core.types import ClientOrderId
from tradebot.engine.venue.log import Accepted


class WaitingStop(msgspec.Struct, frozen=True):
    """A stop that has not been set off."""

    accepted: Accepted
    trigger: int
    """Where it stands, in price units; a trailing one moves."""


class StopBook:
    """Every stop that waits, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[ClientOrderId, WaitingStop] = {}
        self._last: dict[InstrumentId, int] = {}
        """Last trade by instrument, in price units."""

    def __contains__(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._waiting

    def add(self, accepted: Accepted, trigger: int) -> None:
        """Let a stop wait."""
        self._waiting[accepted.client_order_id] = WaitingStop(accepted, trigger)

    def remove(self, client_order_id: ClientOrderId) -> WaitingStop | None:
        """Take a stop out; None where it does not wait."""
        return self._waiting.pop(client_order_id, None)

    def waits(self, instrument: InstrumentId) -> bool:
        """Return whether any stop of an instrument waits."""
        return any(stop.accepted.instrument == instrument for stop in self._waiting.values())

    def levels(self, instrument: InstrumentId) -> list[int]:
        """Return where the stops of an instrument stand, in price units."""
        return [s.trigger for s in self._waiting.values() if s.accepted.instrument == instrument]

    def saw(self, event: AnyMarketEvent) -> None:
        """Remember the last trade: it is what sets stops off."""
        if isinstance(event, Trade):
            self._last[event.instrument] = event.price

    def price(
        self, instrument: InstrumentId, touch: tuple[int | None, int | None]
    ) -> Decimal | None:
        """Return what stops of an instrument are held against, in price units: the last trade, else mid."""
        last = self._last.get(instrument)
        if last is not None:
            return Decimal(last)
        bid, ask = touch
        return None if bid is None or ask is None else Decimal(bid + ask) / 2

    def move(self, instrument: InstrumentId, price: Decimal, tick: int) -> list[WaitingStop]:
        """Let trailing stops follow a price; return those that moved, as they stand now."""
        moved: list[WaitingStop] = []
        for key, stop in self._waiting.items():
            taken = stop.accepted
            if taken.instrument != instrument or taken.trail is None:
                continue
            trigger = follows(taken.side, stop.trigger, taken.trail, price, tick)
            if trigger != stop.trigger:
                moved.append(WaitingStop(taken, trigger))
                self._waiting[key] = moved[-1]
        return moved

    def reached(self, instrument: InstrumentId, price: Decimal) -> list[WaitingStop]:
        """Return the stops of an instrument that a price sets off, oldest first."""
        return [
            stop
            for stop in self._waiting.values()
            if stop.accepted.instrument == instrument
            and reached(stop.accepted.side, stop.trigger, price)
        ]
