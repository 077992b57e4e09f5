"""Which tongue a seed speaks, and what of its plan a broker can be."""

import msgspec

from tradebot.engine.core.capabilities import Capabilities
from tradebot.engine.core.types import AccountName
from tradebot.engine.simulation.agenda import Agenda
from tradebot.engine.simulation.exchange import Exchange
from tradebot.engine.simulation.faults import Faults
from tradebot.engine.simulation.plan import FaultKind, Plan, TongueName
from tradebot.engine.simulation.tongues import alpaca, binance, ib
from tradebot.engine.simulation.tongues.tongue import Tongue

_NEVER: dict[TongueName, frozenset[FaultKind]] = {
    "binance": frozenset({"bust", "correction", "late_fee", "fee_first"}),
    "alpaca": frozenset({"bust", "correction", "late_fee", "fee_first"}),
    "ib": frozenset({"late_fee", "fee_first", "foreign"}),
}
"""What a broker has no words for, tells once and never again (busts at Alpaca), or its face here has not (other
people's orders at IB); fees of their own come as each broker tells fees."""

_FEE_ASSET: dict[TongueName, str | None] = {"binance": "BNB", "alpaca": None, "ib": None}
"""What fees are paid in where a seed's are not paid in its currency."""


def spoken(plan: Plan, name: TongueName) -> Plan:
    """Return a seed's plan for a venue that speaks as a broker."""
    chances = {kind: chance for kind, chance in plan.chances.items() if kind not in _NEVER[name]}
    one_login = name == "ib"
    return msgspec.structs.replace(
        plan,
        speaks=name,
        chances=chances,
        capabilities=_capabilities(plan, name),
        fee_asset=None if plan.fee_asset is None else _FEE_ASSET[name],
        accounts=plan.accounts[:1] if one_login else plan.accounts,
        rival=plan.rival and not one_login,
    )


def _capabilities(plan: Plan, name: TongueName) -> Capabilities:
    match name:
        case "binance":
            return binance.capabilities(plan)
        case "alpaca":
            return alpaca.capabilities(plan)
        case "ib":
            return ib.capabilities(plan)


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
        case "alpaca":
            return alpaca.AlpacaTongue(plan, faults, agenda, ledger, account)
        case "ib":
            return ib.IbTongue(plan, faults, agenda, ledger, account)
        case None:
            raise ValueError("a plan must say which broker's bytes it speaks")
