"""`size` from a trade, a record, returns, or the odds of a bet."""

from pathlib import Path
from typing import Annotated

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
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

Win = Annotated[str, typer.Option("--win", help="Chance to win, in (0, 1).")]
Pays = Annotated[str, typer.Option("--pays", help="Net odds b: what a stake of 1 wins.")]
Loses = Annotated[str, typer.Option("--loses", help="Share of the stake that is lost.")]
Cap = Annotated[str | None, typer.Option("--cap", help="Largest stake, a share of wealth.")]
Mu = Annotated[str, typer.Option("--mu", help="Drift of dS/S a year; not the mean log return.")]
Sigma = Annotated[str, typer.Option("--sigma", help="Volatility a year.")]
Rate = Annotated[str, typer.Option("--r", help="Interest on cash a year.")]

_NO_RECORD = (
    "your edge is not stated: Kelly says 0. State --won and --lost, or trade on limits alone"
)


def size_trade(  # noqa: PLR0913  (each is an option)
    *,
    entry: Annotated[str, typer.Option("--entry")],
    stop: Annotated[str, typer.Option("--stop", help="Below the entry: long; above: short.")],
    equity: Annotated[str, typer.Option("--equity")],
    target: Annotated[str | None, typer.Option("--target")] = None,
    fee: Annotated[str, typer.Option("--fee", help="Share of what is traded, each way.")] = "0",
    won: Annotated[str | None, typer.Option("--won", help="Such bets won.")] = None,
    lost: Annotated[str | None, typer.Option("--lost", help="Such bets lost.")] = None,
    stated: Annotated[
        str | None, typer.Option("--stated", help="Chance you state; it counts as five bets.")
    ] = None,
    risk: Annotated[str | None, typer.Option("--risk", help="Share of equity at risk.")] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size a trade: pays, break-even, careful and half Kelly, as what is lost and as units."""
    from tradebot.engine.sizing.beta import posterior
    from tradebot.engine.sizing.kelly import BinaryBet, break_even
    from tradebot.engine.sizing.trade import Trade, sizes

    with bounds_named():
        aim = None if target is None else number(target, "--target")
        trade = Trade(number(entry, "--entry"), number(stop, "--stop"), aim, number(fee, "--fee"))
        wealth = positive(equity, "--equity")
        figures: dict[str, Figure] = {
            "side": "long" if trade.side > 0 else "short",
            "risk_per_unit": trade.risk,
            "pays": trade.pays,
            "break_even": break_even(trade.pays) if trade.pays and trade.pays > 0.0 else None,
        }
        if risk is not None:
            share = number(risk, "--risk")
            figures |= {"at_risk": wealth * share, "units": trade.quantity(wealth, share)}
        notes = [] if trade.pays is not None else ["without --target there are no odds"]
        plot = None
        if trade.pays is not None and (won is not None or lost is not None or stated is not None):
            belief = posterior(
                number(won or "0", "--won"),
                number(lost or "0", "--lost"),
                stated=None if stated is None else number(stated, "--stated"),
            )
            found = sizes(trade.pays, belief)
            figures |= {"edge_used": found.used, "sure_of_edge": found.sure}
            for name in ("careful", "half_kelly", "kelly"):
                share = getattr(found, name)
                figures |= {
                    f"{name}_share": share,
                    f"{name}_at_risk": share * wealth,
                    f"{name}_units": trade.quantity(wealth, share),
                }
            if found.kelly > 0.0:
                bet = BinaryBet(found.used, trade.pays)
                top = min(2.5 * bet.stake, 0.999)
                plot = curve("growth per bet by share of equity at risk", bet.growth, 0.0, top)
        elif trade.pays is not None:
            notes.append(_NO_RECORD)
        show(Page(figures, notes, plot), json=json, plain=plain)


def size_record(
    *,
    won: Annotated[str, typer.Option("--won", help="Bets won.")],
    lost: Annotated[str, typer.Option("--lost", help="Bets lost.")],
    pays: Pays,
    stated: Annotated[
        str | None, typer.Option("--stated", help="Chance you said; it counts as five bets.")
    ] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size from a record of won and lost bets: the mean, a careful quantile, how sure an edge is."""
    from tradebot.engine.sizing.beta import posterior, wilson
    from tradebot.engine.sizing.kelly import shrink_factor, shrunk_stake
    from tradebot.engine.sizing.trade import sizes

    with bounds_named():
        odds = positive(pays, "--pays")
        wins, losses = number(won, "--won"), number(lost, "--lost")
        said = None if stated is None else number(stated, "--stated")
        belief = posterior(wins, losses, stated=said)
        found = sizes(odds, belief)
        shares = wilson(round(wins), round(wins + losses))
        figures: dict[str, Figure] = {
            "won_share_95": shares,
            "edge_used": found.used,
            "break_even": found.break_even,
            "sure_of_edge": found.sure,
            "kelly": found.kelly,
            "half_kelly": found.half_kelly,
            "shrunk": shrunk_stake(belief, odds),
            "shrink_factor": shrink_factor(belief, odds),
            "careful": found.careful,
        }
        notes = [
            "shrunk uses the mean itself and still over-bets a little; careful is the 20 % quantile"
        ]
        show(Page(figures, notes), json=json, plain=plain)


def size_returns(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="One simple return a line.")
    ] = None,
    *,
    returns: Annotated[
        str | None, typer.Option("--returns", help="Simple returns, apart by commas.")
    ] = None,
    cap: Cap = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size from a series of returns, with its error: it is often as large as the stake."""
    from tradebot.engine.sizing.sample import equal_weights, sample_kelly

    if (file is None) == (returns is None):
        raise CommandFailed("give either FILE or --returns", USAGE)
    text = returns if file is None else ",".join(file.read_text().split())
    with bounds_named():
        series = numbers(text or "", "--returns")
        found = sample_kelly(series, None if cap is None else number(cap, "--cap"))
        low, high = max(found.stake - 1.96 * found.error, 0.0), found.stake + 1.96 * found.error
        figures: dict[str, Figure] = {
            "periods": len(series),
            "kelly": found.stake,
            "error": found.error,
            "interval_95": [low, high if found.upper is None else min(high, found.upper)],
            "half_kelly": found.stake / 2.0,
            "growth": found.growth,
            "quadratic": found.quadratic,
            "mean_over_variance": found.mean_variance,
            "all_is_lost_at": found.upper,
        }
        notes = ["growth is that of the sample the stake was fitted to: it flatters"]
        if found.error > found.stake / 2.0:
            notes.append(
                f"{len(series)} returns hardly say anything: the error is {found.error:.3g}"
            )
        top = min(2.0 * found.stake, 0.98 * (found.upper or 1e9)) or 1.0
        plot = curve("growth per period by stake", equal_weights(series).growth, 0.0, top)
        show(Page(figures, notes, plot), json=json, plain=plain)


def size_binary(
    *,
    win: Win,
    pays: Pays,
    loses: Loses = "1",
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size a bet that wins or loses."""
    from tradebot.engine.sizing.drawdown import ruin_stake
    from tradebot.engine.sizing.kelly import BinaryBet, break_even

    with bounds_named():
        chance = number(win, "--win")
        if not 0.0 < chance < 1.0:
            raise CommandFailed(f"--win must be in (0, 1), was {win}", USAGE)
        bet = BinaryBet(chance, positive(pays, "--pays"), positive(loses, "--loses"))
        figures: dict[str, Figure] = {
            "kelly": bet.stake,
            "unclamped": bet.unclamped,
            "edge": bet.edge,
            "break_even": break_even(bet.pays, bet.loses),
            "growth": bet.growth(bet.stake),
            "growth_half_kelly": bet.growth(bet.stake / 2.0),
            "no_growth_at": ruin_stake(bet),
            "all_is_lost_at": bet.most,
        }
        notes = [] if bet.stake else ["there is no edge: the best stake is 0"]
        top = min(1.3 * ruin_stake(bet), 0.999 * bet.most) or 0.5 * bet.most
        plot = curve("growth per bet by stake", bet.growth, 0.0, top)
        show(Page(figures, notes, plot), json=json, plain=plain)


