"""The coach: each step is done when the engine says so, and is remembered."""

from pathlib import Path

import msgspec
import pytest
from console_fakes import FakeMarket, order

from tradebot.console.link.protocol import StateQuery
from tradebot.console.sandbox.coach import Coach
from tradebot.console.sandbox.progress import DONE, Progress, keep, read
from tradebot.engine.control.messages_facts import OrderFacts, PositionFacts
from tradebot.engine.control.messages_frame import Frame


def stop_at(trigger: str) -> OrderFacts:
    return order(side="sell", type="stop", limit_price=None, trigger_price=trigger)


class Lesson:
    """A coach, what it kept, and an engine in frames."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.kept: list[Progress] = []
        self.coach = Coach(progress or Progress(), self.kept.append)
        self.market = FakeMarket()
        self.pid = 7

    def frame(self, working: list[OrderFacts], held: list[PositionFacts]) -> Frame:
        frame = self.market.frame(StateQuery())
        engine = msgspec.structs.replace(frame.engine, pid=self.pid)
        return msgspec.structs.replace(frame, working=working, positions=held, engine=engine)

    def see(self, stop: str | None = None, *, held: bool = True, lost: bool = False) -> str:
        working = [] if stop is None else [stop_at(stop)]
        mine = [p for p in self.market.frame(StateQuery()).positions if p.owner == "hand"]
        frame = self.frame(working, mine if held else [])
        self.coach.look(frame, "lost" if lost else "live")
        return self.coach.text


def test_five_steps_from_a_buy_to_a_second_engine() -> None:
    lesson = Lesson()
    assert ":buy 0.0" in lesson.see(held=False)
    assert "what you bought has no stop" in lesson.see()
    assert "59,100.00" in lesson.see("59100.00")
    lesson.coach.go_on()
    assert "move the stop 59,100.00" in lesson.see("59100.00")
    assert "pull the plug" in lesson.see("59200.00")
    assert "K starts" in lesson.see("59200.00", lost=True)
    lesson.pid = 8
    assert "the stop at 59,200.00 are back" in lesson.see("59200.00")
    assert [progress.step for progress in lesson.kept] == [2, 3, 4, 5, DONE]
    lesson.coach.go_on()
    assert not lesson.see("59200.00")


def test_what_is_missing_after_the_restart_is_named() -> None:
    lesson = Lesson(Progress(step=4))
    lesson.see("59200.00")
    lesson.see("59200.00", lost=True)
    lesson.pid = 8
    assert "see 4 Orders" in lesson.see(None)


def test_an_engine_that_was_killed_and_started_between_two_looks_counts() -> None:
    lesson = Lesson(Progress(step=4))
    lesson.see("59200.00")
    lesson.pid = 8
    assert "are back" in lesson.see("59200.00")


def test_a_proposed_order_stays_the_same_while_it_is_typed() -> None:
    lesson = Lesson()
    first = lesson.see(held=False)
    for _ in range(20):
        lesson.market.step()
    assert lesson.see(held=False) == first


def test_a_stop_that_is_gone_is_no_dead_end() -> None:
    lesson = Lesson(Progress(step=3))
    assert "n goes on" in lesson.see(None, held=False)


def test_a_dismissed_coach_says_nothing_for_good() -> None:
    lesson = Lesson()
    lesson.see(held=False)
    lesson.coach.dismiss()
    assert not lesson.see(held=False)
    assert lesson.kept[-1].dismissed
    assert not Lesson(lesson.kept[-1]).see(held=False)


def test_a_coach_that_is_done_is_silent_at_the_next_start() -> None:
    assert not Lesson(Progress(step=DONE)).see("59200.00")


def test_progress_is_read_back_and_a_damaged_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "home" / "console.json"
    assert read(path) == Progress()
    keep(path, Progress(step=3))
    assert read(path) == Progress(step=3)
    assert list(path.parent.iterdir()) == [path]
    path.write_text("{")
    assert read(path) == Progress()


@pytest.mark.parametrize("step", range(1, 6))
def test_every_step_says_which_key_does_it(step: int) -> None:
    text = Lesson(Progress(step=step)).see("59200.00", lost=step == 5)
    assert any(key in text for key in (":buy", "n", "e,", "K"))
    assert len(text) <= 90


def test_the_words_to_type_are_never_cut_off_at_80_columns() -> None:
    room = 80 - len(" coach 1/5  ") - len("  n next  N away ")
    for held in (False, True):
        said = Lesson().see(held=held)
        assert ":buy 0.04 BTCUSDT @ 60130 stop 59100" in said[:room]
