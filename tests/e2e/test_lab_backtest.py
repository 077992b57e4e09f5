"""A backtest from the Lab in a real terminal: it outlives its console; the result is in the list."""

import pytest
from tests.e2e.test_coach_walk import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_backtest_started_in_the_lab_outlives_the_console_and_shows_its_result(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("l")
    console = Terminal(home)
    try:
        console.wait_for("5Lab")
        console.press("5")
        console.wait_for("tradebot backtest trend")  # or the runs that the sandbox made of itself
        console.press("e")
        console.wait_for("New backtest")
        console.press("r")
        console.wait_for("RUNNING")
    finally:
        console.process.terminate(force=True)
    again = Terminal(home)
    try:
        again.wait_for("5Lab")
        again.press("5")
        again.wait_for("closed trades: fewer than 30")
    finally:
        again.process.terminate(force=True)
