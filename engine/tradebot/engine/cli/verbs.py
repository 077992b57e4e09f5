"""The one table of verbs: what `tradebot` can do, what it says of it, and where it lives."""

from typing import Literal, NamedTuple

type Group = Literal["Engine", "Facts", "Orders", "Control", "Data", "Setup"]


class Verb(NamedTuple):
    """One command."""

    name: str
    group: Group
    summary: str
    """One line, without a full stop."""
    target: str | None
    """`module:attribute`, a function or a typer app, imported when called; None: an entry point."""


_CLI = "tradebot.engine.cli"

VERBS: tuple[Verb, ...] = (
    Verb("tui", "Engine", "the console", None),
    Verb("run", "Engine", "an engine, headless", f"{_CLI}.run:run"),
    Verb("stop", "Engine", "end an engine; its state and positions stay", f"{_CLI}.steer:stop"),
    Verb("status", "Facts", "what an engine holds and whether it is well", f"{_CLI}.facts:status"),
    Verb("orders", "Facts", "orders and their states", f"{_CLI}.facts:orders"),
    Verb("positions", "Facts", "positions by account and owner", f"{_CLI}.facts:positions"),
    Verb("accounts", "Facts", "accounts: cash and equity", f"{_CLI}.facts:accounts"),
    Verb("health", "Facts", "feeds, streams, clock, journal, queues", f"{_CLI}.health:health"),
    Verb("fills", "Facts", "the newest fills", f"{_CLI}.facts:fills"),
    Verb(
        "reconcile",
        "Facts",
        "what ledger and venue disagree on; adopt, ignore, flatten",
        f"{_CLI}.reconcile:reconcile",
    ),
    Verb("watch", "Facts", "one line per event, as it happens", f"{_CLI}.watch:watch"),
    Verb("buy", "Orders", "buy QTY SYMBOL, through the risk gate", f"{_CLI}.trade:buy"),
    Verb("sell", "Orders", "sell QTY SYMBOL, through the risk gate", f"{_CLI}.trade:sell"),
    Verb("amend", "Orders", "change an open order ID", f"{_CLI}.trade:amend"),
    Verb("cancel", "Orders", "cancel ID, or --all", f"{_CLI}.steer:cancel"),
    Verb("flatten", "Orders", "close SYMBOL, or --all", f"{_CLI}.steer:flatten"),
    Verb(
        "kill", "Control", "HALTED: cancel what adds risk, keep what protects", f"{_CLI}.steer:kill"
    ),
    Verb("panic", "Control", "no engine needed: make ACCOUNT safe", f"{_CLI}.panic:panic"),
    Verb("halt", "Control", "REDUCING: only what shrinks a position", f"{_CLI}.steer:halt"),
    Verb("resume", "Control", "lift halt or kill, or let SLEEVE go on", f"{_CLI}.steer:resume"),
    Verb("arm", "Control", "LIVE: hands may add risk for a while", f"{_CLI}.authority:arm"),
    Verb("disarm", "Control", "hands add no more risk", f"{_CLI}.authority:disarm"),
    Verb(
        "mandate", "Control", "LIVE: SLEEVE may add risk within bounds", f"{_CLI}.authority:mandate"
    ),
    Verb("pause", "Control", "SLEEVE adds no more risk", f"{_CLI}.steer:pause"),
    Verb("drill", "Control", "a fault, felt: a minute in the sandbox", f"{_CLI}.drill:drill"),
    Verb(
        "policy", "Control", "sleeves: list, start, reload, why, ...", f"{_CLI}.policy:policy_app"
    ),
    Verb(
        "backtest", "Data", "POLICY on recordings, assumptions shown", f"{_CLI}.backtest:backtest"
    ),
    Verb(
        "size", "Control", "how much to bet: a trade, a record, a target", f"{_CLI}.size:size_app"
    ),
    Verb(
        "montecarlo",
        "Data",
        "wealth under a sizing rule, simulated",
        f"{_CLI}.montecarlo:montecarlo_app",
    ),
    Verb("runs", "Data", "finished runs of policies, also side by side", f"{_CLI}.runs:runs_app"),
    Verb("data", "Data", "the store of datasets", f"{_CLI}.data:data_app"),
    Verb("book", "Data", "order books against recordings' own truth", f"{_CLI}.book:book_app"),
    Verb(
        "journal", "Data", "verify, export, check an engine's record", f"{_CLI}.journal:journal_app"
    ),
    Verb("export", "Data", "fills, lots, ledger or cash of a year", f"{_CLI}.money:export"),
    Verb("report", "Data", "a day or month: earned, paid, by whom", f"{_CLI}.money:report"),
    Verb("backup", "Data", "an engine's whole state in one FILE", f"{_CLI}.money:backup"),
    Verb("restore", "Data", "an engine again, from a backup FILE", f"{_CLI}.money:restore"),
    Verb(
        "token", "Setup", "add, list, remove tokens of the http address", f"{_CLI}.token:token_app"
    ),
    Verb("account", "Setup", "add, list, check, remove accounts", f"{_CLI}.account:account_app"),
    Verb("keys", "Setup", "set, list, remove accounts' keys", f"{_CLI}.keys:keys_app"),
    Verb("alerts", "Setup", "test the addresses that alerts go to", f"{_CLI}.alerts:alerts_app"),
    Verb(
        "exchange",
        "Setup",
        "a local exchange that speaks the brokers' protocols",
        f"{_CLI}.exchange:exchange",
    ),
    Verb("service", "Setup", "an engine as a systemd unit", f"{_CLI}.service:service_app"),
    Verb("config", "Setup", "init, show, check tradebot.toml", f"{_CLI}.config:config_app"),
    Verb("doctor", "Setup", "what is well here and what is not", f"{_CLI}.doctor:doctor"),
)

NOT_YET: tuple[str, ...] = (
    "bench",
    "compare",
    "find",
    "replay",
    "sweep",
)
"""Commands of the contract that a later version brings."""


def find_verb(name: str) -> Verb | None:
    """Return a verb by its name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def help_text(columns: int) -> str:
    """Return the text of `tradebot --help`, at most that many columns wide where a word allows."""
    lines = [
        "Usage: tradebot COMMAND [ARGS]...",
        "",
        "Trade from a terminal like the house, not the player.",
    ]
    group = ""
    for verb in VERBS:
        if verb.group != group:
            group = verb.group
            lines += ["", f"{group}:"]
        lines.append(f"  {verb.name:<10} {verb.summary}")
    lines += ["", "Not yet:", *_wrapped(NOT_YET, columns)]
    lines += [
        "",
        "tradebot COMMAND --help tells more; --debug shows tracebacks; --version the version.",
    ]
    return "\n".join(lines)


def _wrapped(names: tuple[str, ...], columns: int) -> list[str]:
    lines = [" "]
    for name in names:
        if len(lines[-1]) + 1 + len(name) > columns and lines[-1].strip():
            lines.append(" ")
        lines[-1] += f" {name}"
    return lines
