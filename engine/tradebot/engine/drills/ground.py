"""The ground a drill plays on: its processes, its clock, what it has told, and the questions it asks."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import sleep

import msgspec

from tradebot.engine.control.client import ControlClient, ControlError
from tradebot.engine.control.messages_facts import FillFacts, OrderFacts, PositionFacts, Status
from tradebot.engine.control.messages_orders import OrderAnswer, OrderRequest
from tradebot.engine.drills.judge import differences
from tradebot.engine.drills.market import INSTRUMENT
from tradebot.engine.drills.orders import Look, VenueOrder
from tradebot.engine.drills.processes import EngineProcess, VenueProcess
from tradebot.engine.drills.result import DrillFailed, Stage
from tradebot.engine.drills.truth import Truth, read_truth
from tradebot.engine.live.clock import Clock

WAIT_S = 40.0
"""Longest wait for anything that must come, on a busy machine."""
_LOOK_EVERY_S = 0.02
_ANSWER_S = 10.0


class Ground:
    """Everything a scenario needs.

    Args of the constructor:
        home: A folder of its own.
        seed: Of the market.
        clock: The machine's.
        tell: Called with each stage as it happens.
    """

    def __init__(self, home: Path, seed: int, clock: Clock, tell: Callable[[Stage], None]) -> None:
        self._home = home
        self._clock = clock
        self._tell = tell
        self._since = clock.monotonic_ns()
        self._requests = 0
        self.stages: list[Stage] = []
        self.figures: dict[str, str] = {}
        self.venue = VenueProcess(home, seed)
        self._engine: EngineProcess | None = None

    # ---------------------------------------------------------------------------- telling and waiting

    @property
    def seconds(self) -> float:
        """Return how long the drill has lasted, s."""
        return (self._clock.monotonic_ns() - self._since) / 1e9

    def say(self, text: str) -> None:
        """Tell what happened."""
        stage = Stage(at_s=round(self.seconds, 1), text=text)
        self.stages.append(stage)
        self._tell(stage)

    def until[T](self, what: str, look: Callable[[], T | None], within_s: float = WAIT_S) -> T:
        """Look again and again until there is an answer that counts, and return it.

        Raises:
            DrillFailed: If there is none in time.
        """
        end = self.seconds + within_s
        while True:
            found = look()
            if found:
                return found
            if self.seconds > end:
                raise DrillFailed(f"not within {within_s:g} s: {what}")
            sleep(_LOOK_EVERY_S)

    def hold_true(self, what: str, look: Callable[[], bool], for_s: float) -> None:
        """Look again and again for a while, and insist each time.

        Raises:
            DrillFailed: If it is not so once.
        """
        end = self.seconds + for_s
        while self.seconds < end:
            if not look():
                raise DrillFailed(f"did not stay so: {what}")
            sleep(_LOOK_EVERY_S)

    # ---------------------------------------------------------------------------- processes

    @property
    def engine(self) -> EngineProcess:
        """Return the engine that runs now."""
        if self._engine is None:
            raise LookupError("start an engine first")
        return self._engine

    def start_engine(self) -> None:
        """Start an engine and wait until it knows its market and its account."""
        self.until("the venue listens", self._venue_listens)
        self._engine = engine = EngineProcess(self._home, self.venue.socket)
        self.until("the engine answers", lambda: self._answers(engine))
        self.until("the engine has a price and an account", self._ready)

    def _venue_listens(self) -> bool:
        self.venue.check("the venue")
        return self.venue.socket.exists()

    def _answers(self, engine: EngineProcess) -> bool:
        engine.check("the engine")
        try:
            with engine.client() as client:
                return client.hello().pid == engine.pid
        except ControlError:
            return False

    def _ready(self) -> bool:
        with self.client() as client:
            if not all(feed.state == "up" for feed in client.status().feeds):
                return False
            wanted = self._request("buy", Decimal("0.001"), None)
            return client.preview(wanted).ok

    def client(self) -> ControlClient:
        """Return a client of the engine that runs now, to be used as a context manager."""
        return self.engine.client()

    def end(self) -> None:
        """End every process."""
        try:
            if self._engine is not None:
                self._engine.end()
        finally:
            self.venue.end()

    def do(self, order: VenueOrder) -> None:
        """Let the venue do something."""
        self.venue.do(order)

    # ---------------------------------------------------------------------------- orders and facts

    def _request(self, side: str, quantity: Decimal, stop: Decimal | None) -> OrderRequest:
        self._requests += 1
        return OrderRequest(
            request_id=f"drill-{self._requests}",
            instrument=INSTRUMENT.id,
            side="buy" if side == "buy" else "sell",
            quantity=quantity,
            type="marketable",
            tif="ioc",
            stop_loss=stop,
        )

    def buy(self, quantity: str, stop: Decimal | None = None) -> tuple[OrderRequest, OrderAnswer]:
        """Ask for a buy at the touch, with a stop for what fills; return the request and what became of it."""
        return self.place(self._request("buy", Decimal(quantity), stop))

    def sell(self, quantity: str, wait_s: float = _ANSWER_S) -> OrderAnswer:
        """Ask for a sell at the touch that only shrinks the position."""
        order = self._request("sell", Decimal(quantity), None)
        return self.place(msgspec.structs.replace(order, reduce_only=True), wait_s)[1]

    def rest(self, quantity: str, price: Decimal, wait_s: float = _ANSWER_S) -> OrderAnswer:
        """Let a buy rest below the market."""
        self._requests += 1
        request = OrderRequest(
            request_id=f"drill-{self._requests}",
            instrument=INSTRUMENT.id,
            side="buy",
            quantity=Decimal(quantity),
            limit_price=price,
        )
        return self.place(request, wait_s)[1]

    def resting(self, quantity: str, price: Decimal) -> OrderFacts:
        """Let a buy rest below the market; return it once the venue has it.

        Raises:
            DrillFailed: If it does not take it.
        """
        answer = self.rest(quantity, price)
        if answer.outcome != "accepted" or answer.order is None:
            raise DrillFailed(f"a resting buy was {answer.outcome}: {answer.reason}")
        return answer.order

    def place(
        self, request: OrderRequest, wait_s: float = _ANSWER_S
    ) -> tuple[OrderRequest, OrderAnswer]:
        """Send a request; return it and what became of it."""
        with self.client() as client:
            return request, client.place(request, wait_s)

    def open_position(self, quantity: str, stop_at: str, *, covered: str | None = None) -> Decimal:
        """Buy with a stop that stands at the venue; return the trigger.

        Args:
            quantity: How much.
            stop_at: Where the stop stands, as share of the price: `0.98`.
            covered: What the stop is for, where that is less than all; the rest may be sold while it stands.

        Raises:
            DrillFailed: If it is not filled and protected in time.
        """
        stop = self.round_down(self.price() * Decimal(stop_at))
        _, answer = self.buy(quantity, stop if covered is None else None)
        bought = self.filled(answer)
        if covered is not None:
            self._protect(covered, stop)
        self.until("the stop stands at the venue", lambda: self.protects(covered or quantity))
        what = "its stop" if covered is None else f"a stop for {covered} of it"
        self.say(
            f"BUY {quantity} BTC filled at {bought.average_price}; {what} stands at the venue at {stop}"
        )
        return stop

    def _protect(self, quantity: str, trigger: Decimal) -> None:
        order = self._request("sell", Decimal(quantity), None)
        self.place(
            msgspec.structs.replace(
                order, type="stop", tif="gtc", trigger_price=trigger, reduce_only=True
            )
        )

    def protects(self, quantity: str) -> bool:
        """Return whether the stops that stand at the venue cover exactly this much."""
        return sum(self.truth().standing_stops.values()) == Decimal(quantity)

    def has_stop(self) -> bool:
        """Return whether a stop stands at the venue."""
        return bool(self.truth().standing_stops)

    def round_down(self, price: Decimal) -> Decimal:
        """Return a price on a tick."""
        tick = INSTRUMENT.price(INSTRUMENT.rules_at(0).tick)
        return price // tick * tick

    def filled(self, answer: OrderAnswer) -> OrderFacts:
        """Return the order of an answer once it has filled.

        Raises:
            DrillFailed: If it was refused or does not fill in time.
        """
        order = answer.order
        if order is None or answer.outcome not in {"accepted", "unknown"}:
            raise DrillFailed(f"an order was {answer.outcome}: {answer.reason}")
        return self.until(
            f"order {order.client_order_id} fills",
            lambda: self.order_in(order.client_order_id, {"filled"}),
        )

    def order_in(self, client_order_id: str, states: set[str]) -> OrderFacts | None:
        """Return an order if it is in one of these states."""
        with self.client() as client:
            return next(
                (
                    order
                    for order in client.orders(working_only=False)
                    if order.client_order_id == client_order_id and order.state in states
                ),
                None,
            )

    def why_refused(self, quantity: str) -> str:
        """Return what the risk gate has against a buy now, empty where nothing; nothing is sent."""
        with self.client() as client:
            verdicts = client.preview(self._request("buy", Decimal(quantity), None)).verdicts
        return next((verdict.text for verdict in verdicts if not verdict.ok), "")

    def fill_of(self, client_order_id: str) -> FillFacts | None:
        """Return the engine's newest fill of an order."""
        with self.client() as client:
            fills = client.fills(1_000)
        return next((fill for fill in fills if fill.client_order_id == client_order_id), None)

    def state_reason(self, state: str) -> str:
        """Return why the engine is in this state, empty where it is in another."""
        status = self.status()
        return (status.reason or "no reason") if status.trading_state == state else ""

    def flatten(self) -> str:
        """Close everything; return what the engine says of it."""
        with self.client() as client:
            return "; ".join(client.flatten(None).lines)

    def cancel(self, client_order_id: str) -> None:
        """Cancel an order."""
        with self.client() as client:
            client.cancel(client_order_id)

    def refused(self, answer: OrderAnswer, what: str) -> str:
        """Return why an order was refused.

        Raises:
            DrillFailed: If it was not.
        """
        if answer.outcome != "denied":
            raise DrillFailed(f"{what} must be refused, was {answer.outcome}")
        return answer.reason or "no reason given"

    def price(self) -> Decimal:
        """Return the middle of the market as the venue has it."""
        return self.venue.do(Look()).price

    def status(self) -> Status:
        """Return the engine's state."""
        with self.client() as client:
            return client.status()

    def position(self) -> PositionFacts | None:
        """Return the position, None where it is flat."""
        with self.client() as client:
            return next(iter(client.positions()), None)

    def truth(self) -> Truth:
        """Return what the venue's ledger adds up to now."""
        return read_truth(self.venue.ledger)

    # ---------------------------------------------------------------------------- the judge

    def agree(self) -> Truth:
        """Wait until both sides have the same, and return it.

        Raises:
            DrillFailed: With what differs, if they do not come together in time.
        """
        journal = self.engine.folder / "journal.db"
        said: list[str] = []

        def same() -> Truth | None:
            truth = self.truth()
            with self.client() as client:
                said[:] = differences(client, truth, journal)
                unsettled = client.status().unresolved + client.status().differences
            return truth if not said and not unsettled else None

        try:
            truth = self.until("engine and venue have the same", same)
        except DrillFailed as error:
            raise DrillFailed("; ".join(said) or str(error)) from error
        self.figures |= {
            "fills": str(len(truth.fills)),
            "orders": str(len(truth.orders)),
            "position": f"{truth.position:f}",
            "cash": f"{truth.cash:f}",
            "lost": "0",
            "doubled": "0",
        }
        return truth
