"""What one seed is about: the venue, the limits, which faults strike and how often."""

from typing import Literal

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
    "crash": 0.01,
    "torn": 0.004,
    "slow_disk": 0.02,
    "full_disk": 0.01,
    "clock_jump": 0.02,
}
"""Chance at each opportunity, in a seed in which the kind strikes at all."""

FAULT_KINDS: tuple[FaultKind, ...] = tuple(_USUAL)
