"""Where an engine's log goes: stderr, since stdout belongs to facts."""

import logging
import sys

import structlog
from structlog.typing import Processor


def log_to_stderr() -> None:
    """Write log lines to stderr: for people on a terminal, as JSON elsewhere; libraries from warnings up."""
    human = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_people: list[Processor] = [
        # Without its own choice of traceback structlog would load rich for one.
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    ]
    for_machines: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, *(for_people if human else for_machines)],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
