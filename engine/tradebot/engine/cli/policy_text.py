"""How the life of sleeves reads on a terminal: cards, differences, details."""

from collections.abc import Iterator, Sequence

from tradebot.engine.cli.output import or_dash
from tradebot.engine.control.sleeves import (
    GateCard,
    ParamFacts,
    SleeveDetail,
    SleeveListing,
    Trial,
    VersionDifference,
)

HEADER = (
    "sleeve",
    "version",
    "run",
    "state",
    "capital",
    "risk",
    "day",
    "last",
    "age",
    "proof",
    "note",
)
"""Columns of `policy list`."""

SHORT = 4
"""Digits of a version that people read."""

_MINUTE = 60
_HOUR = 3_600


def short_name(name: str, version: str | None) -> str:
    """Return a sleeve with its version, `trend-btc@3f9c`."""
    return name if version is None else f"{name}@{version[:SHORT]}"


def row_of(line: SleeveListing) -> list[str]:
    """Return a line of `policy list`."""
    return [
        line.name,
        "-" if line.version is None else line.version[:SHORT],
        line.run,
        line.state,
        or_dash(line.capital),
        or_dash(line.open_risk),
        or_dash(line.day),
        or_dash(line.last_decision),
        age_text(line.last_age_s),
        or_dash(line.proof),
        "; ".join(part for part in (line.note, line.reason or "") if part),
    ]


def age_text(seconds: float | None) -> str:
    """Return an age as people say it: `3 s`, `12 min`, `5 h`."""
    if seconds is None:
        return "-"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.0f} h"


def card_lines(card: GateCard) -> Iterator[str]:
    """Yield the gate card."""
    yield f"{short_name(card.sleeve, card.version)}  {card.policy}  {card.mode.upper()} {card.run}"
    yield f"  account   {card.account}"
    yield f"  symbols   {', '.join(card.symbols)}"
    yield f"  capital   {card.capital} {card.currency}, pool after it {or_dash(card.pool)}"
    yield from _params(card.params)
    own = ", ".join(f"{name} {value}" for name, value in card.limits.items()) or "none of its own"
    yield f"  limits    {own}"
    engine = ", ".join(f"{name} {value}" for name, value in card.engine_limits.items())
    yield f"  engine's  {engine}"
    yield f"  on error  {card.on_error}; on stop {card.on_stop}"
    yield f"  engine    {card.trading_state}"
    yield f"  now wants {trial_text(card.wants)}"
    for warning in card.warnings:
        yield f"  ! {warning}"


def difference_lines(found: VersionDifference) -> Iterator[str]:
    """Yield what another version would change."""
    yield f"{found.what} {found.sleeve} {found.old} -> {found.new} ({found.run})"
    yield from found.source
    for change in found.params:
        yield f"param  {change.name} {or_dash(change.old)} -> {or_dash(change.new)}"
    if found.needs_old != found.needs_new:
        yield f"needs  {_listed(found.needs_old)} -> {_listed(found.needs_new)}"
    yield f"old wants  {trial_text(found.wants_old)}"
    yield f"new wants  {trial_text(found.wants_new)}"
    yield f"state  {found.memory}"
    if found.refused is not None:
        yield f"! {found.refused}"
    if found.mandate_ends:
        yield "! its mandate ends with this version; policy start --live gives another"


def trial_text(trial: Trial) -> str:
    """Return a decision on trial in a line."""
    if trial.error is not None:
        return f"nothing: {trial.error}"
    took = "" if trial.took_ms is None else f" ({trial.took_ms:.2f} ms)"
    return f"{', '.join(trial.did)}: {trial.because}{took}"


def detail_lines(detail: SleeveDetail) -> Iterator[str]:
    """Yield all about one sleeve."""
    line = detail.listing
    note = f"  {line.note}" if line.note else ""
    yield f"{short_name(line.name, line.version)}  {line.policy}  {line.run} {line.state}{note}"
    if line.reason is not None:
        yield f"  because   {line.reason}"
    yield f"  account   {detail.account}"
    yield f"  symbols   {', '.join(detail.symbols)}"
    yield f"  needs     {_listed(detail.needs)}"
    yield f"  capital   {or_dash(line.capital)}, equity {or_dash(line.equity)}, day {or_dash(line.day)}"
    yield f"  open risk {or_dash(line.open_risk)}"
    yield f"  compound  {'yes' if detail.compound else 'no'}; on error {detail.on_error}; on stop {detail.on_stop}"
    yield from _params(detail.params)
    own = ", ".join(f"{name} {value}" for name, value in detail.limits.items()) or "none of its own"
    yield f"  limits    {own}"
    mandate = detail.mandate
    if mandate is not None:
        valid = "" if mandate.valid else " (not valid)"
        yield (
            f"  mandate   {mandate.version} capital {mandate.capital} loss {or_dash(mandate.lost)}"
            f" of {mandate.loss_budget} until {mandate.expires[:16]}Z{valid}"
        )
    else:
        yield "  mandate   none"
    size = "nothing" if detail.state_bytes is None else f"{detail.state_bytes} bytes"
    yield f"  remembers {size}"
    if detail.decide_p50_ms is not None and detail.decide_p99_ms is not None:
        times = f"p50 {detail.decide_p50_ms:.3f} ms, p99 {detail.decide_p99_ms:.3f} ms"
        yield f"  decide    {times} of {detail.decides}"
    yield f"  files     {_listed(detail.files)}"
    for version in detail.versions:
        yield f"  version   {version.version} {or_dash(version.since)[:19]}Z {version.what}"


def _params(params: Sequence[ParamFacts]) -> Iterator[str]:
    for param in params:
        bounds = f" {param.bounds}" if param.bounds else ""
        doc = f"  {param.doc}" if param.doc else ""
        yield f"  param     {param.name} = {param.value} ({param.origin}){bounds}{doc}"


def _listed(words: Sequence[str]) -> str:
    return "; ".join(words) or "none"
