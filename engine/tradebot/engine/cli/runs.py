"""`runs`: finished runs of policies, as they were kept."""

from decimal import Decimal
from typing import TYPE_CHECKING

from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.cli.run_choice import RunArgument, found_run
from tradebot.engine.cli.runs_again import diff_runs, export_run, rerun

if TYPE_CHECKING:
    from tradebot.engine.trial.report import RunReport

runs_app = new_app("Finished runs of policies.")
runs_app.command("diff")(diff_runs)
runs_app.command("rerun")(rerun)
runs_app.command("export")(export_run)

_HEADER = ("run", "policy", "data", "orders", "fills", "fees", "result", "of capital")


@runs_app.command("list")
def list_runs(*, json: JsonOption = False, plain: PlainOption = False) -> None:
    """List finished runs, the newest first."""
    from tradebot.engine import runs

    shape = form(json=json, plain=plain)
    found = [one.report for one in runs()]
    if shape == "json":
        print_json(found)
    elif found or shape == "plain":
        print_table(_HEADER, [_row(report) for report in found], shape)
    else:
        print("no run yet: tradebot policy new NAME makes the first")


@runs_app.command("show")
def show_run(run: RunArgument, *, json: JsonOption = False, plain: PlainOption = False) -> None:
    """Show RUN: what was run on what, what it decided and what came of it."""
    shape = form(json=json, plain=plain)
    report = found_run(run).report
    if shape == "json":
        print_json(report)
    else:
        print_report(report)


def print_report(report: "RunReport") -> None:
    """Print a run for a reader."""
    from tradebot.engine.policy_source.load import short_version

    share = report.result_share * 100
    result = Decimal(report.result).quantize(Decimal("0.01"))
    fees = Decimal(report.fees).quantize(Decimal("0.01"))
    minutes = (report.end - report.begin) / 60e9
    params = ", ".join(f"{name} {value}" for name, value in report.params.items()) or "defaults"
    print(
        f"run {report.id}  {report.name}@{short_version(report.version)} on {report.dataset}, "
        f"{minutes:.0f} minutes, {report.seconds:.0f} s"
    )
    print(f"  {', '.join(report.symbols)}; parameters: {params}")
    print(f"  decisions {report.decisions}  orders {report.orders}  fills {report.fills}")
    for code, count in report.reasons.items():
        print(f"    {count:>8}  {code}")
    for code, count in report.refused.items():
        print(f"    {count:>8}  refused: {code}")
    print(
        f"  result {result} {report.currency} ({share:+.2f} % of {report.capital}), "
        f"fees {fees} in it"
    )
    held = ", ".join(f"{quantity} {symbol}" for symbol, quantity in report.open.items())
    print(f"  held at the end: {held or 'nothing'}")
    if report.paused is not None:
        print(f"  PAUSED: {report.paused}")


def _row(report: "RunReport") -> list[str]:
    return [
        report.id,
        f"{report.policy.rpartition(':')[2]}@{report.version[:4]}",
        report.dataset,
        str(report.orders),
        str(report.fills),
        f"{Decimal(report.fees):.2f}",
        f"{Decimal(report.result):+.2f} {report.currency}",
        f"{report.result_share * 100:+.2f} %",
    ]
