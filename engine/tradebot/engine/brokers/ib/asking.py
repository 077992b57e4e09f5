"""What must be known of a Gateway before an engine starts: its account, contracts and newest minutes."""

import asyncio
import re
from collections.abc import Sequence

import msgspec
from ib_async.contract import Contract

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.data.venues.ib.contracts import Details, Wanted, instrument_of
from tradebot.data.venues.ib.market import bar
from tradebot.engine.brokers.hours import hours_of
from tradebot.engine.brokers.ib.connection import Connection
from tradebot.engine.brokers.ib.setting import Listed
from tradebot.engine.brokers.ib.words import BarSaid, ContractSaid, Ended, ErrorSaid, Ready, Said
from tradebot.engine.brokers.sockets import SocketsOutside, http_client
from tradebot.engine.core.hours import Hours
from tradebot.engine.core.types import MINUTE, SECOND
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.markets import Candle

PATIENCE_S = 20
"""Longest start-up, in seconds."""

_NO_CONTRACT = 200
_NO_BARS = 162
_HOURS = "7200 S"
_WHOLE_DAY = re.compile(r"(\d{8}):0000-\1:2359")


class CannotAsk(Exception):  # noqa: N818  (what happened)
    """The Gateway did not tell what a start needs; the text says why."""

    def __init__(self, text: str, *, wrong: bool = False) -> None:
        super().__init__(text)
        self.wrong = wrong
        """Whether what was asked for is at fault, not the way to the venue."""


class GatewayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the Gateway told."""

    code: str
    """The account's name at the venue; the first one of the login."""
    listed: tuple[Listed, ...]
    order_types: tuple[str, ...]
    """Of each contract, as its details name them."""
    history: dict[InstrumentId, list[Candle]]
    hours: tuple[Hours, ...] = ()
    """Sessions of the stocks, by their exchanges' calendars."""


def around_the_clock(hours: str) -> bool:
    """Return whether a contract's hours, `20260302:0000-20260302:2359;...`, leave nothing out."""
    days = [day for day in hours.split(";") if day]
    return bool(days) and all(_WHOLE_DAY.fullmatch(day) for day in days)