def size_discrete(
    *,
    returns: Annotated[str, typer.Option("--returns", help="Net returns of a stake of 1.")],
    chances: Annotated[str, typer.Option("--chances", help="One each, sum 1.")],
    cap: Cap = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size a bet with several outcomes."""
    from tradebot.engine.sizing.outcomes import Outcomes

    with bounds_named():
        outcomes = Outcomes(
            tuple(numbers(returns, "--returns")), tuple(numbers(chances, "--chances"))
        )
        stake = outcomes.stake(None if cap is None else number(cap, "--cap"))
        figures: dict[str, Figure] = {
            "kelly": stake,
            "half_kelly": stake / 2.0,
            "growth": outcomes.growth(stake),
            "growth_half_kelly": outcomes.growth(stake / 2.0),
            "expected_return": outcomes.mean,
            "all_is_lost_at": outcomes.upper,
        }
        top = min(2.5 * stake or 1.0, 0.999 * (outcomes.upper or 1e9))
        plot = curve("growth per bet by stake", outcomes.growth, 0.0, top)
        show(Page(figures, [], plot), json=json, plain=plain)


def size_merton(
    *,
    mu: Mu,
    sigma: Sigma,
    r: Rate = "0",
    error: Annotated[str | None, typer.Option("--error", help="Standard error of --mu.")] = None,
    json: JsonOption = False,
    plain: PlainOption = False,
) -> None:
    """Size a position in a drifting price: (mu - r) / sigma^2, and what fractions of it do."""
    from tradebot.engine.sizing.drawdown import chance_ever_below
    from tradebot.engine.sizing.kelly import Drift, drift_shrink

    with bounds_named():
        drift = Drift(number(mu, "--mu"), number(r, "--r"), positive(sigma, "--sigma"))
        figures: dict[str, Figure] = {
            "kelly": drift.stake,
            "half_kelly": drift.stake / 2.0,
            "sharpe": drift.sharpe,
            "growth": drift.growth(drift.stake),
            "growth_half_kelly": drift.growth(drift.stake / 2.0),
            "no_growth_above_cash_at": drift.ruin,
            "ever_halved_kelly": chance_ever_below(1.0, 0.5),
            "ever_halved_half_kelly": chance_ever_below(0.5, 0.5),
        }
        notes = ["prices are taken to move without jumps, and the position to be kept at its share"]
        if error is not None:
            shrink = drift_shrink(drift.mu - drift.r, number(error, "--error"))
            figures |= {"shrink": shrink, "shrunk": shrink * drift.stake}
        low, high = sorted((0.0, 2.2 * drift.stake or 1.0))
        plot = curve("growth a year by stake", drift.growth, low, high)
        show(Page(figures, notes, plot), json=json, plain=plain)
