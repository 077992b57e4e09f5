"""An order's life is one trace, also when the engine was restarted in between."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.live.live_bench import ACCOUNT, BTC, START, LiveBench, quiet_market

from tradebot.engine.core.events import CancelRequested, Event, PlaceOrder
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import MS, RequestId
from tradebot.engine.observability.order_life import order_steps
from tradebot.engine.observability.spans import Latency, OrderTraces, Span, span_id, trace_id


class Traced:
    """A bench whose orders are traced."""

    def __init__(self, folder: Path) -> None:
        self.bench = LiveBench(folder, quiet_market())
        self.traces = OrderTraces()
        self.found: list[Span | Latency] = []
        self.bench.runtime.observers.append(self._stepped)
        self.bench.runtime.settled.append(self._settled)

    def _stepped(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        for step in order_steps(self.bench.kernel.state, seq, now, event, outcomes):
            self.found += self.traces.take(step)

    def _settled(self, now: int, durable_seq: int, effects: list[VenueEffect]) -> None:
        self.found += self.traces.durable(durable_seq, now)
        for effect in effects:
            if isinstance(effect, RiskApproved):
                self.found += self.traces.sent(effect.item.order.client_order_id, now)

    @property
    def spans(self) -> list[Span]:
        return [one for one in self.found if isinstance(one, Span)]


def place(bench: LiveBench, at_ms: int, *, limit: int | None, quantity: int = 10) -> str:
    bench.until(at_ms)
    bench.runtime.operate(
        PlaceOrder(
            request_id=RequestId(f"r{at_ms}"),
            account=ACCOUNT,
            instrument=BTC.id,
            side="buy",
            type="market" if limit is None else "limit",
            tif="ioc" if limit is None else "gtc",
            quantity=quantity,
            limit_price=limit,
        ),
        START + at_ms * MS,
    )
    return list(bench.kernel.state.blotter)[-1].intent.client_order_id


def test_an_order_that_fills_is_one_trace_from_intent_to_end(tmp_path: Path) -> None:
    traced = Traced(tmp_path)
    order = place(traced.bench, 500, limit=None)
    traced.bench.until(1_000).close()
    assert [span.name for span in traced.spans] == [
        "order.durable",
        "order.sent",
        "order.accepted",
        "order.fill",
        "order",
    ]
    assert {span.trace_id for span in traced.spans} == {trace_id(order)}
    root = traced.spans[-1]
    assert root.parent_id is None
    assert {span.parent_id for span in traced.spans[:-1]} == {root.span_id}
    assert len({span.span_id for span in traced.spans}) == 5
    assert root.start == START + 500 * MS
    assert all(root.start <= span.start <= span.end <= root.end for span in traced.spans)
    assert root.attributes["tradebot.request_id"] == "r500"
    assert root.attributes["tradebot.state"] == "filled"
    phases = {one.phase: one.ns for one in traced.found if isinstance(one, Latency)}
    assert phases == {
        "durable": 0,
        "accepted": 10 * MS,
        "first_fill": 10 * MS,
        "end": 10 * MS,
    }


def test_a_restart_goes_on_with_the_same_trace(tmp_path: Path) -> None:
    first = Traced(tmp_path)
    order = place(first.bench, 500, limit=9_000_0 + 1_000_0)
    first.bench.runtime.hand_over(CancelRequested())
    order = place(first.bench, 600, limit=9_980_0)
    first.bench.until(700)
    first.bench.runtime.commit()
    first.bench.close()
    second = Traced(tmp_path)
    second.bench.until(800)
    second.bench.runtime.operate(CancelRequested(), START + 800 * MS)
    second.bench.until(1_200).close()
    before = {span.name for span in first.spans if span.trace_id == trace_id(order)}
    after = {span.name: span for span in second.spans if span.trace_id == trace_id(order)}
    assert before == {"order.durable", "order.sent", "order.accepted"}
    assert {"order", "order.cancel"} <= set(after)
    assert after["order"].start == START + 600 * MS
    assert after["order.cancel"].parent_id == span_id(order, "order") == after["order"].span_id
    assert after["order"].attributes["tradebot.state"] == "cancelled"


def test_a_denied_order_is_a_trace_that_says_error(tmp_path: Path) -> None:
    traced = Traced(tmp_path)
    place(traced.bench, 500, limit=None, quantity=1_000_000_000)
    traced.bench.close()
    (span,) = traced.spans
    assert span.name == "order"
    assert span.error is not None


@pytest.mark.parametrize("size", [64, 128])
def test_ids_are_never_zero_and_fit(size: int) -> None:
    hashed = span_id("tbabc1", "order") if size == 64 else trace_id("tbabc1")
    assert 0 < hashed < 2**size


@given(st.text(min_size=1), st.text(min_size=1))
def test_other_orders_have_other_traces(one: str, other: str) -> None:
    assert (trace_id(one) == trace_id(other)) == (one == other)
