"""schemathesis against a served engine: does every answer keep to the document?"""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tradebot.engine.control.openapi import DOCUMENT_PATH
from tradebot.engine.control.routes import STREAMS

LEFT_OUT = "positive_data_acceptance"
"""What an order's fields mean together (a limit order needs a limit) no schema says: one that it allows is refused."""

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
"""Most for each operation; `make fuzz` asks for more."""

FEW = 10
"""Fewer examples than these are all there is: no walk over each field's edges, which takes longer."""


class Ran(NamedTuple):
    """One run."""

    code: int
    report: str


def schemathesis(
    url: str,
    authorization: str,
    *,
    rate: str | None = None,
    without: tuple[str, ...] = (),
) -> Ran:
    """Run schemathesis; the streams, which never end, are asked elsewhere.

    Args:
        url: Of the engine.
        authorization: The header with a token.
        rate: Requests it may send, `90/s`; None: as fast as it can.
        without: Paths to leave alone besides the streams.
    """
    words = [
        "--max-examples",
        str(EXAMPLES),
        "--exclude-checks",
        LEFT_OUT,
        "--seed",
        "1",
        "--no-color",
    ]
    words += ["--header", f"Authorization: {authorization}", "--generation-database", "none"]
    for path in (*(route.path for route in STREAMS), *without):
        words += ["--exclude-path", path]
    if EXAMPLES < FEW:
        words += ["--phases", "fuzzing"]
    if rate is not None:
        words += ["--rate-limit", rate]
    with TemporaryDirectory() as folder:  # it leaves its caches where it runs
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                *words,
                url.rstrip("/") + DOCUMENT_PATH,
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    return Ran(ran.returncode, ran.stdout + ran.stderr)
