"""Arming and mandates as clients speak of them, and terminals that go."""

import asyncio
import os
import pty
from collections.abc import Coroutine, Iterator
from pathlib import Path

import pytest
from tests.engine.live.live_bench import LiveBench, Served, quiet_market
from tests.engine.live.test_service import Idle

from tradebot.engine.control.authority import ArmBody, MandateBody, TerminalBody
from tradebot.engine.control.engine import Refused
from tradebot.engine.core.sleeves import LoadedPolicy
from tradebot.engine.core.types import Owner, TerminalId
from tradebot.engine.live.authority_words import LOOK_EVERY, AuthorityWords, terminal_alive

HERE = f"tty:/dev/null:{os.getpid()}"
GONE = "tty:/dev/no-such-terminal:1"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bench = LiveBench(
        tmp_path, quiet_market(), sleeves={Owner("trend"): LoadedPolicy(Idle(), None, None)}
    )
    bench.until(1050)
    yield bench.service()
    bench.close()


@pytest.fixture
def words(served: Served) -> AuthorityWords:
    return served.service.authority


async def ask[T](served: Served, coroutine: Coroutine[object, object, T]) -> T:
    return await served.go(asyncio.ensure_future(coroutine))


async def test_arm_tells_for_how_long_and_disarm_ends_it(
    served: Served, words: AuthorityWords
) -> None:
    told = await ask(served, words.arm(ArmBody(terminal=HERE)))
    assert told.lines == [
        "armed for 15 min",
        "ends after 5 min of silence",
        "no real money here: not needed",
        "end it: tradebot disarm",
    ]
    facts = words.facts()
    assert (facts.armed, facts.terminal, facts.needed) == (True, HERE, False)
    assert facts.ends is not None
    assert facts.until is not None
    assert facts.ends < facts.until
    await ask(served, words.seen(TerminalBody(terminal=HERE)))
    assert (await ask(served, words.disarm())).lines == ["disarmed: orders and positions stay"]
    assert (await ask(served, words.disarm())).lines == ["was not armed"]
    assert words.facts().until is None


async def test_a_terminal_that_says_it_goes_takes_its_arming_with_it(
    served: Served, words: AuthorityWords
) -> None:
    await ask(served, words.arm(ArmBody(terminal=HERE)))
    await ask(served, words.gone(TerminalBody(terminal="tty:other:1")))
    assert words.facts().armed
    await ask(served, words.gone(TerminalBody(terminal=HERE)))
    assert not words.facts().armed


async def test_a_terminal_that_is_no_more_is_seen_by_the_engine_itself(
    served: Served, words: AuthorityWords
) -> None:
    await ask(served, words.arm(ArmBody(terminal=GONE)))
    served.bench.clock.run += LOOK_EVERY
    words.look_at_terminals()
    assert not words.facts().armed


async def test_an_armed_terminal_that_is_there_stays_armed(
    served: Served, words: AuthorityWords
) -> None:
    await ask(served, words.arm(ArmBody(terminal=HERE)))
    served.bench.clock.run += LOOK_EVERY
    words.look_at_terminals()
    assert words.facts().armed


async def test_a_mandate_is_for_the_sleeve_as_it_runs_now(
    served: Served, words: AuthorityWords
) -> None:
    capital = served.service._state.sleeves[Owner("trend")].started.capital  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    body = MandateBody(capital=f"{capital:f}", loss_budget="200")
    told = await ask(served, words.give_mandate("trend", body))
    assert told.lines[0].startswith("mandate for trend@")
    (mandate,) = words.facts().mandates
    assert (mandate.sleeve, mandate.loss_budget, mandate.lost) == ("trend", "200", "0")
    assert mandate.valid
    await ask(served, words.revoke_mandate("trend", "enough"))
    assert words.facts().mandates == []


async def test_a_mandate_that_cannot_be_is_refused_in_one_line(
    served: Served, words: AuthorityWords
) -> None:
    body = MandateBody(capital="0.01", loss_budget="200")
    with pytest.raises(Refused, match="no mandate for trend: the sleeve has capital"):
        await ask(served, words.give_mandate("trend", body))
    with pytest.raises(Refused, match="no sleeve 'ghost' runs here; there is trend"):
        await words.give_mandate("ghost", body)
    with pytest.raises(Refused, match="sleeve 'trend' has no mandate"):
        await words.revoke_mandate("trend", "enough")


def test_a_terminal_is_there_while_its_device_and_its_session_are() -> None:
    primary, secondary = pty.openpty()
    path = os.ttyname(secondary)
    terminal = TerminalId(f"tty:{path}:{os.getpid()}")
    assert terminal_alive(terminal)
    assert not terminal_alive(TerminalId(f"tty:{path}:{2**22 + 1}"))
    os.close(secondary)
    os.close(primary)
    assert not terminal_alive(terminal)


@pytest.mark.parametrize("name", ["web:laptop", "tty:nonsense", "tty:/dev/null:x"])
def test_of_a_terminal_elsewhere_nothing_is_known(name: str) -> None:
    assert terminal_alive(TerminalId(name))
