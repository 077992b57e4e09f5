"""`tradebot panic` at Alpaca, against its face: what adds risk goes, positions close, what is refused is told."""

import msgspec
import pytest
from tests.engine.brokers.alpaca.venue_in_memory import URL, AlpacaInMemory

from tradebot.data.instruments import Instrument
from tradebot.data.venues.alpaca.assets import decode_asset, instrument_of
from tradebot.engine.brokers.alpaca.api import Api, Keys
from tradebot.engine.brokers.alpaca.panic import PanicAtAlpaca, Ways
from tradebot.engine.brokers.outside import Answer, HttpReply, HttpRequest
from tradebot.engine.core.types import MS, AccountName, EngineId
from tradebot.engine.exchange.faults import Fault
from tradebot.engine.panic.act import make_safe
from tradebot.engine.panic.note import PanicNote
from tradebot.engine.panic.venue import VenueRefused
from tradebot.engine.secret import Secret


class Reached:
    """The venue in memory, and an account there as panic sees it; time passes only while it waits."""

    def __init__(self) -> None:
        self.venue = AlpacaInMemory(1)
        self.api = Api(URL, Keys(Secret(self.venue.terms.key), Secret(self.venue.terms.secret)))
        self.btc = self.listed("BTC%2FUSD")
        known = {one.id: one for one in (self.btc, self.listed("AAPL"))}
        ways = Ways(ask=self.ask, pause=self.venue.run, now=lambda: self.venue.doors.now)
        self.account = PanicAtAlpaca(self.api, ways, known, EngineId("abc12"))
        self.venue.run(200 * MS)

    def listed(self, name: str) -> Instrument:
        request = self.api.get("/v2/assets/")
        told = self.ask(msgspec.structs.replace(request, url=request.url + name))
        assert isinstance(told, HttpReply)
        return instrument_of(decode_asset(told.body))

    def ask(self, request: HttpRequest) -> Answer:
        answers: list[Answer] = []
        self.venue.doors.ask(request, answers.append)
        while not answers:
            self.venue.run(10 * MS)
        return answers[0]

    def place(self, key: str, symbol: str, side: str, qty: str, **more: str) -> None:
        body = {"symbol": symbol, "side": side, "qty": qty, "client_order_id": key}
        body |= {"type": "market", "time_in_force": "gtc"} | more
        answer = self.ask(self.api.send("POST", "/v2/orders", body))
        assert getattr(answer, "status", 0) == 200, answer
        self.venue.run(500 * MS)

    def panic(self, *, flatten: bool) -> PanicNote:
        return make_safe(
            AccountName("a"), self.account, flatten=flatten, when="", keep=lambda _: None
        )


def test_what_adds_risk_is_cancelled_and_what_protects_stays() -> None:
    reached = Reached()
    reached.place("bought", "BTC/USD", "buy", "0.5")
    held = reached.account.positions()[reached.btc.id]
    lot = reached.btc.rules_at(0).lot
    free = str(reached.btc.quantity(held // 2 // lot * lot))
    reached.place("more", "BTC/USD", "buy", "0.1", type="limit", limit_price="50000")
    reached.place("less", "BTC/USD", "sell", free, type="limit", limit_price="90000")
    note = reached.panic(flatten=False)
    assert (note.cancelled, note.kept, note.failed) == (("more",), ("less",), ())
    assert note.open_positions == {reached.btc.id: held}


def test_flatten_frees_what_orders_lock_and_closes_every_position() -> None:
    reached = Reached()
    reached.place("bought", "BTC/USD", "buy", "0.5")
    held = reached.account.positions()[reached.btc.id]
    all_of_it = str(reached.btc.quantity(held))
    reached.place("stop", "BTC/USD", "sell", all_of_it, type="limit", limit_price="90000")
    note = reached.panic(flatten=True)
    assert note.failed == ()
    assert note.cancelled == ("stop",)
    assert [(one.side, one.quantity) for one in note.closed] == [("sell", held)]
    assert note.closed[0].client_order_id.startswith("tbabc12-p")
    assert (dict(note.open_positions), note.kept) == ({}, ())


def test_a_venue_that_does_not_tell_ends_it_before_anything_is_done() -> None:
    reached = Reached()
    fault = Fault(venue="alpaca", fault="http_5xx", on="request")
    reached.venue.striker.arm(fault)
    with pytest.raises(VenueRefused, match="HTTP 503"):
        reached.panic(flatten=True)


def test_an_order_that_stays_is_told_with_the_venues_word() -> None:
    reached = Reached()
    reached.place("more", "BTC/USD", "buy", "0.1", type="limit", limit_price="50000")
    reached.venue.striker.arm(Fault(venue="alpaca", fault="http_5xx", on="cancel"))
    note = reached.panic(flatten=False)
    assert note.cancelled == ()
    assert "order more stays: HTTP 503" in note.failed[0]
