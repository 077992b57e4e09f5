"""A thread with a bounded queue: whoever hands something over never waits, and what does not fit is counted."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue


class Worker[T]:
    """Handles items in a thread of its own, in order."""

    def __init__(
        self,
        name: str,
        handle: Callable[[T], None],
        *,
        capacity: int,
        idle: Callable[[], None] | None = None,
        idle_s: float = 1.0,
        end: Callable[[], None] | None = None,
    ) -> None:
        """Make a worker; `start` begins.

        Args:
            name: Of the thread.
            handle: Called with each item in the thread; must deal with its own failures.
            capacity: Most items that wait.
            idle: Called in the thread after `idle_s` without an item.
            idle_s: Seconds, > 0.
            end: Called in the thread when all that waited at `close` has been handled.
        """
        self.dropped = 0
        """Items that did not fit, ever."""
        self._handle = handle
        self._capacity = capacity
        self._idle = idle
        self._idle_s = idle_s
        self._end = end
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._closing = threading.Event()
        # A daemon: an endpoint that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to handle items."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many items wait."""
        return self._queue.qsize()

    @property
    def closing(self) -> threading.Event:
        """Return the event that is set when the worker should come to its end."""
        return self._closing

    def offer(self, item: T) -> bool:
        """Hand an item over; return whether there was room. Never waits."""
        if self._closing.is_set() or self._queue.qsize() >= self._capacity:
            self.dropped += 1
            return False
        self._queue.put(item)
        return True

    def close(self, seconds: float) -> bool:
        """Handle what waits and end; return whether that took less than so many seconds."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            item: T | None = None
            with suppress(Empty):
                item = self._queue.get(timeout=self._idle_s)
                if item is None:
                    break
            if item is not None:
                self._handle(item)
            elif self._idle is not None:
                self._idle()
        if self._end is not None:
            self._end()
