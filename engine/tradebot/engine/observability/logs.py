"""Where log lines go: stderr and the engine's log file, by a thread, so that neither can hold the engine up."""

import logging
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast, override

import structlog
from structlog.typing import EventDict, WrappedLogger

from tradebot.engine.observability.lines import LOG_FILE, LogEvent, json_line, readable
from tradebot.engine.observability.redaction import clean
from tradebot.engine.observability.rotation import RotatingFile
from tradebot.engine.observability.worker import Worker

type LogFormat = Literal["auto", "json", "console", "file"]
"""On stderr: JSON, words, words on a terminal and JSON elsewhere, or nothing (the file has them)."""

QUEUE_MAX = 10_000
"""Log lines that may wait; what comes on top is counted and told."""

CLOSE_S = 2.0
"""Longest wait for the last lines at the end."""

STDERR = 2


class LogSink:
    """Takes clean events and writes them from its own thread."""

    def __init__(self, shape: Literal["json", "console", "file"]) -> None:
        self._shape = shape
        self._file: RotatingFile | None = None
        self._told = 0
        self._failing = False
        self.also: list[Callable[[LogEvent], object]] = []
        """Told of each line, in the sink's thread; must not block."""
        self._worker: Worker[LogEvent] = Worker("tradebot-log", self._write, capacity=QUEUE_MAX)
        self._worker.start()

    @property
    def waiting(self) -> int:
        """Return how many lines wait."""
        return self._worker.waiting

    @property
    def dropped(self) -> int:
        """Return how many lines did not fit into the queue."""
        return self._worker.dropped

    def take(self, event: LogEvent) -> None:
        """Take a clean event; never waits."""
        self._worker.offer(event)

    def keep_in(self, folder: Path) -> None:
        """Write to the log file of a state folder too.

        Raises:
            OSError: If the file cannot be opened.
        """
        self._file = RotatingFile(folder / LOG_FILE)

    def close(self) -> None:
        """Write what waits, for at most `CLOSE_S` seconds."""
        if self._worker.close(CLOSE_S) and self._file is not None:
            self._file.close()

    def _write(self, event: LogEvent) -> None:
        lost = self._worker.dropped - self._told
        if lost:
            self._told += lost
            self._put({**event, "event": "log lines dropped", "level": "warning", "lines": lost})
        self._put(event)

    def _put(self, event: LogEvent) -> None:
        line = json_line(event)
        if self._shape != "file":
            _to_stderr(line if self._shape == "json" else f"{readable(event)}\n".encode())
        if self._file is not None:
            try:
                self._file.write(line)
                self._failing = False
            except OSError as error:  # a full disk: said once on stderr, tried again with each line
                if not self._failing:
                    _to_stderr(f"tradebot: {self._file.path}: {error.strerror}\n".encode())
                self._failing = True
        for other in self.also:
            other(event)


def _to_stderr(text: bytes) -> None:
    try:
        os.write(STDERR, text)
    except OSError:
        # Whoever read stderr is gone. There is nobody left to tell, and the engine goes on without.
        return


@contextmanager
def logging_to(shape: LogFormat) -> Generator[LogSink]:
    """Send the log lines of this process to stderr (and to whatever the sink is told) while the context is open."""
    chosen = ("console" if sys.stderr.isatty() else "json") if shape == "auto" else shape
    sink = LogSink(chosen)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            cleaned,
        ],
        logger_factory=lambda *_names: _Into(sink),
        cache_logger_on_first_use=False,
    )
    handler = _FromLibraries(sink)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield sink
    finally:
        root.removeHandler(handler)
        structlog.reset_defaults()
        sink.close()


def cleaned(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> tuple[tuple[LogEvent], dict[str, object]]:
    """Return a log event as plain values without secrets, for the sink."""
    return (cast("LogEvent", clean(event)),), {}


class _Into:
    """The logger structlog hands events to, whatever their level."""

    def __init__(self, sink: LogSink) -> None:
        self.debug = self.info = self.warning = self.error = sink.take
        self.critical = self.exception = self.fatal = self.msg = sink.take


class _FromLibraries(logging.Handler):
    """Lines of libraries that log with the standard library, from warnings up."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__(logging.WARNING)
        self._sink = sink
        self._stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
        }
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        self._sink.take(cast("LogEvent", clean(self._stamp(None, "", event))))
