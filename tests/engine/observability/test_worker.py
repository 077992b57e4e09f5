"""A worker never holds up whoever hands it something."""

import threading

from tradebot.engine.observability.worker import Worker


def test_what_does_not_fit_is_counted_and_nobody_waits() -> None:
    release, seen = threading.Event(), list[int]()

    def handle(item: int) -> None:
        release.wait(5)
        seen.append(item)

    worker = Worker("test", handle, capacity=3)
    taken = [worker.offer(number) for number in range(10)]
    worker.start()
    release.set()
    assert worker.close(5)
    assert taken == [True] * 3 + [False] * 7
    assert worker.dropped == 7
    assert seen == [0, 1, 2]


def test_closing_gives_up_on_a_handler_that_never_returns() -> None:
    stuck = threading.Event()

    def handle(_: int) -> None:
        stuck.wait(30)

    worker = Worker("test", handle, capacity=3)
    worker.start()
    worker.offer(1)
    assert not worker.close(0.05)
    stuck.set()


def test_nothing_is_taken_after_closing() -> None:
    worker = Worker[int]("test", lambda _: None, capacity=3)
    worker.start()
    assert worker.close(5)
    assert not worker.offer(1)


def test_an_idle_worker_is_told_so() -> None:
    idle = threading.Event()
    worker = Worker[int]("test", lambda _: None, capacity=3, idle=idle.set, idle_s=0.01)
    worker.start()
    assert idle.wait(5)
    assert worker.close(5)
