"""The invented market: seeded walks with gaps, silent spells and feeds that go down."""

from tradebot.data.events import AnyMarketEvent, BookSnapshot, FeedGap, Level, Trade
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import FeedChanged
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.instruments import ALPHA, INSTRUMENTS, START_PRICE
from tradebot.engine.simulation.plan import Plan, generator

LEVELS = 3
"""Levels of a book that are shown."""

WIDE = 400
"""A spread of 2 / WIDE of mid is just `Limits.wide_spread`, 0.5 %."""

FAR = 10**19
"""An instant that never comes: the market is silent, and not over."""


class SimulatedMarket:
    """A feed of all instruments; the venue sees each move before the engine does."""

    def __init__(self, plan: Plan, faults: Faults, exchange: Exchange, agenda: Agenda) -> None:
        self._chance = generator(plan.seed, "market")
        self._faults = faults
        self._exchange = exchange
        self._agenda = agenda
        self._mids = dict(START_PRICE)
        self._turn = 0
        self._next = FAR
        self._broken: set[InstrumentId] = set()
        """Instruments whose next word must be a whole book."""
        self._still_until = 0
        self._wide_until = 0

    @property
    def description(self) -> str:
        """Return what feeds the engine, in words."""
        return "simulated"

    def speak(self) -> None:
        """Begin to tell of the market, with a whole book of each instrument."""
        self._broken = {instrument.id for instrument in INSTRUMENTS}
        self._next = self._agenda.now + 10 * MS

    def hold_still(self, span: int) -> None:
        """Let prices stay where they are for a span of ns, so that a figure can be hit exactly."""
        self._still_until = self._agenda.now + span

    def open_wide(self, span: int) -> None:
        """Let ALPHA's spread be just the share of mid at which the wide collar does not hold yet, for a span of ns."""
        self._wide_until = self._agenda.now + span

    def fall_silent(self) -> None:
        """Say nothing until told to speak."""
        self._next = FAR

    @property
    def over(self) -> bool:
        """Return False: this market never ends."""
        return False

    def next_time(self) -> int | None:
        """Return when the next news is due, ns UTC; None while the market is silent."""
        return None if self._next == FAR else self._next

    def advance(self, now: int) -> list[AnyMarketEvent]:
        """Let one instrument move."""
        chance, faults = self._chance, self._faults
        self._agenda.reach(now)
        self._exchange.now = self._agenda.now
        self._turn += 1
        instrument = INSTRUMENTS[self._turn % len(INSTRUMENTS)]
        pause = chance.randint(60, 260) * MS
        if faults.strike("gap"):
            self._broken.add(instrument.id)
            self._next = now + (3 * SECOND if chance.random() < 0.3 else pause)
            return [
                FeedGap(
                    instrument=instrument.id, ts_event=now, ts_recv=now, expected_id=1, got_id=3
                )
            ]
        self._next = now + pause
        bids, asks = self._move(instrument)
        self._exchange.on_book(instrument.id, list(bids), list(asks))
        return self._news(instrument, now, bids, asks)

    def _move(self, instrument: Instrument) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        chance = self._chance
        tick = instrument.rules_at(0).tick
        start = START_PRICE[instrument.id]
        mid = self._mids[instrument.id]
        still = self._agenda.now < self._still_until
        if not still:
            step = chance.choice([0, 0, 1, 1, 2, 3, 5]) * chance.choice([-1, 1])
            if chance.random() < 0.01:
                step *= 20  # the price opens somewhere else
            mid = min(max(mid + step * 2 * tick, start * 7 // 10), start * 13 // 10)
            mid -= mid % (2 * tick)
        half = tick * (1 if still else chance.choice([1, 1, 1, 2, 4]))
        if self._agenda.now < self._wide_until and instrument is ALPHA:
            mid = round(mid / WIDE) * WIDE
            half = mid // WIDE
        self._mids[instrument.id] = mid
        size = START_PRICE[instrument.id] * chance.choice([1, 4, 10, 40]) // 2
        bids = tuple((mid - half - tick * depth, size * (1 + depth)) for depth in range(LEVELS))
        asks = tuple((mid + half + tick * depth, size * (1 + depth)) for depth in range(LEVELS))
        return bids, asks

    def _news(
        self,
        instrument: Instrument,
        now: int,
        bids: tuple[Level, ...],
        asks: tuple[Level, ...],
    ) -> list[AnyMarketEvent]:
        key = instrument.id
        news: list[AnyMarketEvent] = [
            BookSnapshot(instrument=key, ts_event=now, ts_recv=now, bids=bids, asks=asks)
        ]
        self._broken.discard(key)
        if self._chance.random() < 0.15:
            taker = 1 if self._chance.random() < 0.5 else -1
            price = asks[0][0] if taker > 0 else bids[0][0]
            news.append(
                Trade(
                    instrument=key,
                    ts_event=now,
                    ts_recv=now,
                    price=price,
                    quantity=1,
                    aggressor=taker,
                )
            )
        return news

    def last_prices(self) -> dict[InstrumentId, int]:
        """Return the middle of each book, in units."""
        return dict(self._mids)

    def feeds_up(self) -> list[FeedChanged]:
        """Return what a feed says when it has connected."""
        return [FeedChanged(instrument=instrument.id, state="up") for instrument in INSTRUMENTS]
