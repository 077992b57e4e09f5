"""A sealed world: while a policy is asked, files, sockets, programs, clocks and unseeded chance raise.

What opens something is seen by the interpreter's own audit. A clock or a generator opens nothing: its name is given
another meaning wherever a policy can read it, in the library's modules and in the policy's own. What is left is code
that keeps a clock inside a C library of its own; asking each question twice finds most of that.
"""

import datetime as dt
import functools
import importlib
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Never, override

_READS_CLOCK = (
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "clock_gettime",
    "clock_gettime_ns",
    "sleep",
)
"""What of `time` reads a clock, or waits for one; `context.now` is a policy's clock."""

_READS_CLOCK_WITHOUT = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
"""What of `time` reads the clock where its argument at this place is left out, or None."""

_NOW = frozenset({"now", "utcnow", "today"})
"""What of `datetime` and `date` reads the clock."""

_AUDITED = {
    "open": "opens a file",
    "os.listdir": "looks into a folder",
    "os.scandir": "looks into a folder",
    "os.mkdir": "changes files",
    "os.remove": "changes files",
    "os.rename": "changes files",
    "os.rmdir": "changes files",
    "os.system": "starts a program",
    "os.exec": "starts a program",
    "os.fork": "starts a program",
    "os.posix_spawn": "starts a program",
    "subprocess.Popen": "starts a program",
    "_thread.start_new_thread": "starts a thread",
    "socket.__new__": "opens a socket",
    "socket.connect": "opens a socket",
    "socket.getaddrinfo": "asks the network",
    "sqlite3.connect": "opens a file",
    "builtins.input": "asks a person",
}
"""Events of the interpreter (sys.addaudithook) that a decision must not cause."""

CLOCK = "looks at the clock (context.now is the engine's)"
CHANCE = "draws from chance nobody seeded (context.rng is seeded)"


class Impure(Exception):  # noqa: N818  (what is the matter, not a fault of the program)
    """A decision touched the world outside."""


class _Guard:
    """Raises at what is touched while a decision is being made; audit hooks cannot be taken out again."""

    def __init__(self) -> None:
        self.note: Callable[[str], None] | None = None
        self._hooked = False

    def hook(self) -> None:
        """Join the interpreter's audit once."""
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._look)

    def _look(self, event: str, _: tuple[object, ...]) -> None:
        if self.note is not None and event in _AUDITED:
            self.refuse(_AUDITED[event])

    def refuse(self, what: str) -> Never:
        """Note what was touched, and raise.

        Raises:
            Impure: Always.
        """
        if self.note is not None:
            self.note(what)
        raise Impure(f"a decision {what}: a policy has no I/O, no clock and no chance of its own")


_guard = _Guard()


# ------------------------------------------------------------------------------------ in their place


def _refusing(what: str) -> Callable[..., Never]:
    def refused(*_: object, **__: object) -> Never:
        _guard.refuse(what)

    return refused


def _with_argument(original: Callable[..., object], place: int) -> Callable[..., object]:
    """Return a function that is the original's where the argument at a place is given, and a clock elsewhere."""

    def given(*values: object) -> object:
        if len(values) <= place or values[place] is None:
            _guard.refuse(CLOCK)
        return original(*values)

    return given


class _Same(type):
    """Type of a class that stands for its base: whatever is of the base is of it."""

    @override
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


def _without_now(base: type) -> type:
    """Return a class like `datetime` or `date` that does not know what time it is."""
    never = {name: classmethod(_refusing(CLOCK)) for name in _NOW if hasattr(base, name)}
    return _Same(base.__name__, (base,), never)


class _Seeded(random.Random):
    """The generator, which here wants a seed."""

    def __init__(self, x: float | str | bytes | bytearray | None = None) -> None:
        if x is None:
            _guard.refuse(CHANCE)
        super().__init__(x)


def _replacements() -> dict[int, object]:
    """Return what stands in the place of each clock and generator of the library, by the id of the original."""
    found: dict[int, object] = {
        id(vars(time)[name]): _refusing(CLOCK) for name in _READS_CLOCK if name in vars(time)
    }
    for name, place in _READS_CLOCK_WITHOUT.items():
        found[id(vars(time)[name])] = _with_argument(vars(time)[name], place)
    for base in (dt.datetime, dt.date):
        found[id(base)] = _without_now(base)
    chance = (os.urandom, uuid.uuid1, uuid.uuid4, random.SystemRandom)
    found |= {id(original): _refusing(CHANCE) for original in chance}
    found[id(random.Random)] = _Seeded
    return found


_IN_PLACE = _replacements()


def _instead(name: str, value: object) -> object | None:
    """Return what stands in the place of a value while a policy is asked; None where it may stay."""
    known = _IN_PLACE.get(id(value))
    if known is not None:
        return known
    owner = getattr(value, "__self__", None)
    if owner is dt.datetime or owner is dt.date:
        read = getattr(value, "__name__", name) in _NOW
        return _refusing(CLOCK) if read else None
    if owner is not None and id(owner) in _hidden_generators():
        return _refusing(CHANCE)
    return None


def _hidden_generators() -> frozenset[int]:
    """Return the ids of the generators behind the functions of `random` and `numpy.random`."""
    hidden = [getattr(vars(random)["random"], "__self__", None)]
    arrays = _arrays()
    if arrays is not None:
        hidden.append(getattr(vars(arrays).get("random_sample"), "__self__", None))
    return frozenset(id(one) for one in hidden if one is not None)


def _arrays() -> ModuleType | None:
    """Return `numpy.random` where a policy has imported numpy, which loads it when it is first used."""
    return importlib.import_module("numpy.random") if "numpy" in sys.modules else None


def _with_seed(original: Callable[..., object]) -> Callable[..., object]:
    def given(seed: object = None) -> object:
        if seed is None:
            _guard.refuse(CHANCE)
        return original(seed)

    return given


# ------------------------------------------------------------------------------------ sealing

type _Change = tuple[dict[str, object], str, object, object]
"""A namespace, a name in it, what it means, and what it means while a policy is asked."""


def _changes(modules: Sequence[ModuleType]) -> list[_Change]:
    return [
        (space, name, value, instead)
        for space in map(vars, modules)
        for name, value in list(space.items())
        if (instead := _instead(name, value)) is not None
    ]


@functools.cache
def _library(arrays: ModuleType | None) -> tuple[_Change, ...]:
    """Return what changes in the library's own modules, and in numpy's where it is there."""
    found = _changes([time, dt, os, random, uuid])
    if arrays is not None:
        space = vars(arrays)
        found += _changes([arrays])
        found.append((space, "default_rng", space["default_rng"], _with_seed(space["default_rng"])))
    return tuple(found)


class Seal:
    """Lets files, sockets, programs, clocks and unseeded chance raise while it is closed.

    Args of the constructor:
        modules: The policy's own: where such a thing may have been imported by a name of its own.
    """

    def __init__(self, modules: Sequence[ModuleType]) -> None:
        _guard.hook()
        self._changes = (*_library(_arrays()), *_changes(modules))

    @contextmanager
    def closed(self, note: Callable[[str], None]) -> Generator[None]:
        """Close it for as long as the context is open.

        Args:
            note: Told what was touched; the exception alone might be swallowed on its way.
        """
        try:
            for space, name, _, instead in self._changes:
                space[name] = instead
            _guard.note = note
            yield
        finally:
            _guard.note = None
            for space, name, value, _ in self._changes:
                space[name] = value
