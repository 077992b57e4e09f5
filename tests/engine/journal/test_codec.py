"""Every event and outcome goes through a row unchanged, and what is unknown is counted."""

from collections.abc import Mapping

import msgspec
import msgspec.inspect as mi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.data.events import AnyMarketEvent
from tradebot.engine.core.events import OrderAccepted, OrderLane, OrderLaneEvent
from tradebot.engine.core.outcomes import Alert, AnyOutcome, Outcome
from tradebot.engine.core.types import ClientOrderId, VenueOrderId
from tradebot.engine.journal.blocks import RawRecord, encode_record
from tradebot.engine.journal.codec import (
    EVENT_KINDS,
    OUTCOME_KINDS,
    Row,
    RowDecoder,
    hash_bodies,
    hash_outcomes,
    member_tags,
    row_of,
)
from tradebot.engine.journal.errors import JournalDamaged, UnknownKind
from tradebot.engine.journal.export import LINE_FIELDS

ALL_KINDS = {**EVENT_KINDS, **OUTCOME_KINDS}
MARKET_KINDS = member_tags(AnyMarketEvent)
I64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
SIMPLE: Mapping[type[mi.Type], st.SearchStrategy[object]] = {
    mi.IntType: I64,
    mi.StrType: TEXT,
    mi.BoolType: st.booleans(),
    mi.NoneType: st.none(),
    mi.BytesType: st.binary(max_size=8),
    mi.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    mi.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
}


def values_of(kind: mi.Type) -> st.SearchStrategy[object]:
    match kind:
        case mi.LiteralType(values=values):
            return st.sampled_from(values)
        case mi.UnionType(types=types):
            return st.one_of([values_of(member) for member in types])
        case mi.VarTupleType(item_type=item):
            return st.lists(values_of(item), max_size=3).map(tuple)
        case mi.TupleType(item_types=items):
            return st.tuples(*(values_of(item) for item in items))
        case mi.DictType(key_type=key, value_type=value):
            return st.dictionaries(values_of(key), values_of(value), max_size=3)
        case mi.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: values_of(field.type) for field in fields})
        case _:
            return SIMPLE[type(kind)]


def instances(kinds: Mapping[str, type[msgspec.Struct]]) -> st.SearchStrategy[msgspec.Struct]:
    """Every member of a union is as likely as any other."""
    members = [values_of(mi.type_info(kinds[tag])) for tag in sorted(kinds)]
    return st.one_of(members)  # pyright: ignore[reportReturnType]  (each builds a struct)


EVENTS = instances(EVENT_KINDS)
OUTCOMES = instances(OUTCOME_KINDS)
MARKET = instances(MARKET_KINDS)


def accepted() -> Row:
    event = OrderAccepted(
        client_order_id=ClientOrderId("tbabcde1"), venue_order_id=VenueOrderId("v"), ts_event=1
    )
    return row_of(7, 0, 9, event)


@given(EVENTS)
@settings(max_examples=600)
def test_event_of_every_kind_survives_a_row(event: OrderLaneEvent) -> None:
    decoder = RowDecoder()
    assert decoder.event(row_of(1, 0, 2, event)) == event
    assert not decoder.unknown.fields


@given(OUTCOMES)
@settings(max_examples=600)
def test_outcome_of_every_kind_survives_a_row(outcome: Outcome) -> None:
    decoder = RowDecoder()
    assert decoder.outcome(row_of(1, 1, 2, outcome)) == outcome
    assert not decoder.unknown.fields


@given(MARKET, I64, I64)
@settings(max_examples=300)
def test_market_event_of_every_kind_survives_a_record(
    event: AnyMarketEvent, seq: int, now: int
) -> None:
    assert RawRecord(0, encode_record(seq, now, event)).decode() == (seq, now, event)


@pytest.mark.parametrize("tag", sorted(ALL_KINDS))
def test_no_kind_has_a_field_that_an_exported_line_needs_itself(tag: str) -> None:
    kind = ALL_KINDS[tag]
    assert not set(kind.__struct_fields__) & set(LINE_FIELDS)


