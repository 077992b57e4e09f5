"""A log line in its two forms: JSON for machines, words for people."""

from typing import cast

import orjson

from tradebot.engine.observability.redaction import Plain

type LogEvent = dict[str, Plain]
"""A clean log line: `event level timestamp`, and what it speaks of."""

LOG_FILE = "engine.log"
"""Name of the log in an engine's state folder."""

_LEADING = ("timestamp", "level", "event")
_TEXTS = ("exception", "stack")


def json_line(event: LogEvent) -> bytes:
    """Return a line of JSON with its newline."""
    try:
        return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits
        return orjson.dumps({key: str(value) for key, value in event.items()}) + b"\n"


def readable(event: LogEvent) -> str:
    """Return a line for people: time, level, event, then `key=value`; a traceback follows on lines of its own."""
    head = f"{event.get('timestamp', '')} {event.get('level', ''):<8} {event.get('event', '')}"
    pairs = [
        f"{key}={_value(value)}"
        for key, value in event.items()
        if key not in _LEADING and key not in _TEXTS
    ]
    texts = [str(event[key]) for key in _TEXTS if event.get(key)]
    return "\n".join(["  ".join([head, *pairs]), *texts])


def readable_line(line: str) -> str:
    """Return a line of the log file for people; one that is not JSON as it is."""
    try:
        event: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    return readable(cast("LogEvent", event)) if isinstance(event, dict) else line


def _value(value: Plain) -> str:
    if isinstance(value, str):
        return value if value and not any(part.isspace() for part in value) else repr(value)
    return orjson.dumps(value).decode()
