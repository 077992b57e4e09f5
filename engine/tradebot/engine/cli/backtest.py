"""`tradebot backtest`: a policy on recordings, with every assumption beside the result."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import DONE, USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, parse_decimal
from tradebot.engine.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tradebot.engine.config.load import Loaded
    from tradebot.engine.research.measures import Figure
    from tradebot.engine.research.results import Backtest


def backtest(  # noqa: PLR0913  (one argument per option)
    policy: Annotated[
        str | None,
        typer.Argument(metavar="[POLICY]", help="file.py:Class, package.module:Class, a name."),
    ] = None,
    *,
    data: Annotated[
        list[str], typer.Option("--data", metavar="DATASET", help="The recording; repeatable.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="All its sleeves on one account, instead of POLICY."),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Of the data, repeatable; without it the first."),
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="T", help="First instant.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="First one left out.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="K=V", help="A parameter; repeatable.")
    ] = None,
    cash: Annotated[
        list[str] | None,
        typer.Option(metavar="AMOUNT [CUR]", help="The account begins with; repeatable. [100000]"),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The account's; without it the first symbol's.")
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="CUR=R", help="Another currency's worth: a number, or the symbol."),
    ] = None,
    rules: Annotated[
        str, typer.Option(help="Assumptions: default, lean, backtrader or backtesting.")
    ] = "default",
    fill: Annotated[
        str | None, typer.Option(help="next-open, this-close, touch, quote or book.")
    ] = None,
    mark: Annotated[str | None, typer.Option(help="last, mid or close.")] = None,
    commission: Annotated[
        str | None,
        typer.Option(
            metavar="M", help="0.001, maker:R,taker:R, per-share:A,min=M,max=R, DATE=one;DATE=one"
        ),
    ] = None,
    slippage: Annotated[
        str | None, typer.Option(metavar="M", help="Share of the price that taking costs on top.")
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            metavar="M", help="none, MS each way, order=MS,answer=MS,feed=MS, recorded:FILE."
        ),
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option(metavar="M", help="risk-averse, log, log2, power:N, power2:N, power3:N."),
    ] = None,
    limits: Annotated[str | None, typer.Option(help="house or off: of the risk gate.")] = None,
    seed: Annotated[int, typer.Option(help="Of the policy's generator.", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Trades, orders, fills, equity as Parquet.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All of it as one page, offline.")
    ] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> int:
    """Run POLICY, or the sleeves of --config, on recordings through the live kernel; only venue and clock differ."""
    from tradebot.engine.cli.policy_author import parameters, progress
    from tradebot.engine.home import data_folder, home
    from tradebot.engine.live.clock import SystemClock
    from tradebot.engine.policy_source.files import policy_folders
    from tradebot.engine.recording.hour import ensure_hour
    from tradebot.engine.recording.place import DATASET
    from tradebot.engine.research.backtest import backtest as run_backtest
    from tradebot.engine.research.results import write_tables
    from tradebot.engine.trial.rules import Changes, changed, rules_named
    from tradebot.engine.trial.trial import Trial

    shape = form(json=json, plain=plain)
    if html is not None and not html.absolute().parent.is_dir():
        raise CommandFailed(f"--html: there is no folder {html.absolute().parent}", USAGE)
    assumed = changed(
        rules_named(rules),
        Changes(
            fill=fill,
            mark=mark,
            commission=commission,
            slippage=slippage,
            latency=latency,
            queue=queue,
            limits=limits,
        ),
    )
    (capital, named), *others = [_money(text) for text in cash or ("100000",)]
    currency = currency or named
    loaded = None if config is None else _configuration(config)
    if (policy is None) == (loaded is None):
        raise CommandFailed("either POLICY or --config FILE, not both and not neither", USAGE)
    policy = policy or str(config)
    if DATASET in data:
        ensure_hour(data_folder())
    trial = Trial(
        name="backtest",
        policy=policy,
        config=None if loaded is None else loaded.config,
        tables={} if loaded is None else loaded.tables,
        folders=policy_folders(),
        params=parameters(param or []),
        symbols=tuple(symbol or ()),
        datasets=tuple(data),
        start=_instant(begin, data),
        until=_instant(end, data),
        capital=capital,
        currency=currency,
        besides={_other(unit, currency): amount for amount, unit in others},
        rates=dict(_pair(text) for text in rate or ()),
        seed=seed,
        rules=assumed,
    )
    if trial.start is not None and trial.until is not None and trial.start >= trial.until:
        raise CommandFailed(f"--from must be before --to, were {begin} and {end}", USAGE)
    with progress(f"running {policy} on {trial.dataset}") as told:
        result = run_backtest(
            trial,
            home() / "runs",
            store=data_folder(),
            clock=SystemClock(),
            progress=told,
        )
    if out is not None:
        write_tables(result, out)
    if html is not None:
        from tradebot.engine.research.tear_sheet.page import tear_sheet

        report = result.ran.report
        html.write_text(tear_sheet(home() / "runs" / report.id, report))
    if shape == "json":
        print_json(document(result))
    else:
        print_table(("backtest", policy), _rows(result), shape)
    return DONE


def _configuration(path: Path) -> "Loaded":
    from tradebot.engine.config.load import load_file

    if not path.is_file():
        raise CommandFailed(f"--config must be a file, there is no {path}", USAGE)
    # The environment does not override it: the same file and data are the same run.
    return load_file(path, {})


def _money(text: str) -> tuple[Decimal, str | None]:
    """Return amount and currency of `1000` or `1000 EUR`."""
    number, _, unit = text.partition(" ")
    amount = parse_decimal(number, "--cash")
    if not 0 < amount <= Decimal("1e15"):
        raise CommandFailed(f"--cash must be in (0, 1e15], was {number}", USAGE)
    return amount, unit or None


def _other(unit: str | None, currency: str | None) -> str:
    if unit is None or currency is None or unit == currency:
        raise CommandFailed(
            "the second --cash and the next must say another currency than the first, which says its own: "
            f"was {unit or 'none'} after {currency or 'none'}",
            USAGE,
        )
    return unit


def _pair(text: str) -> tuple[str, str]:
    """Return currency and rate of `EUR=1.08` or `EUR=venue:EURUSD`."""
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise CommandFailed(f"--rate must be CUR=RATE or CUR=SYMBOL, was {text!r}", USAGE)
    if ":" not in value and parse_decimal(value, "--rate") <= 0:
        raise CommandFailed(f"--rate must be > 0, was {value}", USAGE)
    return name, value


def _instant(text: str | None, datasets: list[str]) -> int | None:
    """Return an instant; a date is of the first dataset's first instrument's day."""
    if text is None:
        return None
    from tradebot.data.store import Store
    from tradebot.engine.home import data_folder
    from tradebot.engine.research.span import instant

    return instant(text, Store(data_folder()).instruments(datasets[0])[0].kind)


def document(result: "Backtest") -> dict[str, object]:
    """Return a backtest as the contract has it; money as text."""
    from tradebot.engine.cli.watch import iso_text

    report = result.ran.report
    return {
        "run": report.id,
        "policy": report.policy,
        "version": report.version,
        "trades": len(result.trades),
        "orders": report.orders,
        "fills": report.fills,
        "equity_final": f"{result.equity_final:f}",
        "cash_final": f"{result.cash_final:f}",
        "fees": report.fees,
        "currency": report.currency,
        "cash": report.cash,
        "sleeves": {name: msgspec.to_builtins(one) for name, one in report.sleeves.items()},
        "statistics": report.statistics,
        "critique": report.critique,
        "assumptions": report.assumptions,
        "data": {"dataset": report.dataset, "rows": result.ran.events, "sha256": report.sha256},
        "from": iso_text(report.begin),
        "to": iso_text(report.end),
        "open": report.open,
        "refused": report.refused,
        "path": "event",
        "seed": report.seed,
        "events": report.steps,
        "seconds": report.seconds,
    }


def _rows(result: "Backtest") -> list[list[str]]:
    report = result.ran.report
    rows = [
        ["equity", f"{result.equity_final:.2f} {report.currency}"],
        ["result", f"{(result.equity_final / result.equity[0][1] - 1) * 100:+.2f} %"],
        ["trades", str(len(result.trades))],
        ["orders, fills", f"{report.orders}, {report.fills}"],
        ["fees", f"{Decimal(report.fees):.2f}"],
    ]
    rows += [[f"refused: {code}", str(count)] for code, count in report.refused.items()]
    rows += [
        [f"sleeve {name}", f"{Decimal(one.result):+.2f} on {one.capital}, {one.orders} orders"]
        for name, one in report.sleeves.items()
    ]
    rows += [[name, _figure(value)] for name, value in report.statistics.items()]
    rows += [["critique", line] for line in report.critique]
    rows += [[f"assumed: {name}", value] for name, value in report.assumptions.items()]
    rows += [["data", f"{report.dataset}, {result.ran.events} events, {report.sha256[:12]}"]]
    rows += [["run", f"{report.id}  seed {report.seed}  {report.seconds:.1f} s"]]
    return rows


def _figure(value: "Figure") -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return f"[{value[0]:.4f}, {value[1]:.4f}]"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
