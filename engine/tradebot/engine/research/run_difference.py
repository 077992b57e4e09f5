"""Two finished runs side by side: only what differs."""

from collections.abc import Iterator

import msgspec
from msgspec import structs

from tradebot.engine.live.version_difference import source_lines
from tradebot.engine.research.kept_run import KeptRun
from tradebot.engine.trial.report import RunReport

_LEFT_OUT = frozenset(
    {
        "id",
        "decide",
        "seconds",
        "reasons",
        "scales",
        "statistics",
        "assumptions",
        "params",
        "sleeves",
    }
)
"""Names of a report that say nothing of a difference, or are told one by one."""


class RunDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs; a value that one of them lacks is empty."""

    runs: tuple[str, str]
    made: dict[str, tuple[str, str]]
    """What went in: policy, version, data, span, seed, capital, parameters, assumptions."""
    came: dict[str, tuple[str, str]]
    """What came out: orders, fills, fees, result, statistics."""
    source: tuple[str, ...]
    """A unified diff of the policies' sources; empty where they are equal."""


_CAME = frozenset(
    {
        "steps",
        "decisions",
        "orders",
        "fills",
        "refused",
        "result",
        "fees",
        "open",
        "paused",
        "critique",
    }
)


def difference(one: KeptRun, other: KeptRun) -> RunDifference:
    """Return what differs between two runs.

    Raises:
        PolicyNotLoaded: If a policy cannot be loaded any more.
    """
    a, b = _flat(one.report), _flat(other.report)
    differs = {
        name: (a.get(name, ""), b.get(name, ""))
        for name in dict.fromkeys([*a, *b])
        if a.get(name) != b.get(name)
    }
    return RunDifference(
        runs=(one.report.id, other.report.id),
        made={name: both for name, both in differs.items() if not _is_result(name)},
        came={name: both for name, both in differs.items() if _is_result(name)},
        source=tuple(_source_lines(one, other)),
    )


def _source_lines(one: KeptRun, other: KeptRun) -> Iterator[str]:
    """Yield how the source of each sleeve that both have differs."""
    if one.sources == other.sources:
        return
    old, new = one.policies(), other.policies()
    alone = len(old) == len(new) == 1
    pairs = zip(old, new, strict=True) if alone else ((name, name) for name in old if name in new)
    for was, now in pairs:
        if one.sources[was] != other.sources[now]:
            yield from source_lines(old[was].sources, new[now].sources)


def _is_result(name: str) -> bool:
    of_a_sleeve = name.startswith("sleeve ") and name.rpartition(" ")[2] in _CAME
    return name in _CAME or of_a_sleeve or name.startswith("statistic ")


def _flat(report: RunReport) -> dict[str, str]:
    """Return a report as texts by name."""
    plain = {
        name: _text(value)
        for name, value in structs.asdict(report).items()
        if name not in _LEFT_OUT
    }
    params = {f"param {name}": _text(value) for name, value in report.params.items()}
    assumed = {f"assumed {name}": text for name, text in report.assumptions.items()}
    figures = {f"statistic {name}": _text(value) for name, value in report.statistics.items()}
    sleeves = {
        f"sleeve {name} {field}": _text(value)
        for name, sleeve in report.sleeves.items()
        for field, value in structs.asdict(sleeve).items()
    }
    return {**plain, **sleeves, **params, **assumed, **figures}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.6g}" if isinstance(value, float) else msgspec.json.encode(value).decode()
