"""What another version of a sleeve would change: source, parameters, what it subscribes to, what it wants now."""

import difflib
from typing import Literal

import msgspec

from tradebot.engine.control.sleeves import ParamChange, VersionDifference
from tradebot.engine.core.needs import Bars, Book, Every, Need, Trades
from tradebot.engine.core.params import Params
from tradebot.engine.core.sleeve_terms import SleeveStarted
from tradebot.engine.core.state import SleeveState
from tradebot.engine.core.types import MS, SECOND
from tradebot.engine.live.sleeve_memory_move import NotMoved, move_memory
from tradebot.engine.live.trial import Bench, trial
from tradebot.engine.policy_source.load import VersionedPolicy
from tradebot.engine.policy_source.sources import Sources

LINES_MAX = 400
"""Most lines of a source difference shown."""


class Candidate(msgspec.Struct, frozen=True):
    """A version that a sleeve may be changed to."""

    what: Literal["reload", "rollback"]
    sleeve: SleeveState
    started: SleeveStarted
    """The terms it would run on."""
    policy: VersionedPolicy
    configured: SleeveStarted | None
    """What the file says, where it was read anew."""


def difference(
    bench: Bench, candidate: Candidate, old: VersionedPolicy | None
) -> VersionDifference:
    """Return what a change would bring; both versions decide on the present snapshot, nothing is sent.

    Args:
        bench: What decisions on trial are made with.
        candidate: What it would be changed to.
        old: What runs.
    """
    state = bench.state
    sleeve, new = candidate.sleeve, candidate.policy
    before = sleeve.started
    memory: bytes | None = None
    became, refused = "none", None
    try:
        memory, became = move_memory(sleeve.memory, new.loaded, before.version, fresh=False)
    except NotMoved as error:
        became, refused = "refused", str(error)
    running = new if old is None else old
    return VersionDifference(
        sleeve=before.name,
        what=candidate.what,
        old=before.version,
        new=new.version,
        same=new.version == before.version and candidate.started == before,
        run=candidate.started.run,
        params=param_changes(running.loaded.params, new.loaded.params),
        needs_old=needs_in_words(running),
        needs_new=needs_in_words(new),
        source=source_lines(running.sources, new.sources),
        wants_old=trial(bench, before, running.loaded, sleeve.memory),
        wants_new=trial(bench, candidate.started, new.loaded, memory),
        memory=became,
        refused=refused,
        mandate_ends=new.version != before.version and before.name in state.authority.mandates,
        real_money=state.is_live,
    )


def param_changes(old: Params | None, new: Params | None) -> tuple[ParamChange, ...]:
    """Return the parameters whose values differ."""
    before, after = param_texts(old), param_texts(new)
    return tuple(
        ParamChange(name=name, old=before.get(name), new=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def param_texts(params: Params | None) -> dict[str, str]:
    """Return every parameter's value as text."""
    if params is None:
        return {}
    found = msgspec.to_builtins(params)
    return {str(name): str(value) for name, value in dict(found).items()}


def source_lines(old: Sources, new: Sources) -> tuple[str, ...]:
    """Return the lines of a unified diff of all files, at most `LINES_MAX`."""
    lines: list[str] = []
    for path in dict.fromkeys([*new.files, *old.files]):
        before, after = old.files.get(path, ""), new.files.get(path, "")
        if before != after:
            lines += difflib.unified_diff(
                before.splitlines(), after.splitlines(), path, path, lineterm="", n=2
            )
    if len(lines) > LINES_MAX:
        left = len(lines) - LINES_MAX
        return (*lines[:LINES_MAX], f"... {left} lines more")
    return tuple(lines)


def needs_in_words(policy: VersionedPolicy) -> tuple[str, ...]:
    """Return what a policy subscribes to, a text each."""
    return tuple(_need(need) for need in policy.loaded.policy.needs)


def _need(need: Need) -> str:
    match need:
        case Book():
            return "best bid and ask"
        case Trades():
            return "trades"
        case Every():
            span = need.span_ns
            return f"every {span / SECOND:g} s" if span >= SECOND else f"every {span / MS:g} ms"
        case Bars():
            return f"bars {need.span}, {need.history} before the first decision"
