"""`tradebot montecarlo`: simulated wealth under a sizing rule, each figure with its error bar."""

import sys
from collections.abc import Callable, Sequence
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import Form, JsonOption, PlainOption, form, new_app

if TYPE_CHECKING:
    from tradebot.engine.research.montecarlo.simulate import Chain, Figure, Plan, Result, Watch

montecarlo_app = new_app("Wealth under a sizing rule: quantiles, drawdown, target and ruin.")

Mu = Annotated[float, typer.Option(help="Drift of dS/S a year; the mean log return is lower.")]
Sigma = Annotated[float, typer.Option(help="Volatility a year.")]


def with_plan(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `_planned` behind its own, and call it with the plan and the form they come to."""
    planned: Callable[..., tuple[Plan, Form]] = _planned
    first, second, *own = signature(command).parameters.values()
    shared = tuple(signature(planned).parameters.values())

    def called(**told: object) -> None:
        plan, shape = planned(**{one.name: told.pop(one.name) for one in shared})
        command(**{first.name: plan, second.name: shape}, **told)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    # What Typer reads the options from.
    vars(called)["__signature__"] = Signature([*own, *shared])
    called.__annotations__ = {}
    return called


def _planned(  # noqa: PLR0913  (the options of a command)
    *,
    fraction: Annotated[float, typer.Option(help="Share of wealth staked.")] = 1.0,
    paths: Annotated[int, typer.Option(help="How many paths.")] = 100_000,
    steps: Annotated[int, typer.Option(help="Steps of each.")] = 252,
    step: Annotated[float, typer.Option(help="Length of a step, years.")] = 1.0 / 252.0,
    seed: Annotated[
        int, typer.Option(help="Same seed, same figures, on any number of threads.")
    ] = 1,
    rate: Annotated[float, typer.Option(help="Log rate a year that the rest earns.")] = 0.0,
    target: Annotated[
        float | None, typer.Option(help="Level above 1, a multiple of the start.")
    ] = None,
    ruin: Annotated[float | None, typer.Option(help="Level below 1, a share of the start.")] = None,
    threads: Annotated[int, typer.Option(help="Threads; 0: as many as the machine has.")] = 0,
    antithetic: Annotated[
        bool, typer.Option("--antithetic", help="Mirrored pairs of paths.")
    ] = False,
    as_json: JsonOption = False,
    plain: PlainOption = False,
) -> "tuple[Plan, Form]":
    """Return what every simulation is told."""
    from tradebot.engine.research.montecarlo.simulate import Plan

    plan = Plan(
        paths=paths,
        steps=steps,
        step=step,
        seed=seed,
        fraction=fraction,
        rate=rate,
        target=target,
        ruin=ruin,
        threads=threads,
        antithetic=antithetic,
    )
    return plan, form(json=as_json, plain=plain)


@montecarlo_app.callback()
def montecarlo() -> None:
    """Simulate wealth under a sizing rule."""


@montecarlo_app.command()
@with_plan
def gbm(
    plan: "Plan",
    shape: Form,
    *,
    mu: Mu,
    sigma: Sigma,
    on_steps: Annotated[
        bool, typer.Option("--on-steps", help="Look at levels on steps only, not between.")
    ] = False,
) -> None:
    """Geometric Brownian motion; the share is kept all the time."""
    from tradebot.engine.research.montecarlo.simulate import gbm as simulate

    _show(lambda watch: simulate(plan, mu, sigma, bridge=not on_steps, watch=watch), shape)


@montecarlo_app.command()
@with_plan
def student(
    plan: "Plan",
    shape: Form,
    *,
    mean: Annotated[float, typer.Option(help="Mean return a step.")],
    deviation: Annotated[float, typer.Option(help="Standard deviation a step.")],
    nu: Annotated[float, typer.Option(help="Degrees of freedom, > 2.")],
) -> None:
    """Student-t simple returns a step, floored at -1; the share is brought back each step."""
    from tradebot.engine.research.montecarlo.simulate import student as simulate

    _show(lambda watch: simulate(plan, mean, deviation, nu, watch), shape)


@montecarlo_app.command()
@with_plan
def jump(  # noqa: PLR0913  (the options of a command)
    plan: "Plan",
    shape: Form,
    *,
    mu: Mu,
    sigma: Sigma,
    intensity: Annotated[float, typer.Option(help="Jumps a year.")],
    jump_mean: Annotated[float, typer.Option(help="Mean log size of a jump.")],
    jump_deviation: Annotated[float, typer.Option(help="Its deviation.")],
) -> None:
    """Merton's jump diffusion; the share is brought back each step."""
    from tradebot.engine.research.montecarlo.simulate import Jumps
    from tradebot.engine.research.montecarlo.simulate import jump as simulate

    jumps = Jumps(intensity, jump_mean, jump_deviation)
    _show(lambda watch: simulate(plan, mu, sigma, jumps, watch), shape)


@montecarlo_app.command()
@with_plan
def regime(
    plan: "Plan",
    shape: Form,
    *,
    chances: Annotated[
        list[str], typer.Option("--next", help="Chances of the next state, as 0.95,0.05.")
    ],
    law: Annotated[list[str], typer.Option(help="Mean and deviation of a state, as 0.001,0.01.")],
    start: Annotated[str, typer.Option(help="Chances of the first state, as 1,0.")],
) -> None:
    """Markov regimes of log returns a step: one row of --next and one law for each state."""
    from tradebot.engine.research.montecarlo.simulate import regime as simulate

    _show(lambda watch: simulate(plan, _chain(chances, law, start), watch), shape)


@montecarlo_app.command()
@with_plan
def bootstrap(
    plan: "Plan",
    shape: Form,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One simple return a line.")],
    *,
    block: Annotated[float, typer.Option(help="Mean block length, steps; 0: automatic.")] = 0.0,
    circular: Annotated[
        bool, typer.Option("--circular", help="Blocks of one whole length.")
    ] = False,
) -> None:
    """Blocks of recorded simple returns, one a line of FILE; the share is brought back each step."""
    from tradebot.engine.research.montecarlo.simulate import bootstrap as simulate

    values = _returns(file)

    def sampled(watch: "Watch | None") -> "Result":
        length = _block(values, block, circular=circular)
        return simulate(plan, values, length, circular=circular, watch=watch)

    _show(sampled, shape)


def _numbers(text: str, what: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise CommandFailed(
            f"{what} must be numbers apart by commas, was {text!r}", USAGE
        ) from error


def _chain(chances: Sequence[str], laws: Sequence[str], start: str) -> "Chain":
    from tradebot.engine.research.montecarlo.simulate import Chain

    pairs: list[tuple[float, float]] = []
    for text in laws:
        mean, *rest = _numbers(text, "--law")
        if len(rest) != 1:
            raise CommandFailed(f"--law must be MEAN,DEVIATION, was {text!r}", USAGE)
        pairs.append((mean, rest[0]))
    rows = [_numbers(text, "--next") for text in chances]
    return Chain(rows, pairs, _numbers(start, "--start"))


def _returns(file: Path) -> list[float]:
    if not file.is_file():
        raise CommandFailed(f"{file} must be a file that exists; check the path", USAGE)
    values: list[float] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values.append(float(line))
        except ValueError as error:
            raise CommandFailed(f"{file}:{number} must be a number, was {line!r}", USAGE) from error
    return values


def _block(values: Sequence[float], block: float, *, circular: bool) -> float:
    """Return the block length asked for, or the automatic one."""
    if block != 0.0:
        return block
    from tradebot.engine.research.montecarlo.bootstrap import block_length

    found = block_length(values)
    if found is None:
        return 1.0
    return float(max(1, round(found.circular))) if circular else max(1.0, found.stationary)


def _counted() -> "Watch | None":
    """Return what tells on a terminal's stderr how far it is; in a pipe nothing does."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, whole: int) -> None:
        end = "\r\x1b[K" if done >= whole else ""
        sys.stderr.write(f"\r\x1b[K{done / whole * 100:.0f} % of {whole:,} paths{end}")
        sys.stderr.flush()

    return tell


def _show(simulate: "Callable[[Watch | None], Result]", shape: Form) -> None:
    try:
        found = simulate(_counted())
    except ValueError as error:
        raise CommandFailed(str(error), USAGE) from error
    if shape == "json":
        from tradebot.engine.cli.output import print_json

        print_json(found)
        return
    from tradebot.engine.cli.output import print_table

    rows = [_row("mean wealth", found.mean), _row("mean log wealth", found.mean_log)]
    rows += [_row(f"wealth, quantile {q}", figure) for q, figure in found.quantiles.items()]
    rows += [_row(f"drawdown, quantile {q}", figure) for q, figure in found.drawdown.items()]
    rows += [_row("mean drawdown", found.mean_drawdown)]
    if found.target is not None:
        rows.append(_row(f"chance of target, seen {found.monitored}", found.target))
    if found.ruin is not None:
        rows.append(_row(f"chance of ruin, seen {found.monitored}", found.ruin))
    print_table(["", "value", "95 % from", "to"], rows, shape)
    if shape == "text":
        print("Drawdowns are seen on steps; looked at all the time they are deeper.")


def _row(name: str, figure: "Figure") -> list[str]:
    bounds = (figure.value, figure.low, figure.high)
    return [name, *("-" if x is None else f"{x:.6g}" for x in bounds)]
