"""`size payoff`: a structure of legs under a model, its distribution, and what it is worth staking."""

from typing import Annotated, Literal

import typer

from tradebot.engine.cli.options import JsonOption, PlainOption
from tradebot.engine.cli.size_page import (
    Figure,
    Page,
    bounds_named,
    curve,
    number,
    numbers,
    positive,
    show,
)
from tradebot.engine.sizing.leg_words import FORMS, leg_of
from tradebot.engine.sizing.models import Empirical, Jumping, Lognormal, Model, StudentT
from tradebot.engine.sizing.payoff import Structure, design
from tradebot.engine.sizing.utility import Blend, Crra, Log, Target, Utility


def size_payoff(  # noqa: PLR0913  (each is an option)
    *,
    price: Annotated[str, typer.Option("--price", help="Of the underlying, now.")],
    leg: Annotated[list[str], typer.Option("--leg", help=f"Once per leg: {FORMS}.")],
    years: Annotated[str, typer.Option("--years", help="Until the structure is closed.")],
    model: Annotated[
        Literal["lognormal", "student", "jump", "empirical"], typer.Option("--model")
    ] = "lognormal",
    mu: Annotated[str, typer.Option("--mu", help="Drift a year.")] = "0",
    sigma: Annotated[str, typer.Option("--sigma", help="Volatility a year.")] = "0.3",
    nu: Annotated[str, typer.Option("--nu", help="student: degrees of freedom.")] = "4",
    rate: Annotated[str, typer.Option("--rate", help="jump: jumps a year.")] = "1",
    jump: Annotated[str, typer.Option("--jump", help="jump: share of one.")] = "-0.1",
    returns: Annotated[
        str, typer.Option("--returns", help="empirical: simple returns of a step, by commas.")
    ] = "",
    fee: Annotated[str, typer.Option("--fee", help="Share of what is traded, each way.")] = "0",
    goal: Annotated[str, typer.Option("--goal", help="Wealth to reach, wealth now is 1.")] = "1.1",
    gamma: Annotated[str, typer.Option("--gamma", help="Relative risk aversion.")] = "2",
    weight: Annotated[str, typer.Option("--weight", help="Of the goal, in the blend.")] = "0.5",
    paths: Annotated[int, typer.Option("--paths", min=100, max=200_000)] = 4000,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Design a payoff: distribution, convexity, capital at risk, best stake, what if the edge is half."""
    with bounds_named():
        structure = Structure(
            positive(price, "--price"), tuple(map(leg_of, leg)), number(fee, "--fee")
        )
        drift, spread = number(mu, "--mu"), positive(sigma, "--sigma")
        models: dict[str, Model] = {
            "lognormal": Lognormal(drift, spread),
            "student": StudentT(drift, spread, number(nu, "--nu")),
            "jump": Jumping(drift, spread, number(rate, "--rate"), number(jump, "--jump")),
            "empirical": Empirical(tuple(numbers(returns, "--returns"))),
        }
        aim = positive(goal, "--goal")
        utilities: dict[str, Utility] = {
            "log": Log(),
            "crra": Crra(number(gamma, "--gamma")),
            "target": Target(aim),
            "blend": Blend(aim, number(weight, "--weight")),
        }
        found = design(
            structure, models[model], positive(years, "--years"), utilities, paths=paths, seed=seed
        )
        figures: dict[str, Figure] = {
            "at_risk": found.at_risk,
            "mean_per_risk": found.mean,
            "mean_error": found.mean_error,
            "mean_half_edge": found.mean_half_edge,
            "quantiles_5_25_50_75_95": found.quantiles,
            "worst_path": found.worst,
            "losing_share": found.losing,
            "convexity": found.convexity,
            "kelly_half_edge": found.half_edge_stake,
            "best_chance_of_goal": found.stakes["target"].value,
            "ever_halved_kelly_at_most": found.halved["1"],
            "ever_halved_half_kelly_at_most": found.halved["0.5"],
        }
        figures |= {f"stake_{name}": best.stake for name, best in found.stakes.items()}
        figures |= {f"growth_at_{times}_kelly": value for times, value in found.growth.items()}
        notes = [f"cannot be traded here: {each}" for each in found.untradable]
        notes.append(
            f"{paths} simulated paths, looked at 60 times; stakes are shares of wealth at risk"
        )
        low, high = structure.price * 0.5, structure.price * 1.6
        plot = curve("result at the end by price", structure.at_end, low, high)
        show(Page(figures, notes, plot), json=json, plain=plain)
