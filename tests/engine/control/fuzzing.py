"""A client that speaks nonsense to an engine's socket, seeded; what comes back is read as strictly as HTTP allows."""

import contextlib
import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h11
import msgspec

from tradebot.engine.control.messages_orders import Problem
from tradebot.engine.control.routes import ROUTES, STREAMS

ANSWER_S = 20.0
"""Longest wait for an answer, on a busy machine."""

CASES = int(os.environ.get("FUZZ_CASES", "200"))
"""Sent to each address; `make fuzz` asks for more."""

ENDLESS = frozenset(route.path for route in STREAMS)
METHODS = ("GET", "POST", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW", "é")
NUMBERS = ("NaN", "Infinity", "-0", "1e999999999", "9" * 400, "0x10")
WORDS = (*NUMBERS, "null", "true", "\u202e", "💥", "\ud800", "\x00", "")
HEADERS = ("Last-Event-ID", "Origin", "Sec-Fetch-Site", "X", "Expect", "Upgrade", "Connection")
HEADER_WORDS = (*WORDS, "100-continue", "websocket", "upgrade", "1.0", "http://evil.example")
SEGMENTS = ("tba1b2c0001", "trend-btc", "..%2f..", "%00", "%f0%9f%92%a5", "x" * 300, "%")
PATHS = (
    "/",
    "//",
    "/v1",
    "/v1/../v1/kill",
    "*",
    "http://evil.example/v1/kill",
    "/%",
    "/v1/orders/",
)
PARAMETERS = ("wait", "limit", "working", "rows", "after", "x", "%ff")
VALUES = ("1", "nan", "inf", "-1", "1e400", "9" * 99, "true", "%00", "", "[]", "%f0%9f%92%a5")
VALUES_OF_FIELDS: tuple[object, ...] = (
    *WORDS,
    10**400,
    -1,
    0.1,
    1e308,
    None,
    True,
    [],
    {},
    [[1]] * 9,
)


class Found(msgspec.Struct):
    """What a run came to."""

    statuses: Counter[int]
    silent: int = 0
    """Connections that ended without an answer, because what was sent never was a whole request."""


def fuzz(
    connect: Callable[[], socket.socket],
    *,
    seed: int,
    authorization: str | None = None,
    without: tuple[str, ...] = (),
) -> Found:
    """Send nonsense, one connection for each case.

    Args:
        connect: Opens a connection.
        seed: Of everything that is chosen.
        authorization: The header with a token; None: not needed.
        without: Paths to leave alone.

    Raises:
        AssertionError: If an answer is a failure of the server, or no HTTP, or no Problem.
    """
    chance = random.Random(seed)  # noqa: S311  (a test's own, seeded)
    found = Found(Counter())
    for number in range(CASES):
        sent = _request(chance, authorization, without)
        try:
            status = _exchange(connect, sent, chance)
        except AssertionError as error:
            raise AssertionError(
                f"seed {seed}, case {number}, sent {sent[:300]!r}: {error}"
            ) from error
        if status is None:
            found.silent += 1
        else:
            found.statuses[status] += 1
    return found


def over_unix(path: Path) -> Callable[[], socket.socket]:
    """Return how to open a connection to a unix socket."""

    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(ANSWER_S)
        sock.connect(str(path))
        return sock

    return connect


def over_tcp(port: int) -> Callable[[], socket.socket]:
    """Return how to open a connection to a port of this machine."""
    return lambda: socket.create_connection(("127.0.0.1", port), ANSWER_S)


# ------------------------------------------------------------------------------------ what is sent


def _request(chance: random.Random, authorization: str | None, without: tuple[str, ...]) -> bytes:
    """Return a request that is nearly right, wrong, or none at all."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1, 2000)) + b"\r\n\r\n"
    version = chance.choice(["1.1"] * 20 + ["1.0", "0.9", "2.0", "x"])
    lines = [f"{chance.choice(METHODS)} {_target(chance, without)} HTTP/{version}".encode()]
    if chance.random() < 0.95:
        lines.append(b"Host: HOST" if chance.random() < 0.9 else b"Host: 127.0.0.1:1")
    if authorization is not None and chance.random() < 0.95:
        lines.append(f"Authorization: {authorization}".encode())
    if chance.random() < 0.9:
        lines.append(b"Content-Type: application/json")
    for _ in range(chance.choice([0, 0, 0, 1, 3])):
        header = f"{chance.choice(HEADERS)}: {chance.choice(HEADER_WORDS)}"
        lines.append(header.encode("utf-8", "surrogatepass"))
    length, body = _framed(_body(chance), chance)
    whole = b"\r\n".join([*lines, *length, b"", body])
    return _damaged(whole, chance)


def _framed(body: bytes, chance: random.Random) -> tuple[list[bytes], bytes]:
    """Return the headers that say how long a body is, right or wrong, and the body as it is sent."""
    told = b"Content-Length: %d" % len(body)
    match chance.randrange(8):
        case 0:
            wrong = chance.choice([len(body) + 7, 10**30, -1, "x"])
            return [f"Content-Length: {wrong}".encode(), b""], body
        case 1:
            return [told, b"Transfer-Encoding: chunked", b""], body
        case 2:
            parts = [body[place : place + 9] for place in range(0, len(body), 9)]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            return [b"Transfer-Encoding: chunked", b""], chunks + b"0\r\n\r\n"
        case _:
            return [told, b""], body


def _damaged(whole: bytes, chance: random.Random) -> bytes:
    """Return a request, now and then cut off or with some bytes changed."""
    if chance.random() < 0.1:
        whole = whole[: chance.randrange(1, len(whole) + 1)]
    if chance.random() < 0.1:
        place = chance.randrange(len(whole))
        whole = whole[:place] + chance.randbytes(3) + whole[place + 3 :]
    return whole


def _target(chance: random.Random, without: tuple[str, ...]) -> str:
    left = {*ENDLESS, *without}
    path = chance.choice([route.path for route in ROUTES if route.path not in left])
    for name in ("order_id", "name"):
        path = path.replace(f"{{{name}}}", chance.choice(SEGMENTS))
    if chance.random() < 0.1:
        path = chance.choice(PATHS)
    for _ in range(chance.choice([0, 0, 1, 2, 20])):
        mark = "&" if "?" in path else "?"
        path += f"{mark}{chance.choice(PARAMETERS)}={chance.choice(VALUES)}"
    return path


def _body(chance: random.Random) -> bytes:
    match chance.randrange(6):
        case 0:
            return b""
        case 1:
            return chance.randbytes(chance.randrange(300))
        case 2:
            depth = chance.choice([10, 1000, 30_000])
            return chance.choice([b"[", b'{"a":']) * depth
        case 3:
            return b" " * chance.choice([65_536, 65_537, 200_000])
        case _:
            return json.dumps(_nearly(chance)).encode()


def _nearly(chance: random.Random) -> dict[str, object]:
    """Return something like an order, a reason or an instrument."""
    fields: dict[str, object] = {
        "request_id": f"f-{chance.randrange(10**9)}",
        "instrument": "binance:BTCUSDT",
        "side": "buy",
        "quantity": "0.001",
        "type": "limit",
        "limit_price": "1000",
        "tif": "gtc",
        "reduce_only": True,
        "reason": "fuzz",
    }
    kept = chance.choice([tuple(fields)[:-1], ("reason",), ("instrument",), tuple(fields)])
    chosen = {name: fields[name] for name in kept}
    for _ in range(chance.choice([0, 1, 1, 2])):
        chosen[chance.choice([*kept, "x"])] = chance.choice(VALUES_OF_FIELDS)
    return chosen


# ------------------------------------------------------------------------------------ what comes back


def _exchange(
    connect: Callable[[], socket.socket], sent: bytes, chance: random.Random
) -> int | None:
    """Send, close our side, and return the status; None where no answer was owed."""
    with connect() as sock:
        host = sock.getpeername()
        name = f"127.0.0.1:{host[1]}" if isinstance(host, tuple) else "engine"
        sent = sent.replace(b"Host: HOST", b"Host: " + name.encode(), 1)
        cut = chance.randrange(len(sent)) if chance.random() < 0.2 else len(sent)
        with contextlib.suppress(OSError):  # the server may have had enough already
            sock.sendall(sent[:cut])
            if cut < len(sent):
                time.sleep(0.002)  # so that it comes in two parts
                sock.sendall(sent[cut:])
            sock.shutdown(socket.SHUT_WR)
        return _read(sock, b"HEAD" if sent.startswith(b"HEAD ") else b"POST")


def _read(sock: socket.socket, method: bytes) -> int | None:
    reader = h11.Connection(h11.CLIENT)
    reader.send(
        h11.Request(method=method, target=b"/", headers=[("host", "x"), ("content-length", "0")])
    )
    status: int | None = None
    body = b""
    while True:
        event = reader.next_event()
        if event is h11.NEED_DATA:
            try:
                data = sock.recv(65_536)
            except ConnectionError:
                return status
            if not data and status is None:
                return None
            reader.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            assert status < 500, f"answered {status}"
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            break
        elif isinstance(event, h11.ConnectionClosed):
            return status
    if status is not None and status >= 400 and method != b"HEAD":
        problem = msgspec.json.decode(body, type=Problem)
        assert problem.detail, "a Problem without a word"
        assert "\n" not in problem.detail, "a Problem of two lines"
    return status
