"""The draft of an order: every key leads to a draft that means what it shows."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.console.screens.trade.ticket import draft as drafts
from tradebot.console.screens.trade.ticket.draft import Draft, request_of
from tradebot.console.screens.trade.ticket.wording import order_words
from tradebot.engine.control.messages_frame import InstrumentView
from tradebot.engine.control.messages_orders import OrderRequest

COIN = InstrumentView(
    id="x:BTC",
    base="BTC",
    currency="USDT",
    tick="0.50",
    lot="0.00001",
    price_decimals=2,
    quantity_decimals=5,
)
EMPTY = Draft(instrument="x:BTC", side="buy")

CHANGES: list[Callable[[Draft], Draft]] = [
    lambda d: drafts.moved(d, 1),
    lambda d: drafts.moved(d, -1),
    lambda d: drafts.typed(d, "5"),
    lambda d: drafts.typed(d, "."),
    lambda d: drafts.typed(d, "y\n1e9"),
    drafts.erased,
    drafts.toggled,
    lambda d: drafts.cycled(d, 1),
    lambda d: drafts.cycled(d, -1),
    lambda d: drafts.stepped(d, COIN, "60000", 1),
    lambda d: drafts.stepped(d, COIN, None, -1),
    lambda d: drafts.ticked(d, COIN, 1),
    lambda d: drafts.with_side(d, "sell"),
    lambda d: drafts.at_field(d, "stop"),
    lambda d: drafts.at_field(d, "target"),
    lambda d: drafts.at_field(d, "edge"),
    lambda d: drafts.at_field(d, "risk"),
]
STEPS = st.lists(st.sampled_from(CHANGES), max_size=40)


@given(STEPS)
def test_any_keys_lead_to_a_request_that_is_allowed_or_to_a_sentence(
    steps: list[Callable[[Draft], Draft]],
) -> None:
    draft = EMPTY
    for step in steps:
        draft = step(draft)
    assert draft.field in drafts.fields_of(draft)
    request = request_of(draft, "c-1")
    if isinstance(request, str):
        assert request.startswith(("quantity", "price", "stop", "target", "edge", "risk"))
        return
    assert (request.quantity > 0) != (request.risk is not None)
    assert request.risk is None or request.stop_loss is not None
    assert (request.limit_price is None) == (request.type == "market")
    assert not (request.post_only and request.tif != "gtc")
    assert msgspec.json.decode(msgspec.json.encode(request), type=OrderRequest) == request
    assert order_words(request).startswith(("BUY", "SELL"))


def test_first_digit_starts_the_figure_anew_and_the_next_go_on() -> None:
    draft = msgspec.structs.replace(EMPTY, quantity="0.2")
    draft = drafts.typed(drafts.typed(draft, "1"), "5")
    assert draft.quantity == "15"


def test_only_one_point_is_taken() -> None:
    assert drafts.typed(EMPTY, "1.2.3").quantity == "1.23"


def test_quantity_step_is_a_lot_times_a_power_of_ten_that_is_worth_something() -> None:
    assert drafts.quantity_step(COIN, "60000.00") == Decimal("0.001")
    assert drafts.quantity_step(COIN, None) == Decimal("0.00001")


def test_quantity_never_goes_below_one_lot() -> None:
    draft = msgspec.structs.replace(EMPTY, quantity="0.001")
    assert drafts.stepped(draft, COIN, "60000", -5).quantity == "0.00001"


def test_price_never_goes_below_one_tick() -> None:
    draft = msgspec.structs.replace(EMPTY, price="0.50")
    assert drafts.ticked(draft, COIN, -1).price == "0.50"


@pytest.mark.parametrize("tif", ["ioc", "fok"])
def test_post_only_and_immediate_exclude_each_other(tif: str) -> None:
    posted = drafts.with_post_only(EMPTY, on=True)
    assert posted.post_only
    taken = msgspec.structs.replace(posted, field="tif")
    while taken.tif != tif:
        taken = drafts.toggled(taken)
    assert not taken.post_only
    assert drafts.with_post_only(taken, on=True).tif == "gtc"


def test_market_order_has_neither_price_nor_post_only() -> None:
    draft = drafts.with_type(drafts.with_post_only(EMPTY, on=True), "market")
    assert drafts.fields_of(draft) == (
        *("quantity", "type", "reduce_only"),
        *("stop", "target", "edge", "risk"),
    )
    assert not draft.post_only


def test_cycling_goes_through_all_combinations_and_back() -> None:
    seen: list[tuple[str, str]] = []
    draft = EMPTY
    for _ in range(4):
        seen.append((draft.type, draft.tif))
        draft = drafts.cycled(draft, 1)
    assert seen == [("limit", "gtc"), ("limit", "ioc"), ("limit", "fok"), ("market", "ioc")]
    assert (draft.type, draft.tif) == ("limit", "gtc")


def test_the_figure_typed_last_says_how_much_risk_or_quantity() -> None:
    draft = drafts.typed(
        drafts.at_field(msgspec.structs.replace(EMPTY, price="60000"), "risk"), "0.25"
    )
    assert request_of(draft, "c-1") == "risk sets the quantity only with a stop: l, then its price"
    draft = drafts.typed(drafts.at_field(draft, "stop"), "58800")
    request = request_of(draft, "c-1")
    assert isinstance(request, OrderRequest)
    assert (request.risk, request.quantity) == (Decimal("0.0025"), 0)
    assert drafts.sized(draft, "0.194").quantity == "0.194"
    typed = drafts.typed(drafts.at_field(draft, "quantity"), "2")
    again = request_of(typed, "c-1")
    assert isinstance(again, OrderRequest)
    assert (again.risk, again.quantity) == (None, 2)


@pytest.mark.parametrize(("field", "text"), [("edge", "100"), ("edge", "0"), ("risk", "101")])
def test_a_share_outside_its_bounds_is_told(field: drafts.Field, text: str) -> None:
    draft = msgspec.structs.replace(EMPTY, quantity="1", price="60000", stop="58800")
    told = request_of(drafts.typed(drafts.at_field(draft, field), text), "c-1")
    assert isinstance(told, str)
    assert "100 %" in told
