"""`journal`: an engine's record verified, written out, decided again."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import DONE, FAILED, UNREACHABLE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, NameOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json
from tradebot.engine.cli.target import folder_of

journal_app = new_app("The record of an engine: verify, export, check.")


@journal_app.command("verify")
def verify_command(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Hold checkpoints against all rows too.")
    ] = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Check every record of an engine; may run beside the engine and changes nothing."""
    from tradebot.engine.journal.verify import verify

    shape = form(json=json, plain=plain)
    found = verify(_recorded(name), deep=deep)
    if shape == "json":
        print_json({"ok": found.ok, **msgspec.structs.asdict(found)})
        return DONE if found.ok else FAILED
    for finding in (*found.problems, *found.notes):
        seq = "-" if finding.seq is None else str(finding.seq)
        word = "bad" if finding.grave else "note"
        print(f"{word}  {finding.file}  seq {seq}  {finding.code}: {finding.text}")
    if found.more:
        print(f"and {found.more} more")
    for kind, count in found.unknown.kinds.items():
        print(f"bad  unknown kind {kind!r}, {count} times: a newer program wrote it")
    print(
        f"{'ok' if found.ok else 'bad'}  {found.rows} rows in {found.steps} steps, "
        f"{found.market_events} market events, last seq {found.last_seq}, "
        f"can be decided again from seq {found.decidable_from}"
    )
    return DONE if found.ok else FAILED


@journal_app.command("export")
def export_command(
    *,
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Comparable: no wall time, no paths.")
    ] = False,
    name: NameOption = None,
) -> None:
    """Write the journal to stdout as JSON lines."""
    from tradebot.engine.journal.export import export_lines
    from tradebot.engine.journal.store import Journal

    path = _recorded(name) / "journal.db"
    sys.stdout.flush()
    with Journal.open(path, read_only=True) as journal:
        for line in export_lines(journal, canonical=canonical):
            sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


@journal_app.command("check")
def check_command(
    *,
    redecide: Annotated[bool, typer.Option("--redecide", help="Decide the record again.")] = False,
    name: NameOption = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Decide what was recorded again and name the first difference (exit code 1)."""
    from tradebot.engine.live.redecide import redecide as decide_again
    from tradebot.engine.policy_source.files import policy_folders

    shape = form(json=json, plain=plain)
    if not redecide:
        raise CommandFailed("say what to check: journal check --redecide", USAGE)
    result = decide_again(_recorded(name), policy_folders())
    code = DONE if result.agreed else FAILED
    if shape == "json":
        print_json(result)
        return code
    for note in result.notes:
        print(f"note: {note}")
    first = result.first_difference
    if first is None:
        print(
            f"agreed: {result.steps} steps decided again, "
            f"{result.market_events} of them market events, all alike"
        )
        return code
    print(f"differs at seq {first.seq}, after {result.steps} steps")
    print(f"recorded  {first.expected}")
    print(f"decided   {first.got}")
    return code


def _recorded(name: str | None) -> Path:
    """Return the state folder of an engine that has a record.

    Raises:
        CommandFailed: If there is none.
    """
    chosen, folder = folder_of(name)
    if not (folder / "journal.db").exists():
        raise CommandFailed(
            f"engine {chosen!r} has no journal in {folder}; tradebot run makes one, --name names another",
            UNREACHABLE,
        )
    return folder
