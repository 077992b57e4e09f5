"""The recordings a run is about: what of them it sees, and the market they make under the run's rules."""

import heapq
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from tradebot.data.datasets import span_ns_of
from tradebot.data.errors import DataError
from tradebot.data.events import AnyMarketEvent
from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.manifest import Manifest
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.markets import Market, ReplayMarket
from tradebot.engine.live.options import RunOptions
from tradebot.engine.live.sandbox import Setting, VenueTerms
from tradebot.engine.trial.bar_market import BarMarket
from tradebot.engine.trial.costs import commission
from tradebot.engine.trial.delays import Delays, delays, queue
from tradebot.engine.trial.rules import Fill, Rules
from tradebot.engine.trial.sleeves import symbols_of
from tradebot.engine.trial.trial import Trial, defaults
from tradebot.engine.venue.price_book import PriceBook
from tradebot.native import Venue

LOOK_EVERY = 0
"""A run's account is not looked at by the clock: a day's bars would be mostly looking."""


class Recording:
    """The part of the datasets that a run sees.

    Raises:
        CannotRun: If one is not there, has not the symbols, or has nothing in the span.
    """

    def __init__(self, trial: Trial, store: Path) -> None:
        self._store = Store(store)
        self._trial = trial
        try:
            self._manifests = [self._store.show(name) for name in trial.datasets]
        except DataError as error:
            raise CannotRun(str(error), 3) from error
        known = {i.id: i for manifest in self._manifests for i in manifest.instruments}
        config = trial.config
        traded = trial.symbols or (tuple(known)[:1] if config is None else symbols_of(config))
        wanted = tuple(dict.fromkeys((*traded, *_priced_by(trial))))
        missing = [symbol for symbol in wanted if symbol not in known]
        if missing:
            names = ", ".join(known)
            raise CannotRun(f"dataset {trial.dataset} has no {missing[0]}; it has {names}", 2)
        self.instruments: tuple[Instrument, ...] = tuple(known[InstrumentId(i)] for i in wanted)
        self.traded = self.instruments[: len(traded)]
        """What the run trades; the rest only says what currencies are worth."""
        self.fill: Fill = self._fill(trial.rules)
        self.sha256 = _together(self._manifests)
        self.first = self.last = self.events = 0

    @property
    def currency(self) -> str:
        """Return the account's currency."""
        config = self._trial.config
        configured = None if config is None else config.engine.currency
        return self._trial.currency or configured or self.instruments[0].currency

    @property
    def longest_span(self) -> int:
        """Return the longest span of its bars, ns; 0 without bars."""
        kinds = (kind for _, kind in self._kinds() if kind.startswith("bars-"))
        return max((span_ns_of(kind) for kind in kinds), default=0)

    @property
    def has_bars(self) -> bool:
        """Return whether any of what is run on is bars."""
        return any(kind.startswith("bars-") for _, kind in self._kinds())

    def setting(self) -> Setting:
        """Return the native venue with the recording as its market, under the run's rules."""
        trial, rules = self._trial, self._trial.rules
        options = RunOptions(
            name=trial.name,
            market=f"replay:{trial.dataset}",
            speed="max",
            seed=trial.seed,
            listen=None,
            until_consoles_leave=False,
            at_end="stop",
            config=defaults(),
        )
        if self.fill == "book":
            native = Venue()
            model = queue("risk-averse" if rules is None else rules.queue)
            for index in range(len(self.instruments)):
                native.add_recorded(index, model.model, model.power)
            terms = VenueTerms() if rules is None else self._terms(rules, delays(rules.latency))
            return Setting(options, self.instruments, native, self._replayed, terms)
        rules = Rules(name="default") if rules is None else rules
        book = PriceBook(
            len(self.instruments),
            at_open=self.fill == "next-open",
            sized=self.fill == "touch",
            slippage=rules.slippage,
        )
        return Setting(
            options,
            self.instruments,
            book,
            lambda stood, _: self._walked(book, stood),
            self._terms(rules, delays("none")),
        )

    def _terms(self, rules: Rules, on_the_way: Delays) -> VenueTerms:
        return VenueTerms(
            fees=commission(rules.commission),
            latency=on_the_way.orders,
            feed=on_the_way.feed,
            report_every=LOOK_EVERY,
            opening_cash=self._trial.capital,
            besides=self._trial.besides,
        )

    def _fill(self, rules: Rules | None) -> Fill:
        """Return how orders fill: as the rules say, else by what the data has."""
        kinds = {kind for _, kind in self._kinds()}
        if rules is not None and rules.fill is not None:
            if rules.fill == "book" and "book" not in kinds and "trades" not in kinds:
                raise CannotRun(
                    f"fill must not be book on {', '.join(sorted(kinds))}: there is no book in it; "
                    "next-open, this-close or quote",
                    2,
                )
            return rules.fill
        if rules is None or "book" in kinds or "trades" in kinds:
            return "book"
        return "quote" if "quotes" in kinds else "next-open"

    def _kinds(self) -> list[tuple[InstrumentId, str]]:
        wanted = {instrument.id for instrument in self.instruments}
        return [
            (file.instrument, file.kind)
            for manifest in self._manifests
            for file in manifest.files
            if file.instrument in wanted
        ]

    def _replayed(self, stood: int, _: dict[InstrumentId, int]) -> Market:
        return ReplayMarket(self._seen(stood), self._trial.dataset)

    def _walked(self, book: PriceBook, stood: int) -> Market:
        return BarMarket(
            self._seen(stood),
            self._trial.dataset,
            book,
            {instrument.id: index for index, instrument in enumerate(self.instruments)},
            longest_span=self.longest_span,
            quoted=frozenset(i for i, kind in self._kinds() if not kind.startswith("bars-")),
        )

    def _seen(self, stood: int) -> Iterator[AnyMarketEvent]:
        trial = self._trial
        wanted = {instrument.id for instrument in self.instruments}
        begin = max(stood + 1 if stood else 0, trial.start or 0) or None
        streams = [
            replay(self._store, name, start=begin, end=trial.until) for name in trial.datasets
        ]
        for event in heapq.merge(*streams, key=lambda event: event.ts_recv):
            if event.instrument in wanted:
                self.first = self.first or event.ts_recv
                self.last = event.ts_recv
                self.events += 1
                yield event


def rates_of(trial: Trial) -> dict[str, str]:
    """Return what currencies are worth in the account's: the configuration's, and the trial's own instead of them."""
    return ({} if trial.config is None else dict(trial.config.rates)) | dict(trial.rates)


def _priced_by(trial: Trial) -> tuple[str, ...]:
    """Return the instruments whose price is a rate."""
    return tuple(rate for rate in rates_of(trial).values() if ":" in rate)


def _together(manifests: Sequence[Manifest]) -> str:
    """Return one hash for all datasets of a run."""
    hashed = [sha256(msgspec.json.encode(m, order="deterministic")).hexdigest() for m in manifests]
    return hashed[0] if len(hashed) == 1 else sha256("".join(hashed).encode()).hexdigest()
