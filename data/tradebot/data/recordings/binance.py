"""Binance recordings, whatever their line format: surveyed once for scales, then read as messages in integer units."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tradebot.data.errors import ScaleError
from tradebot.data.events import Level
from tradebot.data.numbers import NumberSurvey, units_from_text
from tradebot.data.recordings.problems import Problems
from tradebot.data.recordings.timed import LineParser, TimedLine, timed_lines
from tradebot.data.venues.binance.depth import Diff, Snapshot
from tradebot.data.venues.binance.messages import (
    AggregateTrade,
    BookTicker,
    DepthDiff,
    DepthReply,
    Message,
    TextLevel,
    TradePrint,
    decode,
)

_MILLISECOND_NS = 1_000_000


class Market(NamedTuple):
    """One symbol of spot or of futures: both have a BTCUSDT, with ids of their own."""

    kind: Literal["spot", "futures"]
    symbol: str


class Ticker(NamedTuple):
    """Best bid and ask after one update, in integer units."""

    file: str
    line: int
    ts_event: int
    ts_recv: int
    update_id: int
    bid: Level
    ask: Level


class Print(NamedTuple):
    """One public trade in integer units."""

    file: str
    line: int
    ts_event: int
    ts_recv: int
    price: int
    quantity: int
    aggressor: Literal[1, -1]
    trade_id: int


class MarketFacts:
    """What a survey learned about one market."""

    def __init__(self) -> None:
        self.prices = NumberSurvey()
        self.quantities = NumberSurvey()
        self.diffs = 0
        self.trades = 0
        self.aggregates = 0
        self.snapshots = 0
        self.first_id = 2**63
        self.last_id = 0

    def freeze(self) -> "MarketScales":
        """Return what readers need of it."""
        price_scale, quantity_scale = self.prices.scale(), self.quantities.scale()
        return MarketScales(
            price_scale=price_scale,
            quantity_scale=quantity_scale,
            price_step=self.prices.step(price_scale),
            quantity_step=self.quantities.step(quantity_scale),
            has_snapshot=self.snapshots > 0,
            has_trades=self.trades > 0,
        )

    def id_distance(self, update_id: int) -> int:
        """Return how far an update id lies outside of the diffs' ids; 0 inside."""
        return max(0, self.first_id - 1 - update_id, update_id - self.last_id)


class MarketScales(NamedTuple):
    """Scales and steps of one market's numbers, and what its recording holds."""

    price_scale: int
    quantity_scale: int
    price_step: int
    quantity_step: int
    has_snapshot: bool
    has_trades: bool


class BinanceRecording:
    """Files of one recording, merged by receive time.

    Args:
        paths: The files, web socket and REST.
        parser: How a line is taken apart.
    """

    def __init__(self, paths: Sequence[Path], parser: LineParser) -> None:
        self._paths = tuple(paths)
        self._parser = parser
        self.markets: dict[Market, MarketScales] = {}
        """What was found, by market; filled by `survey`."""
        self._owners: dict[tuple[str, int], Market] = {}

    def survey(self) -> None:
        """Read everything once: markets, scales, and which market each REST snapshot belongs to.

        Raises:
            OSError: If a file cannot be read.
        """
        facts: dict[Market, MarketFacts] = {}
        replies: list[tuple[TimedLine, DepthReply]] = []
        for line, message in self._messages(Problems()):
            if isinstance(message, DepthReply):
                replies.append((line, message))
                continue
            market = market_of(message)
            if market not in facts:
                facts[market] = MarketFacts()
            _note(facts[market], message)
        for line, reply in replies:
            owner = _owner(line, reply, facts)
            if owner is None:
                continue
            self._owners[line.file, line.number] = owner
            facts[owner].snapshots += 1
            _note_levels(facts[owner].prices, facts[owner].quantities, reply)
        self.markets = {market: found.freeze() for market, found in facts.items()}

    def read(self, problems: Problems) -> Iterator[tuple[Market, Diff | Snapshot | Ticker | Print]]:
        """Yield every message in integer units, in order of receive time; `survey` comes first.

        Lines that cannot be read or whose numbers do not fit are counted as malformed.

        Raises:
            OSError: If a file cannot be read.
        """
        for line, message in self._messages(problems):
            if isinstance(message, DepthReply):
                market = self._owners.get((line.file, line.number))
            else:
                market = market_of(message)
            scales = None if market is None else self.markets.get(market)
            if market is None or scales is None or not _wanted(message, scales):
                problems.ignored += 1
                continue
            try:
                yield market, _in_units(line, message, scales)
            except ScaleError as error:
                problems.malformed.add(line.file, line.number, str(error))

    def _messages(self, problems: Problems) -> Iterator[tuple[TimedLine, Message]]:
        for line in self._lines(problems):
            try:
                message = decode(line.payload)
            except ValueError as error:
                problems.malformed.add(line.file, line.number, str(error))
                continue
            if message is None:
                problems.ignored += 1
            else:
                yield line, message

    def _lines(self, problems: Problems) -> Iterable[TimedLine]:
        files = [timed_lines(path, self._parser, problems) for path in self._paths]
        return files[0] if len(files) == 1 else heapq.merge(*files, key=lambda line: line.ts_recv)


