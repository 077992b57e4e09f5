"""Fees told apart from fills, as activities: each finds the fill it belongs to, or is told by itself.

Alpaca charges crypto in what was received and tells it by an activity `CFEE`, not with the fill. Told as a correction
of the fill it takes the fee out of the position and from the owner who traded.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final, Literal

import msgspec

from tradebot.data.venues.alpaca.times import ns_from_text
from tradebot.engine.brokers.alpaca.messages import WireMovement
from tradebot.engine.brokers.session import AccountWord
from tradebot.engine.core.events import CashMoved, ExecutionCorrected, FeeCharged, OrderFilled
from tradebot.engine.core.types import SECOND, AccountName, ExecutionId

FEE_KINDS: Final = ("CFEE", "FEE", "PTC")

WHY: Final[dict[str, Literal["deposit", "withdrawal", "interest", "dividend", "tax"]]] = {
    "CSD": "deposit",
    "CSW": "withdrawal",
    "JNLC": "deposit",
    "INT": "interest",
    "DIV": "dividend",
    "DIVCGL": "dividend",
    "DIVCGS": "dividend",
    "DIVNRA": "tax",
    "DIVROC": "dividend",
    "DIVTXEX": "dividend",
    "DIVWH": "tax",
}
"""Movements of cash by their activity; one that is not here is a correction."""

KINDS: Final = ",".join((*FEE_KINDS, *WHY, "CIL", "MA", "SPIN", "REORG"))
"""What is asked for besides fills."""

FILLS_KEPT = 5_000

type ToldAs = Literal["by itself", "with its fill"]
"""How a fee was told: for ever so, or it would be charged twice."""

PATIENCE = 30 * SECOND
"""How long a fee may wait for its fill: less than what each question goes back."""


class Fees:
    """Which fee belongs to which fill.

    Args of the constructor:
        account: Whose.
        bases: Base asset of each pair, by the pair without its slash.
        currency: The account's.
    """

    def __init__(self, account: AccountName, bases: dict[str, str], currency: str) -> None:
        self._account = account
        self._bases = bases
        self._currency = currency
        self._fills: OrderedDict[str, OrderFilled] = OrderedDict()

    def filled(self, fill: OrderFilled) -> None:
        """Remember a fill of a pair: its fee comes later."""
        if "/" in fill.instrument:
            self._fills.setdefault(fill.execution_id, fill)
            if len(self._fills) > FILLS_KEPT:
                self._fills.popitem(last=False)

    def current(self, execution_id: str) -> ExecutionId:
        """Return the id under which an execution stands since its fee was told."""
        fill = self._fills.get(execution_id)
        return ExecutionId(execution_id) if fill is None else fill.execution_id

    def carried(self, previous_id: str, fill: OrderFilled) -> ExecutionCorrected | None:
        """Return the word that charges a corrected fill what the one before it was charged; None: nothing yet."""
        before = self._fills.pop(previous_id, None)
        self.filled(fill)
        now = self._fills.get(fill.execution_id)
        if before is None or now is None or not before.fee or now.fee:
            return None
        return self._corrected(now, before.fee_currency, -before.fee)

    def word(
        self, row: WireMovement, now: int, *, told_before: ToldAs | None = None
    ) -> AccountWord | None:
        """Return what an activity means; None: a fee whose fill has yet to be told, to be looked at again.

        Args:
            row: The activity.
            now: The engine's time, ns UTC: how long its fill is waited for.
            told_before: How an earlier life told it, if one did.

        Raises:
            ValueError: If its amount or time cannot be read.
        """
        ts = ns_from_text(row.transaction_time or f"{row.date}T00:00:00Z")
        asset, amount = self._moved(row)
        if row.activity_type == "CFEE" and told_before != "by itself":
            found = self._fill_of(asset, ts)
            if found is not None:
                return self._corrected(found, asset, amount)
            if now - ts < PATIENCE or told_before is not None:
                return None
        if row.activity_type in FEE_KINDS:
            return FeeCharged(
                fee_id=row.id, account=self._account, asset=asset, amount=-amount, ts_event=ts
            )
        return CashMoved(
            movement_id=row.id,
            account=self._account,
            asset=asset,
            amount=amount,
            why=WHY.get(row.activity_type, "correction"),
            ts_event=ts,
        )

    def _moved(self, row: WireMovement) -> tuple[str, Decimal]:
        net = row.net_amount
        if net is not None and net != 0:
            return self._currency, _finite(net)
        base = self._bases.get((row.symbol or "").replace("/", ""))
        if base is None or row.qty is None:
            return self._currency, Decimal(0)
        return base, _finite(row.qty)

    def _fill_of(self, asset: str, ts: int) -> OrderFilled | None:
        """Return the newest fill not after the fee that received its asset: a buy its base, a sell the currency."""
        bought = asset != self._currency
        for fill in reversed(self._fills.values()):
            base = fill.instrument.partition(":")[2].partition("/")[0]
            # REST tells microseconds, rounded half up.
            early = fill.ts_event // 1_000 <= ts // 1_000 + 1
            right = fill.side == "buy" and base == asset if bought else fill.side == "sell"
            if early and right and not fill.fee:
                return fill
        return None

    def _corrected(self, fill: OrderFilled, asset: str, amount: Decimal) -> ExecutionCorrected:
        charged = msgspec.structs.replace(
            fill,
            execution_id=ExecutionId(f"{fill.execution_id}:fee"),
            fee=-amount,
            fee_currency=asset,
        )
        self._fills[fill.execution_id] = charged
        return ExecutionCorrected(
            execution_id=fill.execution_id, corrected=charged, reason="fee told by the venue"
        )


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(f"amount must be finite, was {number}")
    return number
