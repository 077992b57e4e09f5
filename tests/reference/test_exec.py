"""Costs of execution: one mapping per family of reference cases, through the public functions."""

import pytest

from tradebot.engine.research.execution import (
    fees,
    impact,
    latency,
    queueing,
    schedule,
    walking,
)

Figures = dict[str, object]


def fee(price: float, qty: float, maker_rate: float, taker_rate: float) -> Figures:
    maker = fees.notional_fee(price, qty, maker_rate)
    taker = fees.notional_fee(price, qty, taker_rate)
    return {
        "notional": price * qty,
        "maker_fee": maker,
        "taker_fee": taker,
        "round_trip_taker_maker": maker + taker,
        "breakeven_long": fees.breakeven_long(price, taker_rate),
        "breakeven_short": fees.breakeven_short(price, taker_rate),
        "base_received": fees.base_received(qty, taker_rate),
    }


def fee_pershare(
    qty: list[float], price: list[float], per_share: float, minimum: float, cap_fraction: float
) -> Figures:
    found = [
        fees.per_share_fee(q, p, per_share, minimum, cap_fraction)
        for q, p in zip(qty, price, strict=True)
    ]
    return {"fee": found}


def bookwalk(side: walking.Side, levels: list[dict[str, float]], qty: float, mid: float) -> Figures:
    found = walking.sweep(side, [(one["price"], one["size"]) for one in levels], qty, mid)
    names = ("vwap", "slippage_bps", "cost_vs_best", "worst_price", "effective_spread_bps")
    return {name: getattr(found, name) for name in (*names, "unfilled")}


def shortfall(side: walking.Side, fills: list[dict[str, float]], **given: float) -> Figures:
    order = walking.Order(side, given["ordered"], given["decision_mid"])
    paid = [(one["price"], one["qty"]) for one in fills]
    found = walking.shortfall(order, paid, given["end_mid"], given["fees"])
    names = ("execution_cost", "opportunity_cost", "total", "bps", "realised_spread_cash")
    return {name: getattr(found, name) for name in names}


def sqrt_impact(**given: float) -> Figures:
    y, sigma, volume = given["Y"], given["sigma_daily"], given["V_daily"]
    moved = impact.root_impact(y, sigma, given["Q"], volume)
    cost = impact.average_cost(moved)
    return {
        "impact": moved,
        "impact_bps": moved * 1e4,
        "avg_cost": cost,
        "cash": cost * given["Q"] * given["price"],
        "q_for_10bp": impact.quantity_for_cost(0.001, y, sigma, volume),
    }


def almgren_direct(sigma: float, T: list[float], **given: float) -> Figures:
    volume, quantity = given["V"], given["X"]
    permanent = impact.permanent_impact(sigma, quantity, volume, given["Theta"])
    temporary = [impact.temporary_impact(sigma, quantity, volume, days) for days in T]
    return {
        "permanent": permanent,
        "temporary": temporary,
        "realised": [impact.realised_cost(permanent, one) for one in temporary],
    }


def market(given: dict[str, float], epsilon: float) -> schedule.Market:
    return schedule.Market(
        quantity=given["X"],
        time=given["T"],
        steps=int(given["N"]),
        sigma=given["sigma"],
        epsilon=epsilon,
        gamma=given["gamma"],
        eta=given["eta"],
    )


def almgren_chriss(epsilon: float, lam: float, **given: float) -> Figures:
    terms = market(given, epsilon)
    found = schedule.schedule(terms, lam)
    names = ("kappa_tilde", "kappa", "holdings", "trades", "expected_cost", "variance")
    return Figures({name: getattr(found, name) for name in (*names, "objective", "half_life")}) | {
        "eta_tilde": terms.eta_tilde,
        "std": found.deviation,
    }


def liquidity(eps: float, p: float, **given: float) -> Figures:
    found = schedule.liquidity_risk(market(given, eps), p)
    return {
        "lam": found.aversion,
        "lvar": found.value_at_risk,
        "expected_cost": found.plan.expected_cost,
        "std": found.plan.deviation,
    }


def queue(
    model: queueing.QueueModel, n: float | None, front0: float, events: list[dict[str, float]]
) -> Figures:
    place, fronts = queueing.QueuePlace(front0), list[float]()
    for event in events:
        if "qty" in event:
            place = place.after_trade(event["qty"])
        else:
            power = 1.0 if n is None else n
            place = place.after_depth(event["prev"], event["new"], model, power)
        fronts.append(place.front)
    return {"front_after_each": fronts, "final": place.front, "filled": place.filled}


def replay(rows: list[dict[str, int]], request_ts: list[int]) -> Figures:
    trips = [latency.RoundTrip(row["req"], row["exch"], row["resp"]) for row in rows]
    found = latency.Recorded(tuple(trips))
    return {
        "entry": [found.entry(at) for at in request_ts],
        "response": [found.response(at) for at in request_ts],
        "round_trip": [found.round_trip(at) for at in request_ts],
    }


def slip(sigma_ann: float, latency_ms: float, price: float, year_ms: float) -> Figures:
    found = latency.latency_slip(sigma_ann, latency_ms, price, year_ms)
    names = ("sd_bps", "mean_abs_bps", "adverse_bps", "adverse_cash")
    return {name: getattr(found, name) for name in names}


FAMILIES: dict[str, object] = {
    "exec-ac": almgren_chriss,
    "exec-ac-lvar": liquidity,
    "exec-almgren-direct": almgren_direct,
    "exec-bookwalk": bookwalk,
    "exec-fee": fee,
    "exec-fee-pershare": fee_pershare,
    "exec-latency": replay,
    "exec-latency-slip": slip,
    "exec-queue": queue,
    "exec-shortfall": shortfall,
    "exec-sqrt-impact": sqrt_impact,
}


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES)