def market_of(message: DepthDiff | BookTicker | TradePrint | AggregateTrade) -> Market:
    """Return the market of a message: only futures have `pu`, a ticker's `T`, a trade's `X`."""
    match message:
        case DepthDiff():
            futures = message.previous_id is not None
        case BookTicker():
            futures = message.transaction_ms is not None
        case TradePrint():
            futures = message.origin is not None
        case AggregateTrade():
            futures = message.best_match is None
    return Market("futures" if futures else "spot", message.symbol)


def _note(facts: MarketFacts, message: Message) -> None:
    match message:
        case DepthDiff():
            facts.diffs += 1
            facts.first_id = min(facts.first_id, message.first_id)
            facts.last_id = max(facts.last_id, message.last_id)
            _note_levels(facts.prices, facts.quantities, message)
        case BookTicker():
            facts.prices.add((message.bid_price, message.ask_price))
            facts.quantities.add((message.bid_quantity, message.ask_quantity))
        case TradePrint() | AggregateTrade():
            facts.trades += isinstance(message, TradePrint)
            facts.prices.add((message.price,))
            facts.quantities.add((message.quantity,))
        case DepthReply():
            pass


def _note_levels(
    prices: NumberSurvey, quantities: NumberSurvey, message: DepthDiff | DepthReply
) -> None:
    for levels in (message.bids, message.asks):
        prices.add([price for price, _ in levels])
        quantities.add([quantity for _, quantity in levels])


def _owner(line: TimedLine, reply: DepthReply, facts: dict[Market, MarketFacts]) -> Market | None:
    """Return the market of a REST snapshot: the one its URL names, else the one whose ids fit best.

    Only futures replies carry `T`; it decides where ids do not.
    """
    kind = "spot" if reply.transaction_ms is None else "futures"
    named = parse_qs(urlsplit(line.url).query).get("symbol", [""])[0].upper()
    candidates = [market for market in facts if not named or market.symbol.upper() == named]
    candidates = [market for market in candidates if facts[market].diffs]
    if not candidates:
        return None
    return min(
        candidates,
        key=lambda market: (
            facts[market].id_distance(reply.last_id),
            market.kind != kind,
            -facts[market].diffs,
        ),
    )


def _wanted(message: Message, scales: MarketScales) -> bool:
    """Leave out aggregates where single trades are recorded, and what did not trade in the market."""
    if isinstance(message, AggregateTrade):
        return not scales.has_trades
    return not isinstance(message, TradePrint) or message.origin in {None, "MARKET"}


def _in_units(
    line: TimedLine, message: Message, scales: MarketScales
) -> Diff | Snapshot | Ticker | Print:
    price_scale, quantity_scale = scales.price_scale, scales.quantity_scale
    file, number, ts_recv = line.file, line.number, line.ts_recv
    match message:
        case DepthDiff():
            ids = (message.first_id, message.last_id, message.previous_id)
            if message.first_id > message.last_id:
                raise ScaleError(f"first id must be at most last id, was {ids[0]} > {ids[1]}")
            bids = _levels(message.bids, scales)
            asks = _levels(message.asks, scales)
            ts_event = _ts_event(message.event_ms, message.transaction_ms)
            return Diff(file, number, ts_event, ts_recv, *ids, bids, asks)
        case DepthReply():
            bids, asks = _levels(message.bids, scales), _levels(message.asks, scales)
            ts_event = ts_recv
            if message.transaction_ms is not None:
                ts_event = message.transaction_ms * _MILLISECOND_NS
            return Snapshot(file, number, ts_event, ts_recv, message.last_id, bids, asks)
        case BookTicker():
            bid = (
                units_from_text(message.bid_price, price_scale),
                units_from_text(message.bid_quantity, quantity_scale),
            )
            ask = (
                units_from_text(message.ask_price, price_scale),
                units_from_text(message.ask_quantity, quantity_scale),
            )
            ts_event = ts_recv
            if message.event_ms is not None:
                ts_event = _ts_event(message.event_ms, message.transaction_ms)
            return Ticker(file, number, ts_event, ts_recv, message.update_id, bid, ask)
        case TradePrint() | AggregateTrade():
            return Print(
                file,
                number,
                message.trade_ms * _MILLISECOND_NS,
                ts_recv,
                units_from_text(message.price, price_scale),
                units_from_text(message.quantity, quantity_scale),
                -1 if message.buyer_is_maker else 1,
                message.trade_id,
            )


def _ts_event(event_ms: int, transaction_ms: int | None) -> int:
    """Return the venue's time in ns: when it happened if said, else when it was sent."""
    return (event_ms if transaction_ms is None else transaction_ms) * _MILLISECOND_NS


def _levels(levels: list[TextLevel], scales: MarketScales) -> list[Level]:
    price_scale, quantity_scale = scales.price_scale, scales.quantity_scale
    converted = [
        (units_from_text(price, price_scale), units_from_text(quantity, quantity_scale))
        for price, quantity in levels
    ]
    if any(price == 0 for price, _ in converted):
        raise ScaleError("price of a level must be > 0, was 0")
    return converted
