"""`policy capital` and `policy allocate`: what a sleeve may size by, and proposals for all of them."""

from decimal import Decimal

import msgspec

from tradebot.engine.control.engine import Refused
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import AllocationFacts, AllocationQuery, CapitalBody
from tradebot.engine.core.events import SleeveChanged
from tradebot.engine.core.outcomes import Alert
from tradebot.engine.core.sleeve_money import pool
from tradebot.engine.core.state import SleeveState
from tradebot.engine.live.allocation import claim_of, propose, swings
from tradebot.engine.live.daily_results import daily
from tradebot.engine.live.sleeve_place import Placing, require_fit

ZERO = Decimal(0)


class CapitalWords:
    """What clients ask and tell about the capital of sleeves.

    Args of the constructor:
        place: Knows the engine and its sleeves.
    """

    def __init__(self, place: Placing) -> None:
        self._place = place

    async def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        """Give a sleeve another capital.

        Raises:
            Refused: If it does not run, or the amount is none of this engine's.
        """
        sleeve = self._place.require(name)
        amount = self._amount(body.capital, sleeve)
        before = sleeve.started.capital
        started = msgspec.structs.replace(sleeve.started, capital=amount)
        require_fit(self._place.state, started)
        outcomes = self._place.operate(
            SleeveChanged(
                started=started,
                what="capital",
                reason=body.reason,
            )
        )
        await self._place.durable()
        told = [outcome.text for outcome in outcomes if isinstance(outcome, Alert)]
        currency = self._place.state.currency
        return CommandAnswer(
            ok=True, lines=[f"capital of {name} {before:f} -> {amount:f} {currency}", *told]
        )

    def _amount(self, text: str, sleeve: SleeveState) -> Decimal:
        number, _, unit = text.removesuffix("%").partition(" ")
        amount = Decimal(number)
        if text.endswith("%"):
            equity = self._place.state.valuation(sleeve.started.account).equity
            if equity is None:
                raise Refused("conflict", "the account's equity is unknown now: give an amount")
            amount = (equity * amount / 100).quantize(Decimal("0.01"))
        elif unit and unit != self._place.state.currency:
            raise Refused("usage", f"capital must be in {self._place.state.currency}, was {text!r}")
        if amount <= ZERO:
            raise Refused("usage", f"capital must be > 0, was {text!r}")
        return amount

    async def allocation(self, query: AllocationQuery) -> AllocationFacts:
        """Return a proposal for everybody's capital; nothing moves.

        Raises:
            Refused: If it cannot be made now.
        """
        state, account = self._place.state, self._place.state.account
        known = swings(state.bet_book.settled.values())
        claims = [
            claim_of(name, sleeve.started.capital, *known.get(name, (0, None)))
            for name, sleeve in state.sleeves.items()
            if sleeve.started.run == "live" and sleeve.started.account == account
        ]
        found = pool(state, account)
        if found is None:
            raise Refused("conflict", f"the equity of {account} is unknown now: a price is missing")
        results = daily(state.bet_book.settled.values()) if query.by == "growth" else None
        return propose(query.by, found.equity, claims, state.currency, results)
