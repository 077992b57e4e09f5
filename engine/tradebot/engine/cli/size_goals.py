"""`size` for portfolios, drawdown bounds and targets."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption
from tradebot.engine.cli.size_bets import Mu, Rate, Sigma
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

_SINGULAR = 1e4
"""Condition number above which small errors of drifts decide the answer."""

Wealth = Annotated[str, typer.Option("--wealth", help="Now.")]
Goal = Annotated[str, typer.Option("--goal", help="Wealth to reach.")]
Years = Annotated[str, typer.Option("--years", help="Until the deadline.")]
Budget = Annotated[str, typer.Option("--budget", help="Bound on the sum of weights.")]


class MarketFile(msgspec.Struct, forbid_unknown_fields=True):
    """What `size portfolio` reads."""

    mu: list[float]
    sd: list[float]
    corr: list[list[float]]
    r: float = 0.0


def size_portfolio(  # noqa: PLR0913  (each is an option)
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help='JSON: {"mu": [], "sd": [], "corr": [[]], "r": 0}.'),
    ],
    *,
    budget: Budget = "1",
    cap: Annotated[str | None, typer.Option("--cap", help="Bound on each weight.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Allow short positions.")] = False,
    free: Annotated[bool, typer.Option("--free", help="No bounds at all.")] = False,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size several drifting prices together, under bounds, with the proof of the answer."""
    from tradebot.engine.sizing.markets import Market, bounded_allocation, free_allocation

    with bounds_named():
        try:
            told = msgspec.json.decode(file.read_bytes(), type=MarketFile)
        except msgspec.DecodeError as error:
            raise CommandFailed(f"{file} is no market: {error}", USAGE) from error
        market = Market(tuple(told.mu), told.r, tuple(told.sd), tuple(map(tuple, told.corr)))
        found = (
            free_allocation(market)
            if free
            else bounded_allocation(
                market,
                leverage=positive(budget, "--budget"),
                cap=None if cap is None else positive(cap, "--cap"),
                long_only=not short,
            )
        )
        figures: dict[str, Figure] = {
            "weights": found.fractions,
            "growth": found.growth,
            "gross": found.gross,
            "net": found.net,
            "condition": found.condition,
            "proof_gap": None if found.certificate is None else found.certificate.gap,
        }
        notes = ["half of these weights keep three quarters of the growth above cash"]
        if found.condition > _SINGULAR:
            notes.append("the covariance is nearly singular: small errors of --mu turn this over")
        show(Page(figures, notes), json=json, plain=plain)


