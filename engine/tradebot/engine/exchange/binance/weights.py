"""Request weight and order counts: what they are now, and when they are too much."""

from collections.abc import Callable

from tradebot.engine.exchange.binance.refusals import Refused
from tradebot.engine.exchange.binance.rules import (
    ORDERS_A_DAY,
    ORDERS_TEN_SECONDS,
    WEIGHT_A_MINUTE,
)
from tradebot.engine.exchange.binance.texts import Json

_S = 1_000_000_000
_MINUTE = 60 * _S
_DAY = 86_400 * _S
_PATIENCE = 10
"""Requests after the first 429 that are answered 429 before the address is banned."""
_BAN = 120 * _S


class _Window:
    """A count that begins anew at each multiple of its span."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._start = 0
        self.count = 0

    def add(self, number: int, now: int) -> int:
        start = now - now % self._span
        if start != self._start:
            self._start, self.count = start, 0
        self.count += number
        return self.count

    def left_s(self, now: int) -> int:
        """Return whole seconds to the next beginning, at least 1."""
        return max(1, (self._span - now % self._span) // _S)


class TooMuch(Refused):
    """Too many requests, or banned for it."""

    def __init__(self, code: int, msg: str, status: int, retry_after_s: int) -> None:
        super().__init__(code, msg, status)
        self.retry_after_s = retry_after_s


class Weights:
    """Counts of the one address all clients come from, and of each account's orders.

    Args of the constructor:
        now: The time the venue shows, ns UTC.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._weight = _Window(_MINUTE)
        self._orders: dict[str, tuple[_Window, _Window]] = {}
        self._over = 0
        self._banned_until = 0

    def ask(self, weight: int) -> None:
        """Count a request.

        Raises:
            TooMuch: 429 over the limit, 418 for going on regardless.
        """
        now = self._now()
        if now < self._banned_until:
            raise self._ban(now)
        if self._weight.add(weight, now) <= WEIGHT_A_MINUTE:
            self._over = 0
            return
        self._over += 1
        if self._over > _PATIENCE:
            self._banned_until = now + _BAN
            raise self._ban(now)
        raise TooMuch(
            -1003,
            f"Too much request weight used; current limit is {WEIGHT_A_MINUTE} request weight per"
            " 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
            429,
            self._weight.left_s(now),
        )

    def _ban(self, now: int) -> TooMuch:
        return TooMuch(
            -1003,
            "Way too much request weight used; IP banned until"
            f" {self._banned_until // 1_000_000}. Please use WebSocket Streams for live updates to"
            " avoid bans.",
            418,
            max(1, (self._banned_until - now) // _S),
        )

    def order(self, account: str, number: int) -> None:
        """Count new orders of an account.

        Raises:
            TooMuch: 429 over a limit.
        """
        now = self._now()
        ten, day = self._orders.setdefault(account, (_Window(10 * _S), _Window(_DAY)))
        for window, limit, span in (
            (ten, ORDERS_TEN_SECONDS, "10 SECOND"),
            (day, ORDERS_A_DAY, "1 DAY"),
        ):
            if window.add(number, now) > limit:
                raise TooMuch(
                    -1015,
                    f"Too many new orders; current limit is {limit} orders per {span}.",
                    429,
                    window.left_s(now),
                )

    def headers(self, account: str | None) -> tuple[tuple[str, str], ...]:
        """Return the headers that tell the counts; those of orders where an account ordered."""
        used = str(self._weight.add(0, self._now()))
        told = [("x-mbx-used-weight", used), ("x-mbx-used-weight-1m", used)]
        if account is not None and account in self._orders:
            ten, day = self._orders[account]
            told += [
                ("x-mbx-order-count-10s", str(ten.add(0, self._now()))),
                ("x-mbx-order-count-1d", str(day.add(0, self._now()))),
            ]
        return tuple(told)

    def rows(self, account: str | None) -> list[Json]:
        """Return the counts as the web-socket API tells them."""
        now = self._now()
        rows: list[Json] = []
        if account is not None and account in self._orders:
            rows = self.order_rows(account)
        rows.append(_row("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_A_MINUTE, self._weight.add(0, now)))
        return rows

    def order_rows(self, account: str) -> list[Json]:
        """Return an account's order counts."""
        now = self._now()
        ten, day = self._orders.setdefault(account, (_Window(10 * _S), _Window(_DAY)))
        return [
            _row("ORDERS", "SECOND", 10, ORDERS_TEN_SECONDS, ten.add(0, now)),
            _row("ORDERS", "DAY", 1, ORDERS_A_DAY, day.add(0, now)),
        ]


def _row(kind: str, interval: str, number: int, limit: int, count: int) -> Json:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
        "count": count,
    }
