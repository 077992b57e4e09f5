"""Spans, metrics and log lines to an OpenTelemetry collector by OTLP over HTTP, from a thread of its own.

This module imports OpenTelemetry (the extra `ops`), so it is imported only where `[telemetry] endpoint` is set.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from tradebot.engine.core.types import SECOND
from tradebot.engine.observability.lines import LogEvent
from tradebot.engine.observability.order_life import OrderStep
from tradebot.engine.observability.sample import Sample
from tradebot.engine.observability.spans import Latency, OrderTraces, Span, span_id, trace_id
from tradebot.engine.observability.worker import Worker

QUEUE_MAX = 20_000
"""Things that may wait; what comes on top is dropped and counted."""

BATCH_MAX = 512
"""Spans or lines in one request."""

FLUSH_S = 1.0
"""Longest wait of a finished span while nothing else happens."""

CLOSE_S = 3.0
"""Longest wait for the collector at the end."""

TIMEOUT_S = 5.0
"""Longest wait for an answer to one request; OTEL_EXPORTER_OTLP_TIMEOUT overrides it."""

OWN_LOGGERS: Final = ("opentelemetry", "urllib3", "requests")
"""Libraries whose lines are not sent to the collector: they may be about the collector."""

_SCOPE = InstrumentationScope("tradebot")
_SEVERITY: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}


class _Durable(msgspec.Struct, frozen=True):
    """Everything up to a seq is on disk, and these orders left for the venue."""

    seq: int
    at: int
    sent: tuple[str, ...]


type _Watched = Callable[[Sample], list[Observation]]
type _Callback = Callable[[CallbackOptions], Iterable[Observation]]
type _Item = OrderStep | _Durable | tuple[int, LogEvent]


class Telemetry:
    """Takes what happens from the engine's thread and never makes it wait."""

    def __init__(
        self, endpoint: str, resource: Mapping[str, str], environ: Mapping[str, str]
    ) -> None:
        """Make the exporters; nothing is sent before `start`.

        Args:
            endpoint: Base address of the collector; `/v1/traces` and the like are appended.
            resource: Attributes of everything sent, e.g. `service.name`; OTEL_RESOURCE_ATTRIBUTES adds to them.
            environ: Where OTEL_EXPORTER_OTLP_TIMEOUT may be; headers and the like the exporters read themselves.
        """
        base = endpoint.rstrip("/")
        timeout = None if "OTEL_EXPORTER_OTLP_TIMEOUT" in environ else TIMEOUT_S
        self._resource = Resource.create(dict(resource))
        self._spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=timeout)
        self._logs = OTLPLogExporter(f"{base}/v1/logs", timeout=timeout)
        exporter = OTLPMetricExporter(f"{base}/v1/metrics", timeout=timeout)
        self._reader = PeriodicExportingMetricReader(exporter)
        self._provider = MeterProvider([self._reader], self._resource, shutdown_on_exit=False)
        self._traces = OrderTraces()
        self._ended: list[ReadableSpan] = []
        self._lines: list[ReadableLogRecord] = []
        self._sample: Sample | None = None
        self._filled = self._over = 0
        self._worker: Worker[_Item] = Worker(
            "tradebot-telemetry",
            self._take,
            capacity=QUEUE_MAX,
            idle=self._flush,
            idle_s=FLUSH_S,
            end=self._end,
        )
        self._measure()

    def start(self) -> None:
        """Begin to send."""
        self._worker.start()

    @property
    def waiting(self) -> int:
        """Return how many things wait."""
        return self._worker.waiting

    @property
    def dropped(self) -> int:
        """Return how many things did not fit."""
        return self._worker.dropped

    def order(self, step: OrderStep) -> None:
        """Take a step of an order."""
        self._worker.offer(step)

    def durable(self, seq: int, at: int, sent: tuple[str, ...]) -> None:
        """Take that everything up to a seq is on disk, and that orders left for the venue."""
        self._worker.offer(_Durable(seq, at, sent))

    def line(self, now: int, event: LogEvent) -> None:
        """Take a clean log line, with the system's time in ns."""
        logger = event.get("logger")
        if not (isinstance(logger, str) and logger.startswith(OWN_LOGGERS)):
            self._worker.offer((now, event))

    def sampled(self, sample: Sample) -> None:
        """Take the newest picture of the engine."""
        self._sample = sample

    def close(self) -> None:
        """Send what waits, for at most a few seconds."""
        if not self._worker.close(CLOSE_S):
            self._spans.shutdown()  # ends their waits between tries
            self._logs.shutdown()
            self._worker.close(CLOSE_S)

    # ------------------------------------------------------------------------ in the thread

    def _take(self, item: _Item) -> None:
        match item:
            case OrderStep():
                self._count(item)
                self._keep(self._traces.take(item))
            case _Durable():
                self._keep(self._traces.durable(item.seq, item.at))
                for client_order_id in item.sent:
                    self._keep(self._traces.sent(client_order_id, item.at))
            case (now, event):
                self._lines.append(self._record(now, event))
        if max(len(self._ended), len(self._lines)) >= BATCH_MAX or self._worker.closing.is_set():
            self._flush()

    def _keep(self, found: Iterable[Span | Latency]) -> None:
        for one in found:
            if isinstance(one, Latency):
                self._latency.record(one.ns / SECOND, {"phase": one.phase})
            else:
                self._ended.append(self._span(one))

    def _count(self, step: OrderStep) -> None:
        intent = step.intent
        if intent is None:
            return
        labels = {"owner": intent.owner, "instrument": intent.instrument}
        if step.fill is not None:
            self._fills.add(1, labels)
        if step.ended and step.order is not None:
            self._orders.add(1, {**labels, "state": step.order.state})
            self._over += 1
            self._filled += step.order.filled > 0

    def _flush(self) -> None:
        """Send what has ended; what the collector does not take is gone, since nobody may wait for it."""
        if self._ended:
            self._spans.export(self._ended)
            self._ended = []
        if self._lines:
            self._logs.export(self._lines)
            self._lines = []

    def _end(self) -> None:
        self._flush()
        self._provider.shutdown(CLOSE_S * 1000)

    def _span(self, span: Span) -> ReadableSpan:
        parent = None if span.parent_id is None else _context(span.trace_id, span.parent_id)
        status = Status(StatusCode.UNSET)
        if span.error is not None:
            status = Status(StatusCode.ERROR, span.error)
        return ReadableSpan(
            span.name,
            context=_context(span.trace_id, span.span_id),
            parent=parent,
            resource=self._resource,
            attributes=span.attributes,
            status=status,
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=_SCOPE,
        )

    def _record(self, now: int, event: LogEvent) -> ReadableLogRecord:
        level = str(event.get("level", "info"))
        attributes = {
            key: value if isinstance(value, str | int | float | bool) else str(value)
            for key, value in event.items()
            if key not in {"event", "level", "timestamp"} and value is not None
        }
        order = event.get("client_order_id")
        record = LogRecord(
            timestamp=now,
            observed_timestamp=now,
            severity_text=level,
            severity_number=_SEVERITY.get(level, SeverityNumber.INFO),
            body=str(event.get("event", "")),
            attributes=attributes,
        )
        if isinstance(order, str):  # the line stands beside its order's trace
            record.trace_id = trace_id(order)
            record.span_id = span_id(order, "order")
        return ReadableLogRecord(record, self._resource, _SCOPE)

    # ------------------------------------------------------------------------ metrics

    def _measure(self) -> None:
        """Make the instruments; docs/operations.md lists their names."""
        meter = self._provider.get_meter("tradebot")
        self._latency = meter.create_histogram(
            "tradebot.order.latency", "s", "From the decision to a phase of an order."
        )
        self._fills = meter.create_counter("tradebot.fills", "{fill}", "Executions booked.")
        self._orders = meter.create_counter("tradebot.orders", "{order}", "Orders ended, by state.")
        gauges: tuple[tuple[str, str, str, _Watched], ...] = (
            ("tradebot.order.fill_rate", "1", "Of ended orders, those that filled.", self._rate),
            ("tradebot.equity", "{currency}", "Equity.", _equity),
            ("tradebot.pnl.day", "{currency}", "Profit of the trading day.", _day),
            ("tradebot.feed.age", "s", "Since anything was heard of a market.", _ages),
            ("tradebot.queue.depth", "{item}", "What waits, by queue.", _queues),
            ("tradebot.reconcile.differences", "{difference}", "By account.", _differences),
            ("tradebot.orders.working", "{order}", "Open orders.", _working),
            ("tradebot.orders.unresolved", "{order}", "Orders nobody knows of.", _unresolved),
            ("tradebot.loop.lag", "s", "How long the loop's last turn took.", _lag),
            ("tradebot.telemetry.dropped", "{item}", "What did not fit.", self._lost),
        )
        for name, unit, what, watched in gauges:
            meter.create_observable_gauge(name, [self._seen(watched)], unit, what)

    def _seen(self, watched: _Watched) -> _Callback:
        def look(_: CallbackOptions) -> Iterable[Observation]:
            sample = self._sample
            return [] if sample is None else watched(sample)

        return look

    def _rate(self, _: Sample) -> list[Observation]:
        return [Observation(self._filled / self._over)] if self._over else []

    def _lost(self, _: Sample) -> list[Observation]:
        return [Observation(self._worker.dropped)]


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _money(value: float | None, sample: Sample) -> list[Observation]:
    return [] if value is None else [Observation(value, {"currency": sample.currency})]


def _equity(sample: Sample) -> list[Observation]:
    return _money(sample.equity, sample)


def _day(sample: Sample) -> list[Observation]:
    return _money(sample.day_pnl, sample)


def _ages(sample: Sample) -> list[Observation]:
    known = sample.feed_age_s.items()
    return [Observation(age, {"instrument": name}) for name, age in known if age is not None]


def _queues(sample: Sample) -> list[Observation]:
    return [Observation(count, {"queue": name}) for name, count in sample.queues.items()]


def _differences(sample: Sample) -> list[Observation]:
    return [Observation(count, {"account": name}) for name, count in sample.differences.items()]


def _working(sample: Sample) -> list[Observation]:
    return [Observation(sample.working)]


def _unresolved(sample: Sample) -> list[Observation]:
    return [Observation(sample.unresolved)]


def _lag(sample: Sample) -> list[Observation]:
    return [Observation(sample.lag_s)]
