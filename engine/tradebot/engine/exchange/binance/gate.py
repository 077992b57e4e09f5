"""The way in for every request: weight, key, signature, then the answer or the refusal."""

import msgspec

from tradebot.engine.exchange.accounts import Account
from tradebot.engine.exchange.binance.operations import Call, Operation, Parts
from tradebot.engine.exchange.binance.params import Params
from tradebot.engine.exchange.binance.refusals import Code, Refused, code_of
from tradebot.engine.exchange.binance.signing import account_of, check
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.binance.weights import TooMuch, Weights
from tradebot.engine.exchange.face import Floor


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, before it is HTTP or a web-socket frame."""

    status: int = 200
    result: Json = None
    error: Code | None = None
    account: str | None = None
    """Whose order counts the answer tells."""
    retry_after_s: int | None = None


class Gate:
    """Answers requests.

    Args of the constructor:
        floor: The exchange and the face's time.
        parts: Who answers.
        weights: What is counted.
    """

    def __init__(self, floor: Floor, parts: Parts, weights: Weights) -> None:
        self._floor = floor
        self._parts = parts
        self._weights = weights

    def perform(
        self, operation: Operation, params: Params, *, key: str, payload: str, unit: int
    ) -> Outcome:
        """Answer a request.

        Args:
            operation: What is asked.
            params: With what.
            key: The key it came with.
            payload: What of it was signed.
            unit: ns of the unit that times are told in.
        """
        account: Account | None = None
        try:
            weight = operation.weight
            self._weights.ask(weight if isinstance(weight, int) else weight(params))
            now = self._floor.now("binance")
            if operation.security != "none":
                account = account_of(self._floor.exchange, key)
            if operation.security == "signed" and account is not None:
                check(account, params, payload, now)
            if operation.orders and account is not None:
                self._weights.order(account.terms.name, operation.orders)
            result = operation.answer(self._parts, Call(params, account, now, unit))
        except Refused as refused:
            return refused_outcome(refused)
        counted = account.terms.name if operation.orders and account is not None else None
        return Outcome(result=result, account=counted)


def refused_outcome(refused: Refused) -> Outcome:
    """Return a refusal as an outcome."""
    return Outcome(
        status=refused.status,
        error=code_of(refused),
        retry_after_s=refused.retry_after_s if isinstance(refused, TooMuch) else None,
    )


def fault_outcome(status: int) -> Outcome:
    """Return what the venue says with a status that no request of its own brought about."""
    match status:
        case 429:
            code = Code(-1003, "Too many requests; current limit is 6000 requests per 1 MINUTE.")
            return Outcome(status=status, error=code, retry_after_s=2)
        case 418:
            code = Code(-1003, "Way too much request weight used; IP banned.")
            return Outcome(status=status, error=code, retry_after_s=5)
        case 504:
            code = Code(
                -1007,
                "Timeout waiting for response from backend server. Send status unknown;"
                " execution status unknown.",
            )
            return Outcome(status=status, error=code)
        case _:
            code = Code(-1000, "An unknown error occurred while processing the request.")
            return Outcome(status=status, error=code)
