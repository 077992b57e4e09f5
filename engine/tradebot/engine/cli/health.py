"""`health`: whether the engine and everything it hangs on is well, in lines of 40 columns or as JSON."""

from collections.abc import Iterator

import msgspec

from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.output import or_dash, print_json, print_narrow
from tradebot.engine.cli.target import connected
from tradebot.engine.control.clients import ClientFacts
from tradebot.engine.control.health import AccountHealth, HealthFacts, SessionFacts
from tradebot.engine.journal.export import iso


def health(
    *, name: NameOption = None, json: JsonOption = False, plain: PlainOption = False
) -> None:
    """Show feeds, private streams, clock offsets, loop lag, journal, queues and clients."""
    shape = form(json=json, plain=plain)
    with connected(name) as client:
        facts, clients = client.health(), client.clients()
    if shape == "json":
        print_json(msgspec.structs.asdict(facts) | {"clients": _timed(clients)})
    else:
        print_narrow(health_lines(facts, clients))


def health_lines(facts: HealthFacts, clients: ClientFacts) -> Iterator[str]:
    """Yield the health line by line, made for 40 columns; `-` is unknown."""
    since = "" if facts.since is None else f" since {facts.since[:19]}Z"
    yield f"{facts.trading_state}{since}"
    if facts.reason is not None:
        yield f"because {facts.reason}"
    for feed in facts.feeds:
        age = "-" if feed.age_ms is None else f"{feed.age_ms} ms"
        yield f"feed {feed.name} {feed.state} {age} gaps {feed.gaps}"
    for account in facts.accounts:
        yield from _account_lines(account, facts.clock_offset_max_ms)
    for session in facts.sessions:
        yield from session_lines(session)
    yield f"journal {facts.journal_trouble or 'ok'}, durable to seq {facts.committed_seq}"
    waiting = " ".join(f"{queue} {count}" for queue, count in facts.queues.items())
    yield f"queues {waiting}"
    yield f"loop lag {facts.lag_ms:.1f} ms"
    for budget in facts.budgets:
        yield f"orders/min {budget.owner} {budget.used} of {budget.cap}"
    yield f"venue's budget {or_dash(facts.venue_budget)}"
    yield f"unresolved {facts.unresolved}"
    yield f"consoles {facts.consoles} streams {len(clients.streams)}"
    for dropped in clients.dropped:
        yield f"dropped {dropped.client}: {dropped.reason}"


def session_lines(session: SessionFacts) -> Iterator[str]:
    """Yield how one connection to a broker is."""
    why = f": {session.reason}" if session.reason else ""
    yield f"session {session.name} {session.state}{why}"
    yield f"  connects {session.connects} malformed {session.malformed}"
    if session.fills or session.doubled:
        counts = f"fills {session.fills}, of them by gap-fill {session.gap_filled}"
        yield f"  {counts}; doubled {session.doubled}"
    if session.note:
        yield f"  {session.note}"


def _timed(clients: ClientFacts) -> dict[str, object]:
    """Return clients with times as the command line writes them."""
    return {
        "streams": [
            msgspec.structs.asdict(one) | {"since": iso(one.since)} for one in clients.streams
        ],
        "dropped": [
            msgspec.structs.asdict(one) | {"when": iso(one.when)} for one in clients.dropped
        ],
    }


def _account_lines(account: AccountHealth, bound: float | None) -> Iterator[str]:
    yield f"account {account.account} {account.venue} stream {or_dash(account.stream)}"
    confirmed = "confirmed" if account.reconciled else "not confirmed"
    yield f"  {confirmed}, differences {account.differences}"
    if account.answered_s is not None:
        yield f"  venue answered {account.answered_s:.1f} s ago"
    if account.asking_s is not None:
        yield f"  owes an answer for {account.asking_s:.1f} s"
    offset = "-" if account.clock_offset_ms is None else f"{account.clock_offset_ms:.1f}"
    error = "" if account.clock_error_ms is None else f" +- {account.clock_error_ms:.1f}"
    limit = "not watched" if bound is None else f"at most {bound:.0f}"
    yield f"  clock {offset}{error} ms, {limit}"
