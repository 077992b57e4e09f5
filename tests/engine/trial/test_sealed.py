"""What a policy may not read while it is asked: each clock and each source of chance, whatever name it goes by."""

import datetime as dt
import importlib
import random
from types import ModuleType

import pytest

from tradebot.engine.trial.sealed import CHANCE, CLOCK, Impure, Seal

NAMES = """
import datetime, os, random, secrets, time, uuid
import datetime as calendar
from datetime import date, datetime as instant
from random import Random, choice
from time import monotonic, time as clock
from uuid import uuid4
now = instant.now
"""


def policy_module() -> ModuleType:
    module = ModuleType("policy_under_test")
    exec(NAMES, vars(module))  # noqa: S102  (a policy's own imports, as a module has them)
    return module


def asked(expression: str) -> tuple[object, list[str]]:
    """Return what an expression gives inside the seal, and what was noted."""
    module, noted = policy_module(), list[str]()
    if "numpy" in expression:
        vars(module)["numpy"] = importlib.import_module("numpy")
    with Seal([module]).closed(noted.append):
        value: object = eval(expression, vars(module))  # noqa: S307  (of this file)
    return value, noted


@pytest.mark.parametrize(
    "expression",
    [
        "time.time()",
        "time.time_ns()",
        "time.monotonic()",
        "time.monotonic_ns()",
        "time.perf_counter_ns()",
        "time.process_time()",
        "time.thread_time_ns()",
        "time.clock_gettime(0)",
        "time.localtime()",
        "time.gmtime(None)",
        "time.ctime()",
        "time.strftime('%Y')",
        "time.sleep(0)",
        "clock()",
        "monotonic()",
        "datetime.datetime.now()",
        "datetime.datetime.now(datetime.UTC)",
        "datetime.datetime.utcnow()",
        "datetime.datetime.today()",
        "datetime.date.today()",
        "calendar.date.today()",
        "instant.now()",
        "date.today()",
        "now()",
    ],
)
def test_every_clock_raises(expression: str) -> None:
    with pytest.raises(Impure, match="looks at the clock"):
        asked(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "random.random()",
        "random.randint(1, 6)",
        "random.shuffle([1, 2])",
        "random.seed(1)",
        "random.Random()",
        "random.SystemRandom()",
        "Random()",
        "choice([1, 2])",
        "uuid.uuid1()",
        "uuid.uuid4()",
        "uuid4()",
        "os.urandom(4)",
        "numpy.random.random()",
        "numpy.random.default_rng()",
    ],
)
def test_every_source_of_chance_that_nobody_seeded_raises(expression: str) -> None:
    with pytest.raises(Impure, match="chance nobody seeded"):
        asked(expression)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("time.gmtime(0).tm_year", 1970),
        ("time.strftime('%Y', time.gmtime(0))", "1970"),
        ("instant.fromtimestamp(0, datetime.UTC).year", 1970),
        ("date(2026, 11, 22).isoformat()", "2026-11-22"),
        ("random.Random(7).random()", random.Random(7).random()),  # noqa: S311
        ("numpy.random.default_rng(7).integers(1, 2)", 1),
        ("uuid.UUID(int=1).int", 1),
        ("isinstance(datetime.datetime(2026, 1, 1), date)", True),
    ],
)
def test_what_follows_from_its_arguments_alone_may_be_used(expression: str, value: object) -> None:
    found, noted = asked(expression)
    assert found == value
    assert noted == []


def test_a_time_from_outside_is_a_time_inside() -> None:
    module = policy_module()
    vars(module)["given"] = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with Seal([module]).closed(lambda _: None):
        assert eval("isinstance(given, instant)", vars(module))  # noqa: S307


def test_what_is_swallowed_is_noted_and_all_is_as_before_afterwards() -> None:
    module, noted = policy_module(), list[str]()
    before = dict(vars(module))
    with Seal([module]).closed(noted.append):
        for expression in ("datetime.datetime.now()", "uuid.uuid4()"):
            with pytest.raises(Impure):
                eval(expression, vars(module))  # noqa: S307
    assert noted == [CLOCK, CHANCE]
    assert dict(vars(module)) == before
    for expression in ("time.time()", "instant.now()", "uuid4()", "random.random()", "Random()"):
        assert eval(expression, vars(module))  # noqa: S307
