"""`policy check`: is it a policy, is it pure, does it look ahead, is it quick, does it say why.

What can be asked of the class is asked of the class; the rest is seen in two runs over the same minutes, one of which
ends earlier: whoever decides otherwise before that end has looked ahead.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec

from tradebot.engine.core.needs import Bars
from tradebot.engine.core.params import describe
from tradebot.engine.core.types import MINUTE, MS
from tradebot.engine.live.budget import BUDGET, CALL_MAX
from tradebot.engine.live.clock import Clock
from tradebot.engine.policy_source.load import VersionedPolicy, load_policy
from tradebot.engine.trial.run import Ran, run_trial
from tradebot.engine.trial.trial import Trial

ASKED = 10 * MINUTE
"""How long a check looks at a policy that is warm, ns; what it wants to be warmed with comes before."""

EARLIER = 4 * MINUTE
"""By so much the second run ends before the first, ns."""

LONGEST = 60 * MINUTE
"""Most of a recording that is looked at, ns."""

CODES_MAX = 30
"""More reasons than these are no constant words: a value has got into them."""

type Level = Literal["ok", "warn", "error"]


class Finding(msgspec.Struct, frozen=True):
    """One line of a check."""

    what: str
    level: Level
    text: str


class Checked(msgspec.Struct, frozen=True):
    """What a check found."""

    reference: str
    version: str
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Return whether nothing is wrong; warnings are no errors."""
        return not any(finding.level == "error" for finding in self.findings)


def check_policy(
    trial: Trial, *, store: Path, clock: Clock, progress: Callable[[int], None] | None = None
) -> Checked:
    """Check a policy on the first minutes of a recording.

    Args:
        trial: Policy, parameters, symbols and recording; its `until` is not looked at.
        store: The folder of the datasets.
        clock: The machine's.
        progress: Told of the events so far.

    Raises:
        PolicyNotLoaded: If it cannot be loaded.
        CannotRun: If the recording is not there.
    """
    found = load_policy(trial.policy, trial.params, trial.folders)
    with TemporaryDirectory(prefix="tb") as place:
        runs = Path(place)
        until = _begin(trial, store) + _span(found)
        long, short = (
            run_trial(
                msgspec.structs.replace(trial, until=end),
                runs,
                store=store,
                clock=clock,
                progress=progress,
            )
            for end in (until, until - EARLIER)
        )
    findings = (
        _parameters(found),
        _purity(long),
        _same_twice(long),
        _look_ahead(long, short, until - EARLIER),
        *_reasons(long),
        _time(long),
        _ran(long),
    )
    return Checked(found.reference, found.version, findings)


def _span(found: VersionedPolicy) -> int:
    """Return how much of a recording a policy is looked at, ns."""
    bars = [need for need in found.loaded.policy.needs if isinstance(need, Bars)]
    return min(ASKED + max((bar.history * bar.span_ns for bar in bars), default=0), LONGEST)


def _begin(trial: Trial, store: Path) -> int:
    from tradebot.data.errors import DataError
    from tradebot.data.replay import replay
    from tradebot.data.store import Store
    from tradebot.engine.live.errors import CannotRun

    try:
        return next(replay(Store(store), trial.datasets[0], start=None)).ts_recv
    except (DataError, StopIteration) as error:
        raise CannotRun(str(error) or f"dataset {trial.dataset} is empty", 3) from error


def _parameters(found: VersionedPolicy) -> Finding:
    params = found.loaded.params
    if params is None:
        return Finding("params", "ok", "none")
    infos = describe(type(params))
    open_ends = [info.name for info in infos if not info.bounds and info.type in _NUMBERS]
    if open_ends:
        text = f"{', '.join(open_ends)} without bounds: param(..., ge=, le=)"
        return Finding("params", "warn", text)
    return Finding("params", "ok", ", ".join(info.name for info in infos))


_NUMBERS = frozenset({"int", "float", "Decimal"})


def _purity(ran: Ran) -> Finding:
    if ran.seen.impure is not None:
        return Finding("purity", "error", f"decide {ran.seen.impure}")
    return Finding("purity", "ok", "no file, no socket, no clock, no chance")


def _same_twice(ran: Ran) -> Finding:
    if ran.seen.changed_mind is not None:
        text = (
            f"asked twice with the same it answered {ran.seen.changed_mind}: keep memory in `state`"
        )
        return Finding("same twice", "error", text)
    return Finding("same twice", "ok", f"{ran.seen.calls} times")


def _look_ahead(long: Ran, short: Ran, until: int) -> Finding:
    before = [[step for step in ran.decided if step[0] < until] for ran in (long, short)]
    for ours, theirs in zip(*before, strict=False):
        if ours != theirs:
            text = f"with less of the future it decided otherwise at {ours[0]} ns"
            return Finding("look-ahead", "error", text)
    if len(before[0]) != len(before[1]):
        text = f"{len(before[0])} steps with the future, {len(before[1])} without"
        return Finding("look-ahead", "error", text)
    return Finding(
        "look-ahead", "ok", f"{len(before[0])} steps are the same without what came later"
    )


def _reasons(ran: Ran) -> list[Finding]:
    found: list[Finding] = []
    if ran.seen.without_reason:
        text = f"{ran.seen.without_reason} answers say no why: because=why(...)"
        found.append(Finding("reasons", "warn", text))
    if len(ran.seen.codes) > CODES_MAX:
        text = f"{len(ran.seen.codes)} different codes: values belong into why(code, name=value)"
        found.append(Finding("reasons", "warn", text))
    return found or [Finding("reasons", "ok", ", ".join(ran.seen.codes) or "never asked")]


def _time(ran: Ran) -> Finding:
    decide = ran.report.decide
    if decide is None:
        return Finding("time", "warn", "asked too seldom to say")
    text = f"p50 {decide.p50:.0f} µs, p99 {decide.p99:.0f} µs, most {decide.most / 1e3:.1f} ms"
    if decide.most * 1e3 > CALL_MAX:
        return Finding(
            "time", "error", f"{text}: one call over {CALL_MAX // MS} ms pauses a sleeve"
        )
    level: Level = "warn" if decide.p99 * 1e3 > BUDGET else "ok"
    return Finding("time", level, text)


def _ran(ran: Ran) -> Finding:
    report, minutes = ran.report, (ran.report.end - ran.report.begin) / MINUTE
    if report.paused is not None:
        return Finding("run", "error", f"paused: {report.paused}")
    if report.decisions == 0:
        text = f"not asked once in {minutes:.0f} minutes: shorter bars, or less history"
        return Finding("run", "warn", text)
    result = Decimal(report.result).quantize(Decimal("0.01"))
    text = f"{report.decisions} decisions, {report.orders} orders, {report.fills} fills, {result}"
    return Finding("run", "ok", f"{text} {report.currency} in {minutes:.0f} minutes")
