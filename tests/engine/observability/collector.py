"""A local OTLP/HTTP collector that decodes what it is sent."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What came in so far."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.lines: list[LogRecord] = []
        self.headers: dict[str, str] = {}
        self.arrived = threading.Condition()
        self.url = ""

    def take(self, path: str, body: bytes) -> None:
        """Decode one request."""
        with self.arrived:
            match path:
                case "/v1/traces":
                    traces = ExportTraceServiceRequest.FromString(body)
                    self.spans += [
                        span
                        for resource in traces.resource_spans
                        for scope in resource.scope_spans
                        for span in scope.spans
                    ]
                case "/v1/metrics":
                    measured = ExportMetricsServiceRequest.FromString(body)
                    self.metrics |= {
                        metric.name: metric
                        for resource in measured.resource_metrics
                        for scope in resource.scope_metrics
                        for metric in scope.metrics
                    }
                case "/v1/logs":
                    logs = ExportLogsServiceRequest.FromString(body)
                    self.lines += [
                        line
                        for resource in logs.resource_logs
                        for scope in resource.scope_logs
                        for line in scope.log_records
                    ]
                case _:
                    raise AssertionError(f"nobody should ask for {path}")
            self.arrived.notify_all()


def attributes(pairs: "list[KeyValue]") -> dict[str, str | int]:
    """Return attributes as a plain map."""
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in pairs}


@contextmanager
def collecting() -> Generator[Collector]:
    """Serve a collector on this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.headers = {key.lower(): value for key, value in self.headers.items()}
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
