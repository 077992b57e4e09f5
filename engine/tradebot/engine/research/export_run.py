"""A finished run taken elsewhere: report, tables, the policy's source, and a page where it was a backtest."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from tradebot.engine.policy_source.reference import parse_reference
from tradebot.engine.policy_source.sources import recorded_sources
from tradebot.engine.research.kept_run import KeptRun
from tradebot.engine.research.results import TABLES
from tradebot.engine.research.tear_sheet.page import tear_sheet
from tradebot.engine.trial.report import EQUITY, REPORT
from tradebot.engine.trial.trial import TRIAL

PAGE = "report.html"
"""Name of the page."""


def export(kept: KeptRun, out: Path) -> Iterator[Path]:
    """Write a run into a folder, which is made, and yield each file.

    Raises:
        OSError: If it cannot be written.
    """
    out.mkdir(exist_ok=True)
    tables = [f"{name}.parquet" for name in TABLES]
    for name in (REPORT, TRIAL, EQUITY, *tables):
        if (kept.folder / name).exists():
            copyfile(kept.folder / name, out / name)
            yield out / name
    for sleeve, reference in kept.references.items():
        place = out / "policy" / sleeve if kept.report.sleeves else out / "policy"
        sources = recorded_sources(parse_reference(reference), kept.sources[sleeve])
        for relative, text in sources.files.items():
            path = place / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            yield path
    if all((kept.folder / name).exists() for name in tables):
        page = out / PAGE
        page.write_text(tear_sheet(kept.folder, kept.report))
        yield page
