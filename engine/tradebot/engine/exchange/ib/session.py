"""One client's connection: greeting, requests, answers, and what it is told unasked."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Floor, Line
from tradebot.engine.exchange.faults import EventName, Fault
from tradebot.engine.exchange.happenings import Happening
from tradebot.engine.exchange.ib import history
from tradebot.engine.exchange.ib.account_news import AccountNews
from tradebot.engine.exchange.ib.asked import (
    Contract,
    OrderAsked,
    read_bars,
    read_contract,
    read_executions,
    read_order,
)
from tradebot.engine.exchange.ib.contracts import (
    details,
    instant,
    kind_of,
    matching,
    routes,
    venue_time,
)
from tradebot.engine.exchange.ib.desk import Desk, Refused
from tradebot.engine.exchange.ib.refusals import (
    FARM_OK,
    INVALID,
    NO_DEFINITION,
    NOT_SUBSCRIBED,
    REJECTED,
    TAKEN,
    TOO_FAST,
    UNREADABLE,
    WARNING,
)
from tradebot.engine.exchange.ib.streams import Streams
from tradebot.engine.exchange.ib.tickets import (
    Ticket,
    commission,
    completed_order,
    execution,
    open_order,
    order_status,
    preview,
)
from tradebot.engine.exchange.ib.wire import (
    NO_REQUEST,
    SERVER_VERSION,
    FieldRefused,
    FrameRefused,
    Frames,
    Reader,
    Value,
    frame,
    request_of,
)
from tradebot.engine.exchange.market import Listing

_S = 1_000_000_000
_RATE = 100
"""Messages a client may send in a second."""
_WARNINGS = 3
"""Times it may send more before it is dropped."""

type Claim = Callable[["Session", int], bool]


class Session:
    """See the module.

    Args of the constructor:
        floor: The exchange and its faults.
        desk: Everybody's orders.
        line: The way out.
        claim: Takes a client id for this session; False where it is in use.
    """

    def __init__(self, floor: Floor, desk: Desk, line: Line, claim: Claim) -> None:
        self.line = line
        self.client = NO_REQUEST
        """Its client id; -1 until it has said it."""
        self.account = next(
            name for name, one in floor.exchange.accounts.items() if one.terms.face == "ib"
        )
        self.streams = Streams(floor.exchange, self._say_market)
        self.lost = False
        """The venue has lost its own connection: nothing live comes, orders wait."""
        self._floor = floor
        self._exchange: Exchange = floor.exchange
        self._desk = desk
        self._claim = claim
        self._frames = Frames()
        self._versions = False
        self._waiting: list[list[str]] = []
        self._times: deque[int] = deque()
        self._warnings = 0
        self._books = AccountNews(floor, self.account, self.say)
        self._handlers: dict[str, Callable[[list[str]], None]] = {
            "1": self._market_data,
            "2": self._end_stream,
            "3": self._place,
            "4": self._cancel,
            "5": lambda _: self._open_orders(self.client),
            "6": self._books.updates,
            "7": self._executions,
            "8": lambda _: self.say([9, 1, self._desk.next_id]),
            "9": self._contract_details,
            "10": self._market_depth,
            "11": self._end_stream,
            "14": lambda _: None,
            "15": lambda _: None,
            "16": lambda _: self._open_orders(None),
            "17": lambda _: self.say([15, 1, self.account]),
            "20": self._history,
            "25": self._end_stream,
            "49": lambda _: self.say([49, 1, self._floor.now("ib") // _S]),
            "58": lambda _: self._global_cancel(),
            "59": lambda _: None,
            "61": lambda _: self._books.subscribe_positions(),
            "62": self._books.summary,
            "63": self._books.end_summary,
            "64": lambda _: self._books.end_positions(),
            "71": self._start,
            "76": self._books.multi,
            "77": lambda _: None,
            "87": self._head_time,
            "91": self._market_rule,
            "92": self._books.profit,
            "93": self._books.end_profit,
            "94": self._books.profit_of,
            "95": self._books.end_profit,
            "97": self._tick_by_tick,
            "98": self._end_stream,
            "99": lambda _: self._completed_orders(),
        }

    # In and out.

    def say(self, fields: list[Value], *events: EventName) -> None:
        """Send a message that goes by these names."""
        self.line.send(frame(*fields), *events)

    def _say_market(self, fields: list[Value], event: EventName) -> None:
        if not self.lost:
            self.say(fields, event)

    def error(self, request: int, code: int, words: str) -> None:
        """Send an error; -1 is about no request."""
        self.say([4, 2, request, code, words, ""], "report")

    def receive(self, frame: str | bytes) -> None:
        """Take bytes that the client sent."""
        try:
            messages = self._frames.take(frame.encode() if isinstance(frame, str) else frame)
        except FrameRefused:
            self.line.close(abrupt=True)
            return
        for fields in messages:
            if not self.line.is_open:
                return
            self._take(fields)

    def closed(self) -> None:
        """The connection is gone."""
        self.line.is_open = False

    def _take(self, fields: list[str]) -> None:
        if not self._versions:
            self._versions = True
            self.say([SERVER_VERSION, venue_time(self._floor.now("ib"))])
            return
        if self._too_fast():
            return
        if self.lost and fields and fields[0] in ("3", "4", "58"):
            self._waiting.append(fields)
            return
        handler = self._handlers.get(fields[0]) if fields else None
        request = request_of(fields)
        if handler is None or (self.client == NO_REQUEST and fields[0] != "71"):
            words = f"Error validating request: message {fields[:1]} is not answered here"
            self.error(request, INVALID, words)
            return
        try:
            handler(fields)
        except FieldRefused as refused:
            self.error(request, UNREADABLE, f"Error reading request: {refused}")
        except Refused as refused:
            self.error(request, refused.code, str(refused))

    def _too_fast(self) -> bool:
        now = self._exchange.clock.now()
        while self._times and now - self._times[0] >= _S:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) <= _RATE:
            return False
        self._times.pop()
        self._warnings += 1
        self.error(NO_REQUEST, *TOO_FAST)
        if self._warnings > _WARNINGS:
            self.line.close(abrupt=True)
        return True

    def restored(self) -> None:
        """The venue is connected again: what waited is done."""
        self.lost = False
        waiting, self._waiting = self._waiting, []
        for fields in waiting:
            self._take(fields)

    def _start(self, fields: list[str]) -> None:
        reader = Reader(fields, 2)
        client = reader.whole()
        taken = bool(self._floor.faults.at("ib", "connect"))
        if taken or not self._claim(self, client):
            self.error(NO_REQUEST, *TAKEN)
            self.line.close()
            return
        self.client = client
        self.say([15, 1, self.account])
        self.say([9, 1, self._desk.next_id])
        self.error(NO_REQUEST, *FARM_OK)

    # Orders.

    def _place(self, fields: list[str]) -> None:
        asked = read_order(fields)
        known = self._desk.given(self.client, asked.order_id)
        event: EventName = "amend" if known is not None else "order"
        for fault in self._floor.faults.at("ib", "request", event):
            match fault.fault:
                case "ib_201":
                    words = "Order rejected - reason:The order cannot be modified now"
                    self.error(asked.order_id, REJECTED, words)
                    return
                case "drop_socket" | "accepted_504":
                    self.line.close(abrupt=True)  # it is taken, and nobody hears of it
                case "drop":
                    return
                case "late":
                    # Its answer is the next report, and all behind it waits with it.
                    args = {"seconds": fault.seconds(12.0) / _S}
                    late = Fault(venue="ib", fault="delay", on="report", args={**args})
                    self._floor.faults.arm(late, self._exchange.clock.now())
                case _:
                    pass
        if asked.account not in ("", self.account):
            raise Refused(INVALID, f"Error validating request: account {asked.account[:40]!r}")
        if asked.what_if:
            listing, cost, margin = self._desk.preview(self.client, asked, self.account)
            ticket = Ticket(number=0, client=self.client, asked=asked)
            self.say(preview(ticket, listing, cost, margin))
        elif known is not None:
            self._desk.change(known, asked)
        else:
            self._desk.place(self.client, asked, self.account)
            self._warn(asked)

    def _warn(self, asked: OrderAsked) -> None:
        """Say that an order waits for the regular session, as the venue does."""
        listing = self._desk.find(asked)
        now = self._exchange.now
        if listing.phase(now) == "open" or asked.outside_hours or listing.session is None:
            return
        session = listing.session
        begins = session.next_change(now)
        while session.phase(begins) != "open":
            begins = session.next_change(begins)
        words = (
            f"Order Message:\n{asked.action} {asked.quantity} {listing.base} {listing.exchange}\n"
            f"Warning: your order will not be placed at the exchange until {venue_time(begins)}"
        )
        self.error(asked.order_id, WARNING, words)

    def _cancel(self, fields: list[str]) -> None:
        order_id = Reader(fields, 2).whole()
        for fault in self._floor.faults.at("ib", "request", "cancel"):
            if fault.fault in ("drop_socket", "accepted_504"):
                self.line.close(abrupt=True)
            elif fault.fault == "drop":
                return
        self._desk.cancel(self.client, order_id)

    def _global_cancel(self) -> None:
        self._exchange.cancel_all(self.account)

    def tell_order(self, ticket: Ticket, last: int = 0) -> None:
        """Tell how an order stands."""
        order, listing = self._desk.standing(ticket)
        self.say(open_order(ticket, order, listing), "report")
        self.say(order_status(ticket, order, listing, last), "report")

    def _open_orders(self, client: int | None) -> None:
        for ticket in self._desk.open(client):
            order, listing = self._desk.standing(ticket)
            self.say(open_order(ticket, order, listing))
            self.say(order_status(ticket, order, listing))
        self.say([53, 1])

    def _completed_orders(self) -> None:
        for ticket in self._desk.completed():
            order, listing = self._desk.standing(ticket)
            self.say(completed_order(ticket, order, listing))
        self.say([102])

    def _executions(self, fields: list[str]) -> None:
        asked = read_executions(fields)
        since = (instant(asked.time) or 0) if asked.time else 0
        for one in self._desk.executions([self.account]):
            ticket = self._desk.ticket(one.order)
            listing = self._exchange.listings[one.listing]
            side = "BUY" if one.side > 0 else "SELL"
            if (
                ticket is None
                or asked.client not in (0, ticket.client)
                or asked.account not in ("", self.account)
                or one.ts < since
                or asked.symbol not in ("", listing.base)
                or asked.kind not in ("", kind_of(listing))
                or asked.side not in ("", side)
            ):
                continue
            order, _ = self._desk.standing(ticket)
            base = self._desk.base(one)
            self.say(execution(ticket, order, listing, one, base=base, request=asked.request))
            self.say(commission(one, base))
        self.say([55, 1, asked.request])

    # Accounts.

    def touch_account(self) -> None:
        """Note that the account is not as it was told."""
        self._books.touch()

    def advance(self, now: int) -> None:
        """Tell what has gathered."""
        self.streams.advance(now)
        if not self.lost:
            self._books.advance()

    # Contracts and the market.

    def _listing(self, contract: Contract) -> Listing:
        found = matching(self._desk.listings(), contract)
        if len(found) != 1:
            raise Refused(*NO_DEFINITION)
        return found[0]

    def _contract_details(self, fields: list[str]) -> None:
        reader = Reader(fields, 2)
        request = reader.whole()
        found = matching(self._desk.listings(), read_contract(reader))
        if not found:
            raise Refused(*NO_DEFINITION)
        for listing in found:
            self.say([10, request, *details(listing, self._exchange.now)])
        self.say([52, 1, request])

    def _market_rule(self, fields: list[str]) -> None:
        self.say([93, Reader(fields).whole(), 1, 0, Decimal("0.01")])

    def _market_data(self, fields: list[str]) -> None:
        reader = Reader(fields, 2)
        request = reader.whole()
        contract = read_contract(reader)
        if reader.flag():
            reader.skip(3)
        reader.skip()
        listing = self._listing(contract)
        if contract.exchange not in ("", routes(listing)[0]):
            raise Refused(*NOT_SUBSCRIBED)
        self.streams.ticks(request, listing, snapshot=reader.flag())

    def _market_depth(self, fields: list[str]) -> None:
        reader = Reader(fields, 2)
        request = reader.whole()
        listing = self._listing(read_contract(reader))
        rows, smart = reader.whole(), reader.flag()
        self.streams.depth(request, listing, rows, by_maker=smart)

    def _tick_by_tick(self, fields: list[str]) -> None:
        reader = Reader(fields)
        request = reader.whole()
        listing = self._listing(read_contract(reader))
        what = reader.word()
        if what not in ("Last", "AllLast", "BidAsk", "MidPoint"):
            raise Refused(INVALID, f"Error validating request: tick type {what[:40]!r}")
        self.streams.each(request, listing, what)

    def _history(self, fields: list[str]) -> None:
        asked = read_bars(fields)
        listing = self._listing(asked.contract)
        found = history.bars(self._exchange, listing, asked, self._exchange.now)
        self.say(history.answer(listing, asked, found))
        if asked.keep:
            self.streams.running(asked.request, listing, asked, found[-1])

    def _head_time(self, fields: list[str]) -> None:
        reader = Reader(fields)
        request = reader.whole()
        listing = self._listing(read_contract(reader))
        bars = self._exchange.bars(listing, 60 * _S)
        if not bars:
            raise Refused(162, "Historical Market Data Service error message:No head time stamp")
        self.say([88, request, venue_time(bars[0].start)])

    def _end_stream(self, fields: list[str]) -> None:
        # Cancelling depth, ticks or bars carries a version field, tick by tick does not.
        self.streams.end(Reader(fields, 1 if fields[0] == "98" else 2).whole())

    def take(self, happening: Happening) -> None:
        """Take note of what happened to the market."""
        self.streams.take(happening)
