"""Lines of recorded web sockets: a receive time, then one JSON message.

Two spellings are known. `binance-raw`: `<ns since epoch> <json>`. `cryptofeed`: `<s since epoch>: <json>`, a REST
reply as `<url> -> <s>: <json>`, and what was sent or opened as `wss://...`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tradebot.data.recordings.lines import Line, read_lines
from tradebot.data.recordings.problems import Problems

_SECOND_NS = 1_000_000_000
_NANO_DIGITS = 9
_TIME_DIGITS_MAX = 19


class TimedLine(NamedTuple):
    """One received message, not yet decoded."""

    file: str
    """The file's name, without its folder."""
    number: int
    """Line number, from 1."""
    ts_recv: int
    """Receive time, ns UTC."""
    payload: bytes
    """The message as JSON text."""
    url: str = ""
    """Where a REST reply came from."""


type LineParser = Callable[[Line], TimedLine | None]
"""Takes a line apart; None is a line that carries no message; ValueError says what is wrong."""


def timed_lines(path: Path, parser: LineParser, problems: Problems) -> Iterator[TimedLine]:
    """Yield the messages of one file in file order; lines that do not parse are counted.

    Raises:
        OSError: If the file cannot be read.
    """
    for line in read_lines(path, problems):
        try:
            timed = parser(line)
        except ValueError as error:
            problems.malformed.add(line.file, line.number, str(error))
            continue
        if timed is None:
            problems.ignored += 1
        else:
            yield timed


def parse_nanoseconds_line(line: Line) -> TimedLine | None:
    """Take a `binance-raw` line apart.

    Raises:
        ValueError: If it does not start with a time in ns and a space.
    """
    stamp, space, payload = line.content.partition(b" ")
    if not space or not stamp.isdigit() or len(stamp) > _TIME_DIGITS_MAX:
        raise ValueError(f"line must be `<ns> <json>`, begins {_shown(line.content)}")
    return TimedLine(line.file, line.number, int(stamp), payload.strip())


def parse_cryptofeed_line(line: Line) -> TimedLine | None:
    """Take a `cryptofeed` line apart; None for what was opened, sent or configured.

    Raises:
        ValueError: If it is none of the known spellings.
    """
    content = line.content
    if content.startswith((b"wss://", b"ws://", b"configuration:")):
        return None
    url = b""
    if content.startswith((b"https://", b"http://")):
        url, arrow, content = content.partition(b" -> ")
        if not arrow:
            raise ValueError(f"REST line must be `<url> -> <s>: <json>`, begins {_shown(url)}")
    stamp, colon, payload = content.partition(b": ")
    ts_recv = _nanoseconds(stamp) if colon else None
    if ts_recv is None:
        raise ValueError(f"line must be `<s>: <json>`, begins {_shown(content)}")
    name = url.decode("ascii", "replace")
    return TimedLine(line.file, line.number, ts_recv, payload.strip(), name)


def _nanoseconds(seconds: bytes) -> int | None:
    """Return decimal seconds as ns, exactly; None if it is not a plain decimal."""
    whole, _, fraction = seconds.partition(b".")
    plain = whole.isdigit() and (not fraction or fraction.isdigit())
    if not plain or len(whole) + _NANO_DIGITS > _TIME_DIGITS_MAX:
        return None
    return int(whole) * _SECOND_NS + int(fraction[:_NANO_DIGITS].ljust(_NANO_DIGITS, b"0"))


def _shown(content: bytes) -> str:
    return repr(content[:40].decode("ascii", "replace"))
