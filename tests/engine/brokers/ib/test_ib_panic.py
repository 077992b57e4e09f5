"""`tradebot panic` at IB, against its face: what adds risk goes, positions close, what is refused is told."""

from collections.abc import Callable

import pytest
from tests.engine.brokers.ib.ib_desk import AAPL, CODE, Desk

from tradebot.engine.brokers.ib.panic import PanicAtIb, opened
from tradebot.engine.brokers.ib.talk import Talk, Ways
from tradebot.engine.core.types import SECOND, AccountName, EngineId
from tradebot.engine.exchange.orders import OrderRequest
from tradebot.engine.panic.act import make_safe
from tradebot.engine.panic.note import PanicNote
from tradebot.engine.panic.venue import VenueRefused

CLIENT = 7
"""The engine's, as `Desk` has it."""


class Reached(Desk):
    """An account whose engine has ended; `panic` comes by the same client id."""

    def __init__(self) -> None:
        super().__init__()
        self.run(1)
        self.submit("bought", 10)
        self.run(2)

    def passes(self, span: int) -> None:
        self.run(span / SECOND)

    def does(self, call: Callable[[], None]) -> None:
        call()

    def account(self, *, everything: bool = False, client: int = CLIENT) -> PanicAtIb:
        self.session.stop()
        self.run(1)
        ways = Ways(outside=self.outside, pause=self.passes, do=self.does)
        talk = Talk("tcp://memory:1", client, ways)
        return opened(
            talk,
            client,
            {AAPL.id: AAPL},
            EngineId("abc12"),
            now=lambda: self.outside.now,
            everything=everything,
        )

    def panic(self, *, flatten: bool, client: int = CLIENT) -> PanicNote:
        account = self.account(everything=flatten, client=client)
        return make_safe(AccountName("i"), account, flatten=flatten, when="", keep=lambda _: None)

    def state(self, key: str) -> str:
        (one,) = [one for one in self.exchange.store.all() if one.request.client_id == key]
        return one.state

    def place_elsewhere(self, key: str) -> None:
        self.exchange.place(
            OrderRequest(
                account=CODE,
                symbol="AAPL",
                side=1,
                type="limit",
                tif="gtc",
                quantity=5,
                limit=10_000,
                client_id=key,
            )
        )


def test_what_adds_risk_is_cancelled_and_what_protects_stays() -> None:
    reached = Reached()
    reached.submit("adds", 10, "150")
    reached.submit("protects", 10, None, side="sell", type="stop", trigger_price=1_000_000)
    reached.run(1)
    note = reached.panic(flatten=False)
    assert note.cancelled == ("adds",)
    assert note.kept == ("protects",)
    assert note.open_positions == {AAPL.id: 100_000}
    assert (note.done, note.failed) == (True, ())
    assert (reached.state("adds"), reached.state("protects")) == ("cancelled", "waiting")


def test_flatten_cancels_everything_and_closes_what_is_held() -> None:
    reached = Reached()
    reached.submit("adds", 10, "150")
    reached.submit("protects", 10, None, side="sell", type="stop", trigger_price=1_000_000)
    reached.run(1)
    note = reached.panic(flatten=True)
    assert (note.failed, note.kept, note.open_positions) == ((), (), {})
    assert sorted(note.cancelled) == ["adds", "protects"]
    (closed,) = note.closed
    assert (closed.side, closed.quantity) == ("sell", 100_000)
    assert reached.state(closed.client_order_id) == "filled"
    assert not reached.exchange.accounts[CODE].position(
        reached.exchange.listing("ib", "AAPL")  # pyright: ignore[reportArgumentType]  (it is listed)
    )


def test_a_short_position_is_bought_back() -> None:
    reached = Reached()
    reached.submit("turned", 25, None, side="sell")
    reached.run(1)
    note = reached.panic(flatten=True)
    assert [(one.side, one.quantity) for one in note.closed] == [("buy", 150_000)]
    assert (note.failed, note.open_positions) == ((), {})


def test_an_order_of_another_client_id_stays_and_that_is_told_unless_everything_goes() -> None:
    reached = Reached()
    reached.submit("adds", 10, "150")
    reached.run(1)
    note = reached.panic(flatten=False, client=8)
    assert [("adds" in text, "client id 7 placed it" in text) for text in note.failed] == [
        (True, True)
    ]
    assert (note.kept, reached.state("adds")) == (("adds",), "working")
    note = reached.panic(flatten=True, client=9)
    assert (note.failed, reached.state("adds")) == ((), "cancelled")


def test_a_closing_order_that_waits_for_the_open_is_told_as_not_closed() -> None:
    reached = Reached()
    account = reached.account()
    planned = account.closing_order(AAPL.id)
    reached.arm("drop", on="report", count=20)
    with pytest.raises(VenueRefused, match="unknown at IB"):
        account.close(planned)


def test_a_gateway_that_does_not_answer_is_said_so() -> None:
    reached = Reached()
    reached.outside.connect = lambda line: line.drop("nobody there")
    with pytest.raises(VenueRefused, match="nobody there"):
        reached.account()
