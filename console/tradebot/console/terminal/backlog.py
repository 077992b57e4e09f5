"""How many writes wait for the terminal: one guarded look at a private queue of Textual's driver.

The driver's writer thread has a queue of 30; on a full one `put` blocks the event loop until the terminal reads
again (measured: 2.5 s of a 3 s stall). Textual offers no public way to see it coming, so this reads
`driver._writer_thread._queue`; a test fails when an upgrade of Textual moves it.
"""

from queue import Queue

from textual.driver import Driver


def output_queue(driver: Driver | None) -> Queue[str | None] | None:
    """Return the driver's queue of writes, None where the driver has none (headless, web)."""
    queue: object = getattr(getattr(driver, "_writer_thread", None), "_queue", None)
    return queue if isinstance(queue, Queue) else None  # pyright: ignore[reportUnknownVariableType]


def output_backlog(driver: Driver | None) -> int:
    """Return how many writes wait for the terminal, >= 0; 0 where the driver has no queue."""
    queue = output_queue(driver)
    return 0 if queue is None else queue.qsize()
