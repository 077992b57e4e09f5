"""The judge of the drills: what it reads in the venue's ledger, and that it misses nothing."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tradebot.engine.control.messages_facts import FillFacts, OrderFacts, PositionFacts, Status
from tradebot.engine.drills import judge
from tradebot.engine.drills.judge import differences
from tradebot.engine.drills.truth import Truth, read_truth

LEDGER: tuple[dict[str, object], ...] = (
    {"kind": "opened", "account": "sandbox", "currency": "USDT", "cash": "100000"},
    {"kind": "accepted", "client_order_id": "a", "quantity": 50, "price": 6001000, "trigger": None},
    {
        "kind": "filled",
        "client_order_id": "a",
        "execution_id": "x1",
        "side": "buy",
        "quantity": 50,
        "price": 6000000,
        "fee": "3.00",
    },
    {"kind": "accepted", "client_order_id": "s", "quantity": 50, "price": None, "trigger": 5880000},
    {"kind": "market-at", "last": {}},
    {"kind": "accepted", "client_order_id": "r", "quantity": 20, "price": 5820000, "trigger": None},
    {"kind": "ended", "client_order_id": "r", "how": "cancelled", "reason": ""},
)


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    ledger = tmp_path / "venue.log"
    whole = "".join(json.dumps(line) + "\n" for line in LEDGER)
    ledger.write_text(whole + '{"kind": "filled", "client_ord')  # a line that is being written
    return read_truth(ledger)


def order(key: str, state: str) -> OrderFacts:
    facts = dict.fromkeys(OrderFacts.__struct_fields__)
    facts |= {"client_order_id": key, "state": state, "lives_at": "broker"}
    return OrderFacts(**facts)  # pyright: ignore[reportArgumentType]


class Said:
    """An engine that says what the venue has, but for what a test changes."""

    def __init__(self) -> None:
        self.cash = "96997.00"
        self.position = "0.050"
        self.known = {"a": "filled", "s": "accepted", "r": "cancelled"}
        self.told = ["x1"]

    def status(self) -> Status:
        facts = dict.fromkeys(Status.__struct_fields__) | {"cash": {"USDT": self.cash}}
        return Status(**facts)  # pyright: ignore[reportArgumentType]

    def positions(self) -> list[PositionFacts]:
        facts = dict.fromkeys(PositionFacts.__struct_fields__) | {"quantity": self.position}
        return [PositionFacts(**facts)]  # pyright: ignore[reportArgumentType]

    def orders(self, *, working_only: bool) -> list[OrderFacts]:
        assert not working_only
        return [order(key, state) for key, state in self.known.items()]

    def fills(self, limit: int) -> list[FillFacts]:
        facts = dict.fromkeys(FillFacts.__struct_fields__)
        said = [FillFacts(**(facts | {"execution_id": key})) for key in self.told]  # pyright: ignore[reportArgumentType]
        return said[:limit]


def test_a_ledger_adds_up_to_cash_position_orders_and_standing_stops(truth: Truth) -> None:
    assert (truth.cash, truth.position) == (Decimal("96997.00"), Decimal("0.050"))
    assert truth.orders == {"a": "filled", "s": "working", "r": "cancelled"}
    assert truth.standing_stops == {"s": Decimal("0.050")}
    assert truth.stops == {"s": Decimal("58800.00")}


def journal_with(*fills: str) -> Callable[[Path], set[str]]:
    def known(journal: Path) -> set[str]:
        assert journal
        return set(fills)

    return known


def judged(said: Said, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(judge, "known_fills", journal_with("x1"))
    return differences(said, truth, Path("unused"))


def test_books_that_are_equal_have_no_difference(
    truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judged(Said(), truth, monkeypatch) == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("told", [], "fill x1 lost"),
        ("told", ["x1", "x1"], "fill x1 doubled"),
        ("told", ["x1", "x9"], "fill x9 invented"),
        ("position", "0.049", "position 0.049, the venue has 0.050"),
        ("cash", "96997.01", "cash 96997.01, the venue has 96997.00000"),
        (
            "known",
            {"a": "filled", "s": "cancelled", "r": "cancelled"},
            "order s cancelled, the venue has working",
        ),
        ("known", {"a": "filled", "s": "accepted"}, "order r cancelled at the venue, unknown here"),
        (
            "known",
            {"a": "filled", "s": "accepted", "r": "cancelled", "z": "accepted"},
            "order z accepted, the venue has None",
        ),
    ],
)
def test_whatever_differs_is_named(
    truth: Truth, monkeypatch: pytest.MonkeyPatch, name: str, value: object, found: str
) -> None:
    said = Said()
    setattr(said, name, value)
    assert judged(said, truth, monkeypatch) == [found]


def test_a_fill_that_only_the_memory_has_is_lost_with_it(
    truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "known_fills", journal_with())
    assert differences(Said(), truth, Path("unused")) == ["fill x1 lost"]


def test_a_denied_order_need_not_be_known_at_the_venue(
    truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Said()
    said.known["d"] = "denied"
    assert judged(said, truth, monkeypatch) == []