def test_kinds_of_events_and_outcomes_are_told_apart_by_their_tag() -> None:
    assert not EVENT_KINDS.keys() & OUTCOME_KINDS.keys()
    assert member_tags(OrderLane) == EVENT_KINDS
    assert member_tags(AnyOutcome) == OUTCOME_KINDS


def test_unknown_kind_is_refused_by_name_and_counted() -> None:
    decoder = RowDecoder()
    row = Row(7, 1, 9, "teleport", b'{"kind":"teleport"}')
    for _ in range(2):
        with pytest.raises(UnknownKind, match=r"row 7\.1 .*'teleport'") as caught:
            decoder.outcome(row)
        assert caught.value.seq == 7
    assert decoder.unknown.kinds == {"teleport": 2}


def test_unknown_field_is_counted_wherever_it_stands() -> None:
    decoder = RowDecoder()
    row = accepted()
    longer = msgspec.structs.replace(row, body=row.body[:-1] + b',"hue":1}')
    assert decoder.event(longer) == decoder.event(row)
    limits = b'{"kind":"alert","level":"info","text":"x","more":{"deep":[1]}}'
    assert decoder.outcome(Row(7, 1, 9, "alert", limits)) == Alert(level="info", text="x")
    assert decoder.unknown.fields == {"order-accepted.hue": 1, "alert.more": 1}


def test_unknown_field_of_an_item_in_a_list_is_counted() -> None:
    decoder = RowDecoder()
    body = b'{"kind":"decided","sleeve":"s","version":"v","because":{"code":"c","values":[],"mood":3},"actions":1}'
    decoder.outcome(Row(7, 1, 9, "decided", body))
    assert decoder.unknown.fields == {"decided.because.mood": 1}


def test_row_written_before_a_field_existed_is_read_with_its_default_and_not_counted() -> None:
    decoder = RowDecoder()
    decoder.outcome(
        Row(7, 1, 9, "sleeve-paused", b'{"kind":"sleeve-paused","sleeve":"s","reason":"r"}')
    )
    assert not decoder.unknown.fields


def test_unknown_names_are_told_apart_only_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradebot.engine.journal.codec.UNKNOWN_NAMES_MAX", 2)
    decoder = RowDecoder()
    for name in ("a", "b", "c", "d"):
        with pytest.raises(UnknownKind):
            decoder.event(Row(7, 0, 9, name, b"{}"))
    assert decoder.unknown.kinds == {"a": 1, "b": 1, "...": 2}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"kind":"order-accepted"}', b'{"kind":"order-accepted","x":']
)
def test_body_that_is_not_its_kind_is_damage_with_its_place(body: bytes) -> None:
    with pytest.raises(JournalDamaged, match=r"row 7\.0 \(order-accepted\) cannot be read"):
        RowDecoder().event(msgspec.structs.replace(accepted(), body=body))


@given(st.binary(max_size=20))
def test_checksum_of_a_row_covers_every_field(noise: bytes) -> None:
    row = accepted()
    others = [
        msgspec.structs.replace(row, seq=8),
        msgspec.structs.replace(row, index=1),
        msgspec.structs.replace(row, now=8),
        msgspec.structs.replace(row, kind="order-rejected"),
        msgspec.structs.replace(row, body=row.body + noise + b"."),
    ]
    assert row.checksum() not in {other.checksum() for other in others}


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_effects_hash_tells_two_sequences_apart_even_where_their_bytes_run_together(
    one: list[bytes], other: list[bytes]
) -> None:
    assert (hash_bodies(one) == hash_bodies(other)) == (one == other)
    assert hash_bodies([b"a", b"b"]) != hash_bodies([b"ab"])


def test_effects_hash_of_outcomes_is_that_of_their_rows() -> None:
    outcomes = [Alert(level="info", text="x"), Alert(level="warn", text="y")]
    rows = [row_of(3, index, 9, outcome) for index, outcome in enumerate(outcomes, 1)]
    assert hash_outcomes(outcomes) == hash_bodies(row.body for row in rows)
