"""`run`: an engine, headless."""

import os
from decimal import Decimal
from typing import Annotated, Literal

import typer

from tradebot.engine.cli.failures import USAGE, CommandFailed
from tradebot.engine.cli.options import NameOption, parse_decimal
from tradebot.engine.cli.target import folder_of
from tradebot.engine.config.load import load
from tradebot.engine.config.models import Config
from tradebot.engine.control.listeners import ListenError, parse_listen
from tradebot.engine.core.types import EngineId
from tradebot.engine.live.options import RunOptions

MODE_VARIABLE = "TRADEBOT_ENGINE__MODE"
"""Overrides `engine.mode`, with the limits that are that mode's defaults."""

SPEED_MAX = 1_000_000
"""Fastest number; beyond it `max` is meant."""


def run(  # noqa: PLR0913  (every parameter is an option of the contract)
    *,
    name: NameOption = None,
    market: Annotated[
        str, typer.Option("--market", help="synthetic, replay:DATASET or venue:symbol.")
    ] = "synthetic",
    speed: Annotated[
        str, typer.Option("--speed", metavar="X|max", help="Engine seconds per second.")
    ] = "1",
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**63 - 1, help="Of all that is chance.")
    ] = 1,
    listen: Annotated[
        str | None,
        typer.Option("--listen", help="unix:///PATH or http://127.0.0.1:PORT, besides the socket."),
    ] = None,
    at_end: Annotated[
        Literal["stop", "stay"] | None,
        typer.Option(
            "--at-end", help="When a recording is over: stop with --speed max, else stay."
        ),
    ] = None,
    log_format: Annotated[
        Literal["auto", "json", "console", "file"],
        typer.Option(
            "--log-format",
            help="On stderr: auto is console on a terminal, else json; file: only engine.log.",
        ),
    ] = "auto",
    take_over: Annotated[
        list[str] | None,
        typer.Option("--take-over", metavar="ID", help="Take over that engine's open orders."),
    ] = None,
    until_consoles_leave: Annotated[
        bool, typer.Option("--until-consoles-leave", hidden=True)
    ] = False,
) -> int:
    """Run an engine, headless, with the sleeves of the configuration; SIGTERM ends it, state is kept."""
    chosen, _ = folder_of(name)
    parsed = parse_market(market)
    options = RunOptions(
        name=chosen,
        market=parsed,
        speed=parse_speed(speed),
        seed=seed,
        listen=check_listen(listen),
        until_consoles_leave=until_consoles_leave,
        at_end=at_end,
        take_over=tuple(EngineId(engine) for engine in take_over or ()),
        config=config_for(parsed),
    )
    if options.config.engine.mode != "sandbox" and options.speed != 1:
        raise CommandFailed(
            f"--speed must be 1 on a real market, was {speed}: its time is everybody's", USAGE
        )
    from tradebot.engine.brokers.place import choose_place
    from tradebot.engine.live.main import run_engine
    from tradebot.engine.observability.logs import logging_to

    with logging_to(log_format) as logs:
        return run_engine(options, logs, choose_place)


def parse_market(text: str) -> str:
    """Return a market this version can run.

    Raises:
        CommandFailed: If it cannot.
    """
    if text == "synthetic":
        return text
    kind, _, rest = text.partition(":")
    if kind == "replay" and rest:
        return text
    if is_real(text) and rest:
        return text
    raise CommandFailed(
        f"--market must be synthetic, replay:DATASET or venue:symbol, was {text!r}", USAGE
    )


def is_real(market: str) -> bool:
    """Return whether a market is a real one."""
    return market.partition(":")[0] in {"binance", "alpaca", "ib"}


def config_for(market: str) -> Config:
    """Return the configuration of a start on a market.

    A real market without a broker's account and without a word about the mode is PAPER: real market, our fills.

    Raises:
        ConfigError: If the configuration cannot be read.
    """
    config = load(os.environ).config
    ours = {"native", "sandbox"}
    brokers = any(
        account.venue not in ours and account.kind != "paper"
        for account in config.accounts.values()
    )
    if not is_real(market) or config.engine.mode != "sandbox" or brokers:
        return config
    return load({**os.environ, MODE_VARIABLE: "paper"}).config


def parse_speed(text: str) -> Decimal | Literal["max"]:
    """Return a speed from `4`, `4x` or `max`.

    Raises:
        CommandFailed: If it is not in (0, 1000000].
    """
    if text == "max":
        return "max"
    speed = parse_decimal(text.removesuffix("x"), "--speed")
    if speed > SPEED_MAX:
        raise CommandFailed(f"--speed must be at most {SPEED_MAX}, or max, was {text!r}", USAGE)
    return speed


def check_listen(text: str | None) -> str | None:
    """Return an address that can be listened on.

    Raises:
        CommandFailed: If it cannot.
    """
    if text is not None:
        try:
            parse_listen(text)
        except ListenError as error:
            raise CommandFailed(f"--listen: {error}", USAGE) from error
    return text
