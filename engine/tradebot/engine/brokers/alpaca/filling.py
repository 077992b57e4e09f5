"""Never miss a fill: one stream, and REST asked for what it may have missed.

After every subscribe the fills since the watermark are asked for while what the stream tells waits; then it is live.
While live the same question comes again and again (a sweep), at once where an order's fills do not add up to what the
venue says is filled of it. What a sweep finds that the stream should have told means a mute stream: it is opened anew.
The watermark moves on only when such a walk is through, and every walk begins some way before it; each execution
counts once, by its id, whoever tells it.
"""

import random
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from tradebot.engine.brokers.alpaca.api import Api, until_reset
from tradebot.engine.brokers.alpaca.executions import Execution, OrderNews
from tradebot.engine.brokers.alpaca.messages import refusal
from tradebot.engine.brokers.alpaca.replaced import Listing, Replaced
from tradebot.engine.brokers.alpaca.replay import NOT_HERE, Corrections
from tradebot.engine.brokers.alpaca.silence import Silence
from tradebot.engine.brokers.alpaca.sources import (
    Heard,
    Lost,
    Ready,
    Refused,
    Source,
    Unreadable,
)
from tradebot.engine.brokers.alpaca.sums import FilledSums
from tradebot.engine.brokers.alpaca.sweep import Sweep
from tradebot.engine.brokers.backoff import Backoff
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest, Line, Outside, Wake
from tradebot.engine.brokers.session import SessionHealth, SessionState
from tradebot.engine.core.types import MINUTE, SECOND

log = structlog.get_logger()

OVERLAP = 5 * MINUTE
"""How far before the watermark every question begins: late rows, clocks, ids without order."""

SWEEP_EVERY = 15 * SECOND
"""Between two sweeps while live."""

LOOK_AGAIN = SECOND
"""After sums disagreed: what is only late has come by then."""

GRACE = 3 * SECOND
"""How long the stream may take to tell a fill that a sweep found first; after that it is mute."""

OPEN_WITHIN = 20 * SECOND
"""From dialling to the acknowledgement of the subscription."""

BUFFER_MAX = 10_000
"""Messages that wait for a gap-fill; with more the stream is opened anew, for asking again finds them all."""

_OK, _TOO_MANY = 200, 429


class Memory(Protocol):
    """What is known of fills beyond one connection, and perhaps beyond one process."""

    def first(self, execution_id: str) -> bool:
        """Return whether an execution is told for the first time, and remember it."""
        ...

    def since(self) -> int:
        """Return the watermark: all before it was told, venue time, ns UTC; 0 where nothing is known."""
        ...

    def began(self) -> int:
        """Return the instant before which nothing is to be told, venue time, ns UTC."""
        ...

    def reached(self, ts: int) -> None:
        """All up to an instant of the venue's time has been told."""
        ...


class Teller(Protocol):
    """Who is told."""

    def executed(self, execution: Execution) -> None:
        """Something traded; told once."""
        ...

    def ordered(self, news: OrderNews) -> None:
        """Something else happened to an order; may be told twice."""
        ...

    def stands(self, state: SessionState, reason: str) -> None:
        """The stream's state changed; `live` only after the gap-fill."""
        ...


