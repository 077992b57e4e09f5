"""The end of a bet as a fact: what it risked, what it brought, and what its edge had promised."""

from decimal import Decimal

from tradebot.engine.core.bets import Ended, OpenBet
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.outcomes import BetSettled
from tradebot.engine.core.rates import ROUNDING, Rates
from tradebot.engine.core.records import R_MAX
from tradebot.engine.core.state import State
from tradebot.engine.core.step import Step
from tradebot.engine.sizing.kelly import BinaryBet

MICRO = Decimal("0.000001")
"""R is told to this."""


def settle_bets(step: Step) -> None:
    """Settle what has ended, each by a fact."""
    for ended in step.state.bet_book.ended:
        step.emit(settled(step.state, ended))


def settled(state: State, ended: Ended) -> BetSettled:
    """Return the fact of a bet that ended; rates are those of now, and a fact keeps them."""
    account, symbol, owner = ended.key
    bet, currency = ended.bet, state.instruments[symbol].currency
    rates = state.rates()
    rate = None if rates is None else rates.rate(currency, state.currency)
    elsewhere = _elsewhere(bet, currency, rates)
    risk = bet.risk or None
    pays = None if risk is None or bet.reward is None else ROUNDING.divide(bet.reward, risk)
    promised, spread = promise(bet, pays)
    net = ROUNDING.subtract(ended.result, elsewhere or ZERO)
    return BetSettled(
        bet_id=bet.id,
        account=account,
        instrument=symbol,
        owner=owner,
        version=bet.version,
        side=bet.side,
        tag=bet.tag,
        opened=bet.opened,
        closed=ended.closed,
        quantity=bet.quantity,
        currency=currency,
        risk=None if risk is None else _text(risk),
        result=_text(ended.result),
        elsewhere=None if elsewhere is None else _text(elsewhere),
        r=None if risk is None else f"{_micro(ROUNDING.divide(net, risk)):f}",
        edge=bet.edge,
        pays=None if pays is None else f"{_micro(pays):f}",
        promised=None if promised is None else f"{_micro(promised):f}",
        spread=None if spread is None else f"{_micro(spread):f}",
        rate="" if rate is None else _text(rate),
    )


def promise(bet: OpenBet, pays: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Return mean and standard deviation of the R that a bet's edge promised at entry; None for what it does not say.

    A stated mean is taken as it is. A chance p to win with odds b promises p(1 + b) - 1 with deviation
    (1 + b) sqrt(p(1 - p)); it promises nothing where the bet has no target, because then nobody said what a win pays.
    """
    edge = bet.edge
    if edge is None:
        return None, None
    spread = None if bet.spread is None else Decimal(str(bet.spread))
    if edge.win is not None and pays is not None and pays > 0 and 0 <= edge.win <= 1:
        two_ways = BinaryBet(float(edge.win), float(pays))
        spread = Decimal(str(two_ways.spread)) if spread is None else spread
        mean = Decimal(str(two_ways.edge))
        return (mean if edge.mean_r is None else edge.mean_r), spread
    return edge.mean_r, None if edge.mean_r is None else spread


def _elsewhere(bet: OpenBet, currency: str, rates: Rates | None) -> Decimal | None:
    """Return the fees in other assets in the bet's currency; None where one cannot be valued."""
    total = ZERO
    for asset, amount in bet.elsewhere.items():
        worth = None if rates is None else rates.value(amount, asset, currency)
        if worth is None:
            return None
        total = ROUNDING.add(total, worth)
    return total


def _text(amount: Decimal) -> str:
    """Return every digit, without padding zeros."""
    return f"{amount.normalize(ROUNDING):f}"


def _micro(value: Decimal) -> Decimal:
    bounded = min(max(value, Decimal(-R_MAX)), Decimal(R_MAX))
    return bounded.quantize(MICRO, context=ROUNDING)
