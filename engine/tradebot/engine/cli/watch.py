"""`watch`: one line per committed event, resumable."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import UNREACHABLE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form
from tradebot.engine.cli.target import connected
from tradebot.engine.control.client import EngineUnreachable
from tradebot.engine.control.messages_orders import EventLine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def watch(
    *,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Begin after this event's id.")
    ] = None,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Print one line per event as it happens: `seq ts kind` and the object; ends with Ctrl-C.

    With --json each line is an object whose `id` can be given to --after later: nothing is missed or seen twice.
    """
    shape = form(json=json, plain=plain)
    last = after
    with connected(name) as client:
        try:
            for line in client.events(after):
                # flushed: who reads a pipe wants the event now, not 8 KB later
                print(json_text(line) if shape == "json" else event_text(line), flush=True)
                last = line.id
        except EngineUnreachable as error:
            resume = "" if last is None else f"; go on with tradebot watch --after {last}"
            raise CommandFailed(f"{error}{resume}", UNREACHABLE) from error


def json_text(line: EventLine) -> str:
    """Return an event as one JSON object, its time in words."""
    fields = {
        "id": line.id,
        "seq": line.seq,
        "ts": iso_text(line.ts),
        "kind": line.kind,
        "body": line.body,
    }
    return msgspec.json.encode(fields).decode()


def event_text(line: EventLine) -> str:
    """Return an event as `seq ts kind` and its object."""
    return f"{line.seq} {iso_text(line.ts)} {line.kind} {bytes(line.body).decode()}"


def iso_text(ns: int) -> str:
    """Return an instant in ns UTC as ISO 8601 with `Z`, to the nanosecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