class Filling:
    """One account's executions and order events; see the module.

    Args of the constructor:
        outside: The doors.
        api: The account's REST.
        sources: Ways to be told, tried in order; one that the account has not is left out for this session.
        memory: Which executions were told.
        teller: Who is told.
        chance: Of the pauses between attempts.
    """

    def __init__(
        self,
        outside: Outside,
        api: Api,
        sources: Sequence[Source],
        memory: Memory,
        teller: Teller,
        chance: random.Random,
    ) -> None:
        self._outside = outside
        past = next((one.past for one in sources if one.past is not None), None)
        self._corrections = None if past is None else Corrections(outside, past, self._replayed)
        self._api = api
        self._sources = list(sources)
        self._memory = memory
        self._teller = teller
        self._backoff = Backoff(chance)
        self._pause = Backoff(chance)
        self._sums = FilledSums()
        self._line: Line | None = None
        self._buffer: list[Execution | OrderNews] = []
        self._walk: Sweep | None = None
        self._walk_began = 0
        self._replaced = Replaced()
        self._untold: set[str] = set()
        self._doubted: set[str] = set()
        self._reversals: set[str] = set()
        """Busts and corrections told as such; there are few."""
        self._silence = Silence()
        self._wakes: dict[str, Wake] = {}
        self._stopped = True
        self._missed_since = 0
        """Where the gap began that the newest subscribe fills, venue time, ns UTC."""
        self.state: SessionState = "disconnected"
        self.reason = ""
        self.connects = self.malformed = self.fills = self.doubled = self.gap_filled = 0
        self.mute = 0
        """Times a sweep found what the stream had kept to itself."""
        self.unexplained: set[str] = set()
        """Orders whose fills do not add up to what the venue says, also after asking for all of them."""

    @property
    def source(self) -> Source:
        """Return the way by which the venue is listened to now."""
        return self._sources[0]

    # ---------------------------------------------------------------------------- life

    def start(self) -> None:
        """Connect, and stay connected."""
        if self._stopped:
            self._stopped = False
            self._dial()

    def stop(self) -> None:
        """Disconnect; nothing is told any more."""
        self._stopped = True
        if self._corrections is not None:
            self._corrections.stop()
        self._hang_up()
        self.state = "disconnected"

    def knows(self, news: OrderNews) -> None:
        """Take in how an order stands from an answer to a request: the sums begin there."""
        self._sums.begins(news.order.id, news.order.filled)
        self._sums.says(news.order.id, news.order.filled)
        self._doubt()

    def found(self, listing: Listing) -> list[Execution]:
        """Take in what somebody else's question found; return what had been told before."""
        return [one for one in listing.executions if not self._tell_listed(one, listing)]

    def look(self) -> None:
        """Ask for fills now, if that is not being done already."""
        if self.state == "live" and self._walk is None and self.source.has_rest:
            self._ask(Sweep(self._api, self._from(), "sweep"))

    def _dial(self) -> None:
        opening = self.source.open(self._from())
        self._turn("connecting", "")
        self._wake("open", OPEN_WITHIN, lambda: self._again("not subscribed in time"))
        if opening.kind == "socket":
            self._line = self._outside.dial(opening.url, self, opening.headers)
            return
        request = HttpRequest(
            method="GET", url=opening.url, headers=opening.headers, timeout=OPEN_WITHIN
        )
        self._line = self._outside.pull(request, self)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
        for wake in self._wakes.values():
            wake.cancel()
        self._wakes.clear()
        self._walk = None
        self._untold.clear()
        self._buffer.clear()  # asked for again after the next subscribe

    def _again(self, reason: str) -> None:
        self._hang_up()
        if not self._stopped:
            self._turn("disconnected", reason)
            self._wake("dial", self._backoff.next(), self._dial)

    def _turn(self, state: SessionState, reason: str) -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self._teller.stands(state, reason)

    def _wake(self, name: str, delay: int, call: Callable[[], None]) -> None:
        before = self._wakes.pop(name, None)
        if before is not None:
            before.cancel()
        self._wakes[name] = self._outside.after(delay, call)

    def _from(self) -> int:
        return max(self._memory.since() - OVERLAP, self._memory.began())

    # ---------------------------------------------------------------------------- the line

    def opened(self, line: Line) -> None:
        """The stream is open."""
        if line is self._line:
            self._take(self.source.opened(line))

    def heard(self, line: Line, frame: bytes) -> None:
        """A frame or piece has come."""
        if line is self._line:
            self._silence.heard(self._outside.now)
            self._take(self.source.heard(frame))

    def closed(self, line: Line, reason: str) -> None:
        """The stream has dropped, or was refused."""
        if line is not self._line:
            return
        if reason in NOT_HERE and len(self._sources) > 1:
            log.info("source not available", source=self.source.name, reason=reason)
            self._sources.pop(0)
        self._again(reason)

    def _take(self, heard: list[Heard]) -> None:
        line = self._line
        for word in heard:
            if self._line is not line:
                return  # a word before led to a new stream
            self._word(word)

    def _word(self, word: Heard) -> None:
        if isinstance(word, Execution | OrderNews):
            if self.state == "live":
                self._tell(word)
            elif len(self._buffer) < BUFFER_MAX:
                self._buffer.append(word)
            else:
                self._again(f"more than {BUFFER_MAX} messages while gaps were filled")
        elif isinstance(word, Unreadable):
            self.malformed += 1
            log.warning("unreadable", source=self.source.name, reason=word.reason)
        elif isinstance(word, Ready):
            self._subscribed()
        elif isinstance(word, Lost | Refused):
            self._again(word.reason)

    def _subscribed(self) -> None:
        if self.state != "connecting":
            return  # acknowledged already
        self._wakes.pop("open").cancel()
        self._silence.opened(self._outside.now)
        self.connects += 1
        if self.source.has_rest:
            self._missed_since = self._from()
            self._turn("syncing", "")
            self._ask(Sweep(self._api, self._from(), "gap_fill"))
        else:
            self._live()  # the stream itself replays from the watermark on

    def _live(self) -> None:
        self._backoff.reset()
        waiting, self._buffer = self._buffer, []
        self._turn("live", "")
        for word in waiting:
            self._tell(word)
        self._wake("sweep", SWEEP_EVERY, self._look_again)
        if not self.source.has_rest:
            self._listen()
        elif self._corrections is not None and self.source.past is not None:
            self._corrections.ask(self._missed_since)

    # ---------------------------------------------------------------------------- asking

    def _look_again(self) -> None:
        self._wake("sweep", SWEEP_EVERY, self._look_again)
        self.look()

    def _listen(self) -> None:
        """Take an event stream that says nothing, not even a heartbeat, for dead."""
        left = self._silence.left(self._outside.now)
        if left > 0:
            self._wake("silence", left, self._listen)
            return
        patience = self._silence.patience
        self._silence.died()
        self._again(f"nothing heard for {patience // SECOND} s")

    def _ask(self, walk: Sweep) -> None:
        if walk is not self._walk:
            self._walk, self._walk_began = walk, self._outside.now
        self._outside.ask(walk.request(), lambda answer: self._answered(walk, answer))

    def _answered(self, walk: Sweep, answer: Answer) -> None:
        if walk is not self._walk:
            return
        if not isinstance(answer, HttpReply) or answer.status != _OK:
            self._retry(walk, answer)
            return
        malformed = walk.malformed
        try:
            _, last = walk.page(answer.body)
        except (ValueError, RecursionError) as error:
            self.malformed += 1
            reason = str(error)[:200]
            self._wake("page", self._pause.next(), lambda: self._repeat(walk, reason))
            return
        self.malformed += walk.malformed - malformed
        self._pause.reset()
        if last:
            # All of it at once: what stands for another is told by what the whole list lacks.
            listing = Listing(tuple(walk.rows), walk.since, self._walk_began)
            for execution in listing.executions:
                if self._tell_listed(execution, listing) and execution.source == "sweep":
                    self._untold.add(execution.execution_id)
            self._walk = None
            self._through(walk)
        else:
            self._ask(walk)

    def _retry(self, walk: Sweep, answer: Answer) -> None:
        replied = isinstance(answer, HttpReply)
        reason = refusal(answer.status, answer.body).message if replied else answer.reason
        pause = self._pause.next()
        if replied and answer.status == _TOO_MANY:
            pause = max(pause, until_reset(answer, self._outside.now))
        self._wake("page", pause, lambda: self._repeat(walk, reason))

    def _repeat(self, walk: Sweep, reason: str) -> None:
        if walk is self._walk:
            log.warning("fills asked for again", reason=reason)
            self._ask(walk)

    def _through(self, walk: Sweep) -> None:
        self._memory.reached(walk.newest)
        if self.state == "syncing":
            self._live()
            return
        if self._untold and "mute" not in self._wakes:
            self._wakes["mute"] = self._outside.after(GRACE, self._judge_stream)
        missing = set(self._sums.missing())
        for order in missing & self._doubted:
            # Asked for twice, and there is no more: the venue's word stands, and somebody should look.
            log.error("fills of an order do not add up to what is filled", order=order)
            self.unexplained.add(order)
            self._sums.settle(order)
        self._doubted = missing - self.unexplained
        self._doubt()

    def _judge_stream(self) -> None:
        self._wakes.pop("mute", None)
        if self._untold:
            self.mute += 1
            self._again("the stream kept fills to itself")

    # ---------------------------------------------------------------------------- telling

    def _tell_listed(self, row: Execution, listing: Listing) -> bool:
        if not self._replaced.knows(row.execution_id):
            row = self._replaced.meant(row, self._sums.of(row.order_id), listing)
        return self._tell(row)

    def _tell(self, word: Execution | OrderNews) -> bool:
        """Tell a word on; return whether it is an execution told for the first time."""
        if isinstance(word, OrderNews):
            self._sums.begins(word.order.id, word.order.filled)
            self._teller.ordered(word)
            self._sums.says(word.order.id, word.order.filled)
            self._doubt()
            return False
        streamed = word.source == "stream"
        if streamed:
            self._untold.discard(word.execution_id)
        if not self._memory.first(word.execution_id):
            self.doubled += 1
            return False
        if word.kind != "fill":
            self._reversals.add(word.execution_id)
        self._sums.executed(word)
        self._replaced.told(word, self._outside.now)
        self.fills += 1
        self.gap_filled += not streamed
        self._teller.executed(word)
        if word.filled is not None:
            self._sums.says(word.order_id, word.filled, lower=word.kind != "fill")
            self._doubt()
        if not self.source.has_rest:
            self._memory.reached(word.ts)  # in order: nothing before it is still to come
        return True

    def _replayed(self, word: Execution) -> None:
        """Take a bust or correction that was told while nobody listened.

        REST lists what a correction stands for as an execution like any other: it was told as a fill then, and is told
        once more as what it is, for the one before it must go.
        """
        if word.execution_id in self._reversals:
            return
        if not self._tell(word):
            self._reversals.add(word.execution_id)
            self._teller.executed(word)

    def _doubt(self) -> None:
        if self.state == "live" and "doubt" not in self._wakes and self._sums.missing():
            self._wakes["doubt"] = self._outside.after(LOOK_AGAIN, self._look_closer)

    def _look_closer(self) -> None:
        self._wakes.pop("doubt", None)
        if self._sums.missing():
            self.look()


def health_of(filling: Filling, *, more_malformed: int = 0) -> SessionHealth:
    """Return a stream's state and counts, what else could not be read counted in."""
    return SessionHealth(
        state=filling.state,
        reason=filling.reason,
        connects=filling.connects,
        malformed=filling.malformed + more_malformed,
        fills=filling.fills,
        doubled=filling.doubled,
        gap_filled=filling.gap_filled,
    )