class Questions:
    """Asks everything on one connection; told by `Connection`."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        done: asyncio.Future[GatewayTerms],
        now: int = 0,
        *,
        once: bool = False,
    ) -> None:
        self.connection: Connection | None = None
        self._wanted = wanted
        self._done = done
        self._now = now
        self._once = once
        self._code = ""
        self._asked: dict[int, Wanted] = {}
        self._told: dict[int, list[ContractSaid]] = {}
        self._found: dict[str, tuple[Listed, str]] = {}
        self._with_sessions: list[Instrument] = []
        self._bars_of: dict[int, Instrument] = {}
        self._history: dict[InstrumentId, list[Candle]] = {}
        self.reason = ""

    def _need(self) -> Connection:
        if self.connection is None:
            raise LookupError("set the connection first")
        return self.connection

    def ready(self, word: Ready) -> None:
        """Ask for the contracts."""
        self._code = word.accounts[0]
        self._asked.clear()
        for one in self._wanted:
            number = self._need().number()
            self._asked[number] = one
            contract = Contract(
                symbol=one.symbol,
                secType=one.kind,
                exchange=one.exchange,
                primaryExchange=one.primary,
                currency=one.currency,
            )
            self._need().ask.reqContractDetails(number, contract)

    def lost(self, reason: str) -> None:
        """Remember why; the connection is dialled again, unless nobody listens and it was to be tried once."""
        self.reason = reason
        if self._once and not self._need().reached and not self._done.done():
            self._done.set_exception(CannotAsk(f"nobody listens: {reason}"))

    def malformed(self, reason: str) -> None:
        """Remember what could not be read."""
        self.reason = reason

    def said(self, word: Said) -> None:
        """Take an answer."""
        match word:
            case ContractSaid():
                self._told.setdefault(word.request, []).append(word)
            case Ended(what="contracts") if word.request in self._asked:
                self._settle(self._asked.pop(word.request), self._told.pop(word.request, []))
            case BarSaid() if word.request in self._bars_of:
                self._take_bar(self._bars_of[word.request], word)
            case Ended(what="bars"):
                self._bars_of.pop(word.request, None)
                self._end()
            case ErrorSaid():
                self._refused(word)
            case _:
                pass

    def _refused(self, word: ErrorSaid) -> None:
        if word.request in self._bars_of and word.code == _NO_BARS:
            self._bars_of.pop(word.request)  # a chart that begins empty
            self._end()
        elif word.request in self._asked:
            asked = self._asked[word.request]
            self._fail(f"IB has no contract ib:{asked.spelled}: {word.code} {word.text}")

    def _fail(self, text: str) -> None:
        if not self._done.done():
            self._done.set_exception(CannotAsk(text, wrong=True))

    def _settle(self, asked: Wanted, told: list[ContractSaid]) -> None:
        if len(told) != 1:
            names = ", ".join(f"{one.symbol}@{one.primary}.{one.currency}" for one in told)
            self._fail(f"ib:{asked.spelled} must be one contract, was {names or 'none'}")
            return
        (one,) = told
        details = Details(
            con_id=one.con_id,
            kind=one.kind,
            symbol=one.symbol,
            exchange=one.exchange,
            primary=one.primary,
            currency=one.currency,
            tick=one.tick,
            least=one.least,
            step=one.step,
        )
        try:
            instrument = instrument_of(asked, details)
        except ValueError as error:
            self._fail(str(error))
            return
        listed = Listed(instrument=instrument, con_id=one.con_id, exchange=one.exchange)
        self._found[asked.spelled] = (listed, one.order_types)
        if not around_the_clock(one.hours):
            self._with_sessions.append(instrument)
        number = self._need().number()
        self._bars_of[number] = instrument
        contract = Contract(conId=one.con_id, exchange=one.exchange)
        self._need().ask.reqHistoricalData(
            number,
            contract,
            "",
            _HOURS,
            "1 min",
            "TRADES",
            0,
            2,
            False,  # noqa: FBT003  (ib_async's argument)
            [],
        )

    def _take_bar(self, instrument: Instrument, word: BarSaid) -> None:
        try:
            start = int(word.date) * SECOND
            one = bar(
                instrument,
                start=start,
                span_ns=MINUTE,
                prices=(word.open, word.high, word.low, word.close),
                volume=word.volume,
                trades=word.count,
                now=start,
            )
        except ValueError as error:
            self.malformed(str(error))
            return
        candle = Candle(start, one.open, one.high, one.low, one.close, one.volume)
        self._history.setdefault(instrument.id, []).append(candle)

    def _end(self) -> None:
        if self._asked or self._bars_of or len(self._found) < len(self._wanted):
            return
        if not self._done.done():
            found = [self._found[one.spelled] for one in self._wanted]
            self._done.set_result(
                GatewayTerms(
                    code=self._code,
                    listed=tuple(listed for listed, _ in found),
                    order_types=tuple(types for _, types in found),
                    history=self._history,
                    hours=hours_of(self._with_sessions, self._now),
                )
            )


async def ask_terms(
    url: str,
    client_id: int,
    wanted: Sequence[Wanted],
    clock: Clock,
    *,
    patience: float = PATIENCE_S,
    once: bool = False,
) -> GatewayTerms:
    """Ask a Gateway for its account, some contracts and their newest minutes.

    Args:
        url: `tcp://host:port`.
        client_id: Which no other connection uses.
        wanted: Contracts, at least one.
        clock: The machine's.
        patience: How long it is tried, seconds: a Gateway may be restarting, or still hold an id of ours.
        once: Give up at once where nobody listens at all.

    Raises:
        CannotAsk: If nobody answers, or there is no such contract.
    """
    async with http_client() as http:
        done: asyncio.Future[GatewayTerms] = asyncio.get_running_loop().create_future()

        def crashed(error: Exception) -> None:
            if not done.done():
                done.set_exception(error)

        outside = SocketsOutside(clock, http, crashed)
        questions = Questions(wanted, done, clock.system_ns(), once=once)
        connection = Connection(url, client_id, outside, questions)
        questions.connection = connection
        connection.start()
        try:
            async with asyncio.timeout(patience):
                return await done
        except TimeoutError as error:
            why = questions.reason or "no answer"
            raise CannotAsk(f"nobody to ask at {url} within {patience:g} s: {why}") from error
        finally:
            connection.stop()
            outside.close()
