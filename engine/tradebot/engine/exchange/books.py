"""The exchange's money: what every execution moves, between accounts, the crowd and the house; nothing is made."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from tradebot.engine.exchange.accounts import Account, AccountTerms
from tradebot.engine.exchange.fees import Match, fee_of
from tradebot.engine.exchange.happenings import Busted, CashMoved, Corrected, Executed, Happening
from tradebot.engine.exchange.market import Listing, Market
from tradebot.engine.exchange.order_store import OrderStore
from tradebot.engine.exchange.orders import Execution, Order
from tradebot.engine.exchange.session import Session
from tradebot.native import VenueEvent


class Books:
    """Accounts, executions, and the two others at the table: the crowd and the house that takes the fees.

    Args of the constructor:
        terms: The accounts to open.
        store: Where orders are.
        tell: Where happenings go.
    """

    def __init__(
        self,
        terms: Iterable[AccountTerms],
        store: OrderStore,
        tell: Callable[[Happening], None],
    ) -> None:
        self.accounts = {
            term.name: Account(term, owner) for owner, term in enumerate(terms, start=1)
        }
        self.executions: list[Execution] = []
        self._of_account: defaultdict[str, list[Execution]] = defaultdict(list)
        self._of_order: defaultdict[int, list[Execution]] = defaultdict(list)
        self.crowd: defaultdict[str, int] = defaultdict(int)
        """What the crowd holds more than at the start, amounts by asset; mostly < 0."""
        self.house: defaultdict[str, int] = defaultdict(int)
        """Fees taken and deposits given, amounts by asset."""
        self._store = store
        self._tell = tell

    def execute(self, order: Order, event: VenueEvent, market: Market, now: int) -> Order:
        """Take a fill of an order in; return the order as it then stands."""
        listing = market.listing
        account = self.accounts[order.request.account]
        amount = listing.amount(event.price, event.quantity)
        filled, notional = order.filled + event.quantity, order.notional + amount
        maker = event.liquidity == "maker"
        fee, asset = fee_of(
            account.terms.fees,
            listing,
            Match(
                side=order.request.side,
                price=event.price,
                quantity=event.quantity,
                maker=maker,
                order_filled=filled,
                order_notional=notional,
                order_fees=order.fees,
            ),
        )
        execution = Execution(
            number=len(self.executions) + 1,
            order=order.number,
            listing=listing.key,
            account=account.terms.name,
            side=order.request.side,
            price=event.price,
            quantity=event.quantity,
            trade=market.trade_of(event.match_id),
            fee=fee,
            fee_asset=asset,
            maker=maker,
            ts=now,
        )
        self.keep(execution)
        self._settle(account, listing, execution, 1)
        done = filled == order.request.quantity
        order = self._store.put(
            msgspec.structs.replace(
                order,
                filled=filled,
                notional=notional,
                fees=order.fees + (fee if asset == listing.quote else 0),
                state="filled" if done else order.state,
                updated=now,
                ended=now if done else 0,
            )
        )
        self._tell(Executed(account.terms.face, account.terms.name, order, execution, now))
        self._charge_activity(account, listing, execution)
        return order

    def keep(self, execution: Execution) -> None:
        """Write an execution down."""
        self.executions.append(execution)
        self._of_account[execution.account].append(execution)
        self._of_order[execution.order].append(execution)

    def of_account(self, account: str) -> list[Execution]:
        """Return an account's executions, busts and corrections among them, oldest first."""
        return list(self._of_account.get(account, ()))

    def of_order(self, order: int) -> list[Execution]:
        """Return an order's executions, busts and corrections among them, oldest first."""
        return list(self._of_order.get(order, ()))

    def _settle(self, account: Account, listing: Listing, execution: Execution, way: int) -> None:
        """Move base, quote and fee of an execution; `way` -1 takes it back."""
        amount = listing.amount(execution.price, execution.quantity)
        side = way * execution.side
        account.settle(listing, side, execution.quantity, amount)
        self.crowd[listing.base] -= side * listing.base_amount(execution.quantity)
        self.crowd[listing.quote] += side * amount
        if execution.fee:
            account.charge(listing, execution.fee_asset, way * execution.fee)
            self.house[execution.fee_asset] += way * execution.fee

    def _charge_activity(self, account: Account, listing: Listing, execution: Execution) -> None:
        rule = account.terms.fees
        if not rule.taf or listing.kind != "equity" or execution.side > 0:
            return
        day = (listing.session or Session()).day(execution.ts)
        owed = account.activity_fee.sold(rule, listing, execution.quantity, day)
        if owed:
            self.move_cash(account.terms.name, listing.quote, -owed, "TAF", execution.ts)

    def move_cash(self, name: str, asset: str, amount: int, reason: str, now: int) -> None:
        """Give an account an amount, < 0 takes it: a fee apart, a deposit, a dividend."""
        account = self.accounts[name]
        account.holdings[asset] += amount
        self.house[asset] -= amount
        self._tell(CashMoved(account.terms.face, name, asset, amount, reason, now))

    def bust(self, number: int, listing: Listing, now: int) -> Execution:
        """Take an execution back, fee and all; its order does not work again.

        Raises:
            ValueError: If there is no such execution, or it was taken back or corrected already.
        """
        old = self._standing(number)
        account = self.accounts[old.account]
        self._settle(account, listing, old, -1)
        taken_back = msgspec.structs.replace(
            old, number=len(self.executions) + 1, busts=number, ts=now, revision=old.revision + 1
        )
        self.keep(taken_back)
        order = self._reduced(old, listing, now)
        self._tell(Busted(account.terms.face, old.account, order, taken_back, now))
        return taken_back

    def correct(
        self, number: int, listing: Listing, *, price: int, quantity: int, now: int
    ) -> Execution:
        """Put an execution at another price or quantity; the fee stays.

        Raises:
            ValueError: If there is no such execution, or it was taken back or corrected already.
        """
        old = self._standing(number)
        account = self.accounts[old.account]
        self._settle(account, listing, old, -1)
        order = self._reduced(old, listing, now)
        new = msgspec.structs.replace(
            old,
            number=len(self.executions) + 1,
            price=price,
            quantity=quantity,
            corrects=number,
            ts=now,
            revision=old.revision + 1,
        )
        self.keep(new)
        self._settle(account, listing, new, 1)
        order = self._store.put(
            msgspec.structs.replace(
                order,
                filled=order.filled + quantity,
                notional=order.notional + listing.amount(price, quantity),
            )
        )
        self._tell(Corrected(account.terms.face, old.account, order, new, now))
        return new

    def _standing(self, number: int) -> Execution:
        gone = {execution.busts or execution.corrects for execution in self.executions}
        if not 1 <= number <= len(self.executions):
            last = len(self.executions)
            raise ValueError(f"execution must be in [1, {last}], was {number}")
        old = self.executions[number - 1]
        if number in gone or old.busts:
            raise ValueError(f"execution {number} was taken back or corrected already")
        return old

    def _reduced(self, old: Execution, listing: Listing, now: int) -> Order:
        order = self._store.now(old.order)
        return self._store.put(
            msgspec.structs.replace(
                order,
                filled=order.filled - old.quantity,
                notional=order.notional - listing.amount(old.price, old.quantity),
                updated=now,
            )
        )

    def standing_executions(self) -> list[Execution]:
        """Return the executions that count: not taken back, in their newest form."""
        gone = {execution.busts or execution.corrects for execution in self.executions}
        return [
            execution
            for execution in self.executions
            if execution.number not in gone and not execution.busts
        ]
