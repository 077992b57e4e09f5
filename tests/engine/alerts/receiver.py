"""A local server that takes what alerts and heartbeats send."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast, override

type Message = dict[str, str]


class Receiver:
    """What came in, and how it is answered."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.asked: list[str] = []
        """Paths with their queries, of GET."""
        self.refuse = 0
        """How many of the next requests get a 503."""
        self._arrived = threading.Condition()
        self.port = 0

    @property
    def alert_url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook-s3cr3t-token"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, body: bytes | None) -> int:
        """Keep a request; return the status to answer with."""
        with self._arrived:
            if self.refuse:
                self.refuse -= 1
                status = 503
            else:
                status = 200
                if body is None:
                    self.asked.append(path)
                else:
                    self.messages.append(cast("Message", json.loads(body)))
            self._arrived.notify_all()
            return status

    def wait(self, done: Callable[["Receiver"], bool]) -> None:
        """Wait until what came in is as wanted."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: done(self), 15), (self.messages, self.asked)

    @property
    def texts(self) -> list[str]:
        return [message["message"] for message in self.messages]


@contextmanager
def receiving() -> Generator[Receiver]:
    """Serve a receiver on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: bytes | None) -> None:
            self.send_response(receiver.take(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
