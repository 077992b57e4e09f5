"""What one seed is about: the venue, the limits, which faults strike and how often."""

import random
from decimal import Decimal
from typing import Literal

import msgspec

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.limits import Limits
from tradebot.engine.core.types import MINUTE, SECOND, AccountName

type Third = Literal["live", "shadow"]
"""How the third sleeve begins."""

type TongueName = Literal["binance", "alpaca", "ib"]
"""A broker whose bytes a simulated account may speak."""

TONGUES: tuple[TongueName, ...] = ("binance", "alpaca", "ib")
"""Brokers whose tongue there is."""

type FaultKind = Literal[
    "drop",
    "duplicate",
    "delay",
    "reorder",
    "disconnect",
    "mute",
    "gap",
    "snapshot_race",
    "reject",
    "unknown",
    "slow",
    "partial",
    "bust",
    "correction",
    "late_fee",
    "fee_first",
    "foreign",
    "crash",
    "torn",
    "slow_disk",
    "full_disk",
    "clock_jump",
]
"""What may go wrong; the local exchange uses the same words where it has them."""

_USUAL: dict[FaultKind, float] = {
    "drop": 0.02,
    "duplicate": 0.03,
    "delay": 0.03,
    "reorder": 0.03,
    "disconnect": 0.004,
    "mute": 0.004,
    "gap": 0.01,
    "snapshot_race": 0.3,
    "reject": 0.06,
    "unknown": 0.06,
    "slow": 0.05,
    "partial": 0.5,
    "bust": 0.012,
    "correction": 0.012,
    "late_fee": 0.12,
    "fee_first": 0.08,
    "foreign": 0.02,
    "crash": 0.01,
    "torn": 0.004,
    "slow_disk": 0.02,
    "full_disk": 0.01,
    "clock_jump": 0.02,
}
"""Chance at each opportunity, in a seed in which the kind strikes at all."""

FAULT_KINDS: tuple[FaultKind, ...] = tuple(_USUAL)

_ACTIVE = 0.6
"""Share of seeds in which a kind of fault may strike."""


_RIVALS = 0.1
"""Share of seeds in which another engine trades the account."""

_OWN_LIMITS = 0.3
"""Share of seeds in which sleeves have limits of their own."""

_SHADOWS = 0.15
"""Share of seeds in which the third sleeve begins as a shadow."""

EPOCH = 1_767_571_200_000_000_000
"""2026-01-05T00:00:00Z: the day around which worlds begin."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One seed's circumstances."""

    seed: int
    rounds: int
    """Spells of trading, each followed by a quiet point."""
    accounts: tuple[AccountName, ...]
    capabilities: Capabilities
    chances: dict[FaultKind, float]
    """Chance at each opportunity; a kind that is absent never strikes."""
    fee_rate: Decimal
    """Share of notional."""
    fee_asset: str | None
    """Asset fees are paid in; None: the quote currency."""
    limits: Limits
    report_every: int
    """See `AccountStarted.report_every`."""
    day_starts_minute: int
    cash: Decimal
    """What each account opens with."""
    begins: int
    """When the world begins, ns UTC: a little before a trading day ends."""
    third: Third
    """How the sleeve begins that trades what both others do."""
    rival: bool
    """Whether a start finds another engine's order at the venue."""
    own_limits: dict[str, str]
    """The limits of every sleeve, as shares of its capital; empty: none."""
    speaks: TongueName | None = None
    """The broker whose bytes the accounts speak; None: events are handed over as they are."""


def generator(seed: int, part: str) -> random.Random:
    """Return the generator of one part of a seed's run, so that parts do not shift each other's draws."""
    return random.Random(f"{seed}:{part}")  # noqa: S311  (reproducible on purpose, not for secrets)


def plan_of(seed: int) -> Plan:
    """Return what a seed stands for; the same in every process."""
    chance = generator(seed, "plan")
    stops, replace = chance.random() < 0.5, chance.random() < 0.5
    gtd, oco = chance.random() < 0.5, chance.random() < 0.4
    chances: dict[FaultKind, float] = {}
    for kind, usual in _USUAL.items():
        if chance.random() < _ACTIVE:
            chances[kind] = usual * chance.choice([0.5, 1, 1, 2])
    day_starts = chance.choice([0, 0, 90, 17 * 60])
    accounts = ["one"] if chance.random() < 0.7 else ["one", "two"]
    return Plan(
        seed=seed,
        rounds=chance.choice([2, 2, 2, 2, 2, 3]),
        accounts=tuple(AccountName(name) for name in accounts),
        capabilities=Capabilities(
            order_types=("limit", "market", "stop", "stop_limit") if stops else ("limit", "market"),
            times_in_force=("gtc", "ioc", "fok", "gtd") if gtd else ("gtc", "ioc", "fok"),
            post_only=True,
            reduce_only=False,
            replace=replace,
            oco=oco and stops,
            locks_balance=chance.random() < 0.25,
        ),
        chances=chances,
        fee_rate=Decimal(chance.choice(["0", "0.001", "0.001", "0.0005", "-0.0002"])),
        fee_asset="COIN" if chance.random() < 0.15 else None,
        limits=_limits(chance),
        report_every=chance.choice([0, 10, 60]) * SECOND,
        day_starts_minute=day_starts,
        cash=Decimal(chance.choice([100_000, 100_000, 250_000])),
        rival=generator(seed, "rival").random() < _RIVALS,
        own_limits=_own_limits(generator(seed, "own")),
        third="shadow" if generator(seed, "third").random() < _SHADOWS else "live",
        begins=EPOCH + day_starts * MINUTE - chance.randint(2, 90) * SECOND,
    )


def _own_limits(chance: random.Random) -> dict[str, str]:
    if chance.random() >= _OWN_LIMITS:
        return {}
    found = {
        "max_order": chance.choice(["0.04", "0.1", "0.2"]),
        "max_position": chance.choice(["0.08", "0.2", "0.4"]),
        "max_gross": chance.choice(["0.1", "0.3", "0.5"]),
        "orders_per_minute": chance.choice(["3", "6", "60"]),
    }
    return {name: cap for name, cap in found.items() if chance.random() < 0.6}


def _limits(chance: random.Random) -> Limits:
    """Return limits that bind, all of them with a finite inverse so that a cap can be hit exactly."""
    return Limits(
        max_order=Decimal(chance.choice(["0.05", "0.1", "0.25"])),
        max_position=Decimal(chance.choice(["0.2", "0.4", "1"])),
        max_gross=Decimal(chance.choice(["0.5", "0.8", "2"])),
        max_open_risk=Decimal(chance.choice(["0.02", "0.04", "0.1", "0.5"])),
        day_loss=None if chance.random() < 0.3 else Decimal(chance.choice(["0.02", "0.05"])),
        drawdown=None if chance.random() < 0.3 else Decimal(chance.choice(["0.04", "0.1"])),
        price_collar=Decimal(chance.choice(["0.01", "0.05"])),
        price_collar_wide=Decimal(chance.choice(["0.05", "0.1"])),
        orders_per_minute_hand=chance.choice([8, 8, 30, 600, 600, 600]),
        orders_per_minute_sleeve=chance.choice([6, 30, 600, 600]),
        rejects_in_row=chance.choice([2, 3, 5]),
    )
