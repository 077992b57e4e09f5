"""Traces, metrics and logs reach a collector by OTLP; one that does not answer holds nobody up."""

import os
import time
from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.live.live_bench import START, LiveBench, quiet_market
from tests.engine.observability.collector import Collector, attributes, collecting
from tests.engine.observability.test_spans import place

from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.observability import otlp
from tradebot.engine.observability.order_life import order_steps
from tradebot.engine.observability.otlp import Telemetry
from tradebot.engine.observability.sample import sample
from tradebot.engine.observability.spans import trace_id

NAMES = {
    "tradebot.order.latency",
    "tradebot.order.fill_rate",
    "tradebot.orders",
    "tradebot.orders.working",
    "tradebot.orders.unresolved",
    "tradebot.fills",
    "tradebot.equity",
    "tradebot.pnl.day",
    "tradebot.feed.age",
    "tradebot.queue.depth",
    "tradebot.reconcile.differences",
    "tradebot.loop.lag",
    "tradebot.telemetry.dropped",
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """Run one order through an engine and return what its collector was told."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=desk")
    with collecting() as collector:
        telemetry = Telemetry(collector.url + "/", {"service.name": "tradebot"}, os.environ)
        telemetry.start()
        bench = LiveBench(tmp_path, quiet_market())

        def observe(seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
            for step in order_steps(bench.kernel.state, seq, now, event, outcomes):
                telemetry.order(step)

        bench.runtime.observers.append(observe)
        place(bench, 500, limit=None)
        bench.until(2_000)
        bench.kernel.state.day_start = Decimal(100_000)
        telemetry.sampled(
            sample(
                bench.kernel.state,
                seq=bench.runtime.seq,
                now=bench.runtime.now + 1_000_000_000,
                queues={"inbox": 3},
                lag_ms=1.5,
            )
        )
        telemetry.line(
            START, {"event": "order-filled", "level": "warning", "client_order_id": "tb1"}
        )
        telemetry.line(START, {"event": "about the collector", "logger": "opentelemetry.sdk"})
        bench.close()
        telemetry.close()
    return collector


def test_spans_metrics_and_lines_arrive(told: Collector) -> None:
    root = next(span for span in told.spans if span.name == "order")
    order = str(attributes(list(root.attributes))["tradebot.client_order_id"])
    assert {span.name for span in told.spans} == {"order", "order.accepted", "order.fill"}
    assert {span.trace_id for span in told.spans} == {trace_id(order).to_bytes(16)}
    assert {span.parent_span_id for span in told.spans if span.name != "order"} == {root.span_id}
    assert set(told.metrics) == NAMES
    (age,) = told.metrics["tradebot.feed.age"].gauge.data_points
    assert 1 <= age.as_double < 2
    (depth,) = told.metrics["tradebot.queue.depth"].gauge.data_points
    assert (attributes(list(depth.attributes)), depth.as_int) == ({"queue": "inbox"}, 3)
    (rate,) = told.metrics["tradebot.order.fill_rate"].gauge.data_points
    assert rate.as_double == 1
    (line,) = told.lines
    assert line.body.string_value == "order-filled"
    assert line.severity_text == "warning"
    assert line.trace_id == trace_id("tb1").to_bytes(16)
    assert told.headers["x-team"] == "desk"


def test_documentation_names_every_metric() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert [name for name in sorted(NAMES) if f"`{name}`" not in page] == []


def test_a_collector_that_is_not_there_costs_the_engine_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otlp, "QUEUE_MAX", 50)
    monkeypatch.setattr(otlp, "CLOSE_S", 0.2)
    telemetry = Telemetry("http://127.0.0.1:9", {}, {})
    telemetry.start()
    begun = time.monotonic()  # noqa: TID251  (the wall a caller would wait by)
    for _ in range(5_000):
        telemetry.line(START, {"event": "x"})
    took = time.monotonic() - begun  # noqa: TID251  (as above)
    assert took < 1
    assert telemetry.waiting <= 50
    assert telemetry.dropped > 0
    telemetry.close()
