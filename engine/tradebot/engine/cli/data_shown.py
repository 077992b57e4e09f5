"""Datasets as commands show them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradebot.data.manifest import Manifest

type Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
"""A JSON value; decimals are text."""


def print_summary(manifest: "Manifest") -> None:
    """Print a dataset in one line: name, kinds, rows, first and last instant, how much was odd."""
    kinds = ",".join(sorted({file.kind for file in manifest.files}))
    span = f"{iso_ns(manifest.first_ts)}\t{iso_ns(manifest.last_ts)}"
    odd = sum(found.count for found in manifest.problems.values())
    print(f"{manifest.dataset}\t{kinds}\t{manifest.rows} rows\t{span}\t{odd} odd")


def summary_json(manifest: "Manifest") -> dict[str, Json]:
    """Return a dataset as JSON, short."""
    return {
        "dataset": manifest.dataset,
        "kinds": [*sorted({file.kind for file in manifest.files})],
        "instruments": [instrument.id for instrument in manifest.instruments],
        "rows": manifest.rows,
        "sha256": manifest.sha256,
        "from": iso_ns(manifest.first_ts),
        "to": iso_ns(manifest.last_ts),
        "format": manifest.format,
    }


def manifest_json(manifest: "Manifest") -> dict[str, Json]:
    """Return a dataset as JSON: the summary, instruments in decimals, files, sources, what was guessed and odd."""
    return {
        **summary_json(manifest),
        "importer_version": manifest.importer_version,
        "instrument_records": [
            {
                "id": instrument.id,
                "kind": instrument.kind,
                "base": instrument.base,
                "currency": instrument.currency,
                "price_scale": instrument.price_scale,
                "quantity_scale": instrument.quantity_scale,
                "tick": format(instrument.price(instrument.rules[0].tick), "f"),
                "lot": format(instrument.quantity(instrument.rules[0].lot), "f"),
                "multiplier": format(instrument.multiplier, "f"),
                "inverse": instrument.inverse,
            }
            for instrument in manifest.instruments
        ],
        "files": [
            {
                "path": file.path,
                "kind": file.kind,
                "instrument": file.instrument,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "from": iso_ns(file.first_ts),
                "to": iso_ns(file.last_ts),
            }
            for file in manifest.files
        ],
        "sources": [
            {"name": source.name, "bytes": source.bytes, "sha256": source.sha256}
            for source in manifest.sources
        ],
        "guesses": {**manifest.guesses},
        "messages": manifest.messages,
        "ignored": manifest.ignored,
        "covered": [[iso_ns(start), iso_ns(end)] for start, end in manifest.covered],
        "problems": {
            name: {
                "count": found.count,
                "first": [
                    {"file": place.file, "line": place.line, "text": place.text}
                    for place in found.first
                ],
            }
            for name, found in manifest.problems.items()
        },
    }


def iso_ns(ts: int | None) -> str | None:
    """Return an instant in ISO 8601 UTC to the ns."""
    if ts is None:
        return None
    from datetime import UTC, datetime

    seconds, nanoseconds = divmod(ts, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{nanoseconds:09d}Z" if nanoseconds else f"{moment}Z"
