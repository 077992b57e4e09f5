"""The engine's accounts and its money as facts for clients."""

from collections.abc import Iterable
from decimal import Decimal

from tradebot.engine.control.messages_facts import AccountFacts, HoldingFacts
from tradebot.engine.core.accounts import AccountState
from tradebot.engine.core.ledger import ZERO
from tradebot.engine.core.marks import figures_of
from tradebot.engine.core.returns import profit
from tradebot.engine.core.state import State, cash_assets
from tradebot.engine.core.valuation import Unvalued
from tradebot.engine.live.facts import exact, optional


def account_facts(state: State) -> list[AccountFacts]:
    """Return every account, the default one first."""
    return [_facts(state, account) for account in state.accounts.values()]


def _facts(state: State, account: AccountState) -> AccountFacts:
    name = account.started.name
    worth = state.valuation(name)
    working = [order for order in state.blotter.open() if order.intent.account == name]
    return AccountFacts(
        name=name,
        venue=account.started.venue,
        kind="" if state.started is None else state.started.mode,
        currency=state.currency,
        cash={
            asset: exact(state.ledger.balance(name, asset)) for asset in cash_assets(state, name)
        },
        equity=optional(exact, worth.equity),
        not_valued=holdings(worth.missing),
        stream=account.stream,
        reconciled=account.reconciled,
        differences=len(account.differences),
        positions=sum(1 for symbol in state.instruments if state.ledger.net(name, symbol)),
        working=len(working),
    )


def holdings(missing: Iterable[Unvalued]) -> list[HoldingFacts]:
    """Return what cannot be valued."""
    return [
        HoldingFacts(account=one.account, asset=one.asset, amount=exact(one.amount))
        for one in missing
    ]


def total_cash(state: State) -> dict[str, str]:
    """Return cash by currency over all accounts."""
    totals: dict[str, Decimal] = {}
    for account in state.accounts:
        for asset in cash_assets(state, account):
            totals[asset] = totals.get(asset, ZERO) + state.ledger.balance(account, asset)
    return {asset: exact(amount) for asset, amount in totals.items()}


def day_profit(state: State) -> Decimal | None:
    """Return what the day has brought beyond flows; None while equity is unknown."""
    equity, figures = state.equity(), figures_of(state)
    return None if equity is None or figures is None else profit(equity, figures)