def size_risk_constrained(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV of simple returns: a period a row.")
    ],
    *,
    alpha: Annotated[str, typer.Option("--alpha", help="Wealth may fall below this share ...")],
    beta: Annotated[str, typer.Option("--beta", help="... with at most this chance.")],
    budget: Budget = "1",
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size a table of returns so that P(wealth ever below alpha) < beta (Busseti, Ryu, Boyd 2016)."""
    from tradebot.engine.sizing.drawdown import risk_power
    from tradebot.engine.sizing.log_optimal import best_weights

    with bounds_named():
        rows = [numbers(line, str(file)) for line in file.read_text().splitlines() if line.strip()]
        if not rows or len({len(row) for row in rows}) != 1:
            raise CommandFailed(f"{file}: each row needs as many returns as the first", USAGE)
        power = risk_power(number(alpha, "--alpha"), number(beta, "--beta"))
        held = best_weights(rows, budget=positive(budget, "--budget"), power=power)
        kelly = best_weights(rows, budget=positive(budget, "--budget"))
        figures: dict[str, Figure] = {
            "weights": held.weights,
            "growth": held.growth,
            "cash": 1.0 - sum(held.weights),
            "bound_binds": held.constrained,
            "lambda": power,
            "kelly_weights": kelly.weights,
            "kelly_growth": kelly.growth,
            "proof_gap": held.certificate.gap,
        }
        notes = [
            "the bound is not tight: the chance is lower",
            "each period is taken to be as likely as any",
        ]
        show(Page(figures, notes), json=json, plain=plain)


def size_target(  # noqa: PLR0913  (each is an option)
    *,
    wealth: Wealth,
    goal: Goal,
    years: Years,
    mu: Mu,
    sigma: Sigma,
    r: Rate = "0",
    cap: Annotated[str | None, typer.Option("--cap", help="Largest share held.")] = None,
    floor: Annotated[str | None, typer.Option("--floor", help="Wealth at which to stop.")] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size for a wealth to be reached by a deadline."""
    from tradebot.engine.sizing.deadline import deadline_chance, deadline_stake
    from tradebot.engine.sizing.fraction import (
        Aim,
        chance_at_end,
        chance_to_hit,
        likeliest_stake,
        until_target_or_floor,
    )
    from tradebot.engine.sizing.kelly import Drift

    with bounds_named():
        drift = Drift(number(mu, "--mu"), number(r, "--r"), positive(sigma, "--sigma"))
        aim = Aim(number(wealth, "--wealth"), number(goal, "--goal"), number(years, "--years"))
        best = deadline_stake(aim.wealth, aim.goal, aim.years, sigma=drift.sigma, r=drift.r)
        held = likeliest_stake(drift, aim)
        figures: dict[str, Figure] = {
            "chance_at_best": deadline_chance(
                aim.wealth, aim.goal, aim.years, sharpe=drift.sharpe, r=drift.r
            ),
            "share_now": best,
            "constant_share": held,
            "chance_constant": chance_at_end(drift, held, aim),
            "kelly": drift.stake,
            "chance_kelly": chance_at_end(drift, drift.stake, aim),
            "chance_kelly_touches": chance_to_hit(drift, drift.stake, aim),
        }
        notes = [
            "chance at best needs trading without a break and without a limit, and may lose everything"
        ]
        if cap is not None and number(cap, "--cap") < best:
            most = positive(cap, "--cap")
            figures |= {"share_capped": most, "chance_capped": chance_at_end(drift, most, aim)}
            notes.append("with --cap the chance at best is an upper bound")
        if floor is not None and drift.stake:
            kelly = abs(drift.stake)
            stopped = until_target_or_floor(
                aim.wealth,
                number(floor, "--floor"),
                aim.goal,
                growth=drift.growth(drift.stake),
                volatility=kelly * drift.sigma,
            )
            figures |= {"kelly_goal_before_floor": stopped.target, "kelly_years": stopped.years}
        plot = curve(
            "chance at the deadline by constant share",
            lambda share: chance_at_end(drift, share, aim),
            0.0,
            2.0 * max(held, drift.stake, 0.5),
        )
        show(Page(figures, notes, plot), json=json, plain=plain)


def size_hybrid(  # noqa: PLR0913  (each is an option)
    *,
    wealth: Wealth,
    goal: Goal,
    years: Years,
    mu: Mu,
    sigma: Sigma,
    r: Rate = "0",
    weight: Annotated[str, typer.Option("--weight", help="Of the target, in [0, 1].")] = "0.5",
    cap: Annotated[str, typer.Option("--cap", help="Largest share.")] = "12",
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size for growth and a target together: (1 - w) growth + w chance, both 1 on certain success."""
    from tradebot.engine.sizing.fraction import Aim, chance_at_end
    from tradebot.engine.sizing.hybrid import best_blend, blend_value
    from tradebot.engine.sizing.kelly import Drift

    with bounds_named():
        drift = Drift(number(mu, "--mu"), number(r, "--r"), positive(sigma, "--sigma"))
        aim = Aim(number(wealth, "--wealth"), number(goal, "--goal"), number(years, "--years"))
        part, most = number(weight, "--weight"), positive(cap, "--cap")
        best = best_blend(drift, aim, part, most)
        figures: dict[str, Figure] = {
            "share": best.stake,
            "value": best.value,
            "growth": drift.growth(best.stake),
            "chance": chance_at_end(drift, best.stake, aim),
            "kelly": best_blend(drift, aim, 0.0, most).stake,
            "target": best_blend(drift, aim, 1.0, most).stake,
        }
        plot = curve(
            "value by share",
            lambda share: blend_value(drift, aim, part, share),
            0.0,
            min(2.0 * best.stake, most),
        )
        show(
            Page(figures, ["the share is held constant until the deadline"], plot),
            json=json,
            plain=plain,
        )
