"""A frozen state comes back as recovery would give it, and nothing new is forgotten without a word."""

import subprocess
import sys
from collections import deque
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.core.builders import World, contents, encoded
from tests.engine.core.histories import History, remembered, restless_world

from tradebot.engine.core.bets import BetBook
from tradebot.engine.core.blotter import Blotter
from tradebot.engine.core.checkpoint import (
    IMAGES,
    NOT_KEPT,
    CheckpointUnreadable,
    attribute_of,
    freeze,
    image_of,
    layout_number,
    thaw,
)
from tradebot.engine.core.executions import Executions
from tradebot.engine.core.ledger import Ledger
from tradebot.engine.core.links import Links
from tradebot.engine.core.state import Flattening, State
from tradebot.engine.core.types import EngineId

seeds = st.integers(0, 2**32)


def thawed(world: World) -> World:
    """Return a world whose kernel was made from a checkpoint of this one, deciding nothing."""
    other = world.recovered()
    other.kernel.state = thaw(freeze(world.state))
    return other


def lived(seed: int, count: int) -> tuple[World, History]:
    world = restless_world(rich=seed % 2 == 1)
    history = History(world, seed)
    history.events(count)
    return world, history


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 200))
def test_a_checkpoint_gives_what_recovery_from_every_row_gives(seed: int, count: int) -> None:
    world, _ = lived(seed, count)
    from_rows = contents(remembered(world.recovered()))
    assert contents(remembered(thawed(world))) == from_rows
    # What the rows give may be frozen in its turn: nothing in it is of the running kernel alone.
    assert contents(remembered(thawed(world.recovered()))) == from_rows


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 200))
def test_after_a_start_a_thawed_kernel_and_the_running_one_cannot_be_told_apart(
    seed: int, count: int
) -> None:
    world, history = lived(seed, count)
    other = thawed(world)
    assert encoded(other.send(world.start)) == encoded(world.send(world.start))
    assert contents(other.state) == contents(world.state)
    for _ in range(60):
        event, after = history.next()
        expected = world.send(event, after=after)
        assert encoded(other.send(event, after=after)) == encoded(expected)
    assert contents(other.state) == contents(world.state)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 120), st.integers(1, 120))
def test_a_checkpoint_and_the_rows_after_it_give_what_all_rows_give(
    seed: int, before: int, after: int
) -> None:
    world, history = lived(seed, before)
    data, done = freeze(world.state), len(world.rows)
    history.events(after)
    rest = world.rows[done:]
    world.rows, everything = rest, world.rows
    other = world.recovered(thaw(data))
    world.rows = everything
    assert contents(remembered(other)) == contents(remembered(world.recovered()))


def test_every_attribute_is_in_the_checkpoint_or_said_not_to_be() -> None:
    world, _ = lived(3, 200)
    (sleeve, *_) = world.state.sleeves.values()
    (account, *_) = world.state.accounts.values()
    parts = (Blotter(), Links(), Executions(), Ledger(), BetBook())
    holders = (world.state, *parts, account, sleeve, Flattening())
    assert len(holders) == len(IMAGES)
    for holder in holders:
        kind = type(holder)
        image = image_of(kind)
        assert image is not None
        kept = {attribute_of(kind, name, vars(holder)) for name in image.__struct_fields__}
        left_out = set(NOT_KEPT.get(kind, {}))
        forgotten = sorted(vars(holder).keys() - kept - left_out)
        assert not forgotten, (
            f"{kind.__name__}.{forgotten[0]} is in no checkpoint: add it to {image.__name__}"
            " in core/checkpoint.py, or to NOT_KEPT with the reason"
        )
        assert not kept & left_out
        assert left_out <= vars(holder).keys(), f"NOT_KEPT names what {kind.__name__} has not"


def test_objects_a_state_refers_to_have_an_image_of_their_own() -> None:
    world, _ = lived(3, 200)
    for name, held in cast("dict[str, object]", vars(world.state)).items():
        if (
            name in NOT_KEPT[State]
            or isinstance(held, msgspec.Struct)
            or not hasattr(held, "__dict__")
        ):
            continue
        assert image_of(type(held)) is not None, f"State.{name} is a {type(held).__name__}"


def test_bytes_that_are_no_checkpoint_are_refused() -> None:
    state = State(EngineId("abcde"))
    good = freeze(state)
    for data in (b"", good[:-1], b"\x80", msgspec.msgpack.encode({"engine_id": 3})):
        with pytest.raises(CheckpointUnreadable, match="not a checkpoint of layout"):
            thaw(data)


def test_a_bounded_memory_stays_bounded_and_a_strange_object_is_named() -> None:
    world, _ = lived(5, 200)
    again = thaw(freeze(world.state))
    assert again.sent
    assert [times.maxlen for times in again.sent.values()] == [
        times.maxlen for times in world.state.sent.values()
    ]
    assert all(isinstance(times, deque) for times in again.sent.values())
    world.state.reason = object()  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(NotImplementedError, match="cannot hold a object: give it an image"):
        freeze(world.state)


def test_the_layout_number_is_the_same_in_every_process() -> None:
    code = "from tradebot.engine.core.checkpoint import layout_number; print(layout_number())"
    for seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(said.stdout) == layout_number()
