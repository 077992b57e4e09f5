"""What a run came to, told by the kernel's state at its end."""

from collections.abc import Iterable
from decimal import Decimal

from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.core.sleeve_money import profit
from tradebot.engine.core.state import State
from tradebot.engine.core.types import Owner
from tradebot.engine.live.native_accounts import ACCOUNT
from tradebot.engine.trial.recording import Recording
from tradebot.engine.trial.report import RunReport, SleeveReport
from tradebot.engine.trial.sleeves import TrialSleeve, version_of
from tradebot.engine.trial.tally import Tally
from tradebot.engine.trial.trial import Trial


def report_of(
    trial: Trial,
    sleeves: tuple[TrialSleeve, ...],
    market: Recording,
    state: State,
    tally: Tally,
) -> RunReport:
    """Return the report of a run that has ended, as far as the kernel knows it."""
    names = [sleeve.started.name for sleeve in sleeves]
    paused = [(name, state.sleeves[name].paused) for name in names]
    assumptions = {} if trial.rules is None else trial.rules.shown(market.fill)
    if assumptions:
        assumptions["bars"] = "all bars of an instant before anybody decides"
    return RunReport(
        id="",
        name=trial.name,
        policy=trial.policy if trial.config is not None else sleeves[0].found.reference,
        version=version_of(sleeves),
        params=dict(trial.params),
        symbols=tuple(instrument.id for instrument in market.traded),
        scales={i.id: (i.price_scale, i.quantity_scale) for i in market.instruments},
        dataset=trial.dataset,
        sha256=market.sha256,
        seed=trial.seed,
        capital=f"{trial.capital:f}",
        currency=market.currency,
        begin=0,
        end=0,
        steps=tally.steps,
        decisions=0,
        reasons={},
        orders=tally.orders,
        fills=tally.fills,
        refused=dict(tally.refused.most_common()),
        result=f"{tally.made() or Decimal(0):f}",
        fees=f"{_fees(state, names):f}",
        open=_open(state, names),
        cash=_cash(state),
        sleeves={
            sleeve.started.name: _sleeve(state, sleeve, tally.submitted)
            for sleeve in sleeves
            if trial.config is not None
        },
        paused=next((_named(trial, name, why) for name, why in paused if why is not None), None),
        decide=None,
        seconds=0,
        assumptions=assumptions,
    )


def _named(trial: Trial, name: Owner, why: str) -> str:
    return why if trial.config is None else f"sleeve {name}: {why}"


def _sleeve(state: State, sleeve: TrialSleeve, submitted: Iterable[OrderIntent]) -> SleeveReport:
    name = sleeve.started.name
    return SleeveReport(
        policy=sleeve.found.reference,
        version=sleeve.found.version,
        run=sleeve.started.run,
        capital=f"{sleeve.started.capital:f}",
        result=f"{profit(state, name) or Decimal(0):f}",
        fees=f"{_fees(state, [name]):f}",
        orders=sum(order.owner == name for order in submitted),
        open=_open(state, [name]),
    )


def _fees(state: State, owners: list[Owner]) -> Decimal:
    """Return the fees of owners, each in its instrument's currency at today's rate where it is another one."""
    rates, total = state.rates(), Decimal(0)
    for (_, symbol, whose), held in state.ledger.positions():
        if whose in owners and held.fees:
            currency = state.instruments[symbol].currency
            worth = None if rates is None else rates.value(held.fees, currency, state.currency)
            total += worth or Decimal(0)
    return total


def _open(state: State, owners: list[Owner]) -> dict[str, str]:
    """Return what owners still hold by instrument, summed."""
    held: dict[InstrumentId, int] = {}
    for (_, symbol, whose), position in state.ledger.positions():
        if whose in owners and position.quantity:
            held[symbol] = held.get(symbol, 0) + position.quantity
    return {
        symbol: f"{state.instruments[symbol].quantity(units):f}"
        for symbol, units in held.items()
        if units
    }


def _cash(state: State) -> dict[str, str]:
    """Return the account's balances by currency."""
    traded = {instrument.id for instrument in state.instruments.values()}
    return {
        asset: f"{state.ledger.balance(ACCOUNT, asset):f}"
        for asset in state.ledger.assets(ACCOUNT)
        if asset not in traded
    }
