"""Sends notices by apprise, each address in a thread of its own; failures are logged and tried again, later and later.

This module imports apprise (the extra `ops`), so it is imported only where `[alerts] to` is set.
"""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast, override

import apprise
import structlog

from tradebot.engine.alerts.addresses import without_parts
from tradebot.engine.alerts.notices import Level, Notice
from tradebot.engine.observability.worker import Worker
from tradebot.engine.secret import Secret

QUEUE_MAX = 200
"""Notices that may wait for one address."""

RETRY_S = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Waits before the tries after the first; then a notice is given up, in the log."""

CLOSE_S = 5.0
"""Longest wait at the end for what is still to be sent, over all addresses."""

_TYPES: dict[Level, apprise.NotifyType] = {
    "info": apprise.NotifyType.INFO,
    "warn": apprise.NotifyType.WARNING,
    "error": apprise.NotifyType.FAILURE,
}

log = structlog.get_logger()


class UnknownAddress(Exception):  # noqa: N818  (one line for a person)
    """Apprise does not know this kind of address; the text shows its scheme alone."""

    exit_code = 3


class AlertSender:
    """All addresses; nobody who sends ever waits."""

    def __init__(
        self, addresses: Sequence[Secret], title: str, retry_s: Sequence[float] = RETRY_S
    ) -> None:
        """Make a thread for each address.

        Args:
            addresses: As apprise writes them.
            title: Of every message, e.g. `tradebot main (SANDBOX)`.
            retry_s: Seconds before each try after the first.

        Raises:
            UnknownAddress: If apprise cannot send to one.
        """
        self._posts = [_Post(address, title, retry_s) for address in addresses]

    def start(self) -> None:
        """Begin to send."""
        for post in self._posts:
            post.worker.start()

    @property
    def waiting(self) -> int:
        """Return how many messages wait."""
        return sum(post.worker.waiting for post in self._posts)

    def send(self, notice: Notice) -> None:
        """Send a notice to every address, soon."""
        for post in self._posts:
            if not post.worker.offer(notice):
                log.warning("alert dropped", to=post.address, kind=notice.kind, waiting=QUEUE_MAX)

    def close(self) -> None:
        """Send what waits, for at most `CLOSE_S` seconds in all."""
        closers = [
            threading.Thread(target=post.worker.close, args=(CLOSE_S,), daemon=True)
            for post in self._posts
        ]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(CLOSE_S)

    def try_now(self, notice: Notice) -> list[tuple[Secret, str | None]]:
        """Send one notice at once, in this thread; return each address and what went wrong."""
        return [(post.address, post.attempt(notice)) for post in self._posts]


class _Post:
    """One address."""

    def __init__(self, address: Secret, title: str, retry_s: Sequence[float]) -> None:
        self.address = address
        self._title = title
        self._retry_s = retry_s
        self._server = cast("_Server", apprise.Apprise())
        with _heard() as words:
            known = self._server.add(address.reveal())
        if not known:
            raise UnknownAddress(
                f"alerts.to: {address} cannot be used: {_reason(words, address)}; "
                "https://appriseit.com lists the forms"
            )
        self.worker: Worker[Notice] = Worker("tradebot-alert", self._deliver, capacity=QUEUE_MAX)

    def attempt(self, notice: Notice) -> str | None:
        """Send once; return what went wrong, without any part of the address."""
        with _heard() as words:
            try:
                sent = self._server.notify(
                    body=notice.text,
                    title=self._title,
                    notify_type=_TYPES[notice.level],
                    log_callback=lambda entry, _: words.append(entry.message),
                    log_level=logging.WARNING,
                )
            except Exception as error:  # noqa: BLE001  (any of a hundred libraries; the thread must live)
                words.append(f"{type(error).__name__}: {error}")
                sent = False
        return None if sent else _reason(words, self.address)

    def _deliver(self, notice: Notice) -> None:
        problem = self.attempt(notice)
        for number, pause in enumerate(self._retry_s, start=1):
            if problem is None:
                return
            log.warning(
                "alert not sent", to=self.address, kind=notice.kind, attempt=number, why=problem
            )
            if self.worker.closing.wait(pause):
                break  # the engine ends: nobody waits for a server that does not answer
            problem = self.attempt(notice)
        if problem is not None:
            log.error("alert given up", to=self.address, kind=notice.kind, why=problem)


class _Entry(Protocol):
    """A line of apprise's log."""

    message: str


class _Server(Protocol):
    """The part of apprise that is used here; its own types are not complete."""

    def add(self, services: str) -> bool:
        """Take an address."""
        ...

    def notify(
        self,
        body: str,
        title: str,
        notify_type: apprise.NotifyType,
        log_callback: "Callable[[_Entry, object], None]",
        log_level: int,
    ) -> object:
        """Send; true where every address took it. Why not is told to the callback only."""
        ...


class _Ear(logging.Handler):
    """Keeps what apprise says in this thread: it tells reasons in its log only."""

    def __init__(self, words: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._words = words
        self._thread = threading.get_ident()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._words.append(record.getMessage())


@contextmanager
def _heard() -> Generator[list[str]]:
    """Collect apprise's own lines of this thread; they name addresses, so they go nowhere else."""
    words: list[str] = []
    ear = _Ear(words)
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(ear)
    try:
        yield words
    finally:
        logger.removeHandler(ear)


def _reason(words: Sequence[str], address: Secret) -> str:
    return without_parts("; ".join(words), address) or "no reason given"
