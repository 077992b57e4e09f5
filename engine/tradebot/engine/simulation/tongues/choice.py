"""Which tongue a seed speaks, and what of its plan a broker can be."""

import msgspec

from tradebot.engine.core.types import AccountName
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.plan import FaultKind, Plan, TongueName
from tradebot.engine.simulation.tongues import binance
from tradebot.engine.simulation.tongues.tongue import Tongue

_NEVER: dict[TongueName, frozenset[FaultKind]] = {
    "binance": frozenset({"bust", "correction", "late_fee", "fee_first"}),
}
"""What a broker has no words for, or the simulated account not."""


def spoken(plan: Plan, name: TongueName) -> Plan:
    """Return a seed's plan for a venue that speaks as a broker."""
    chances = {kind: chance for kind, chance in plan.chances.items() if kind not in _NEVER[name]}
    return msgspec.structs.replace(
        plan,
        speaks=name,
        chances=chances,
        capabilities=binance.capabilities(plan),
        fee_asset=None if plan.fee_asset is None else "BNB",
    )


def tongue_of(
    plan: Plan, faults: Faults, agenda: Agenda, ledger: Exchange, account: AccountName
) -> Tongue:
    """Return the tongue of an account.

    Raises:
        ValueError: If the plan speaks none.
    """
    match plan.speaks:
        case "binance":
            return binance.BinanceTongue(plan, faults, agenda, ledger, account)
        case _:
            raise ValueError("a plan must say which broker's bytes it speaks")
