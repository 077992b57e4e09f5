"""The doors of an account's session with the venue's limit on them: 200 requests a minute, a part kept for cancels."""

from collections.abc import Callable, Mapping

from tradebot.engine.brokers.alpaca.api import until_reset
from tradebot.engine.brokers.budget import Allowance, RollingBudget, Urgency
from tradebot.engine.brokers.outside import (
    NO_HEADERS,
    Answer,
    HttpReply,
    HttpRequest,
    Line,
    Listener,
    Outside,
    Unanswered,
    Wake,
)
from tradebot.engine.core.types import MINUTE, SECOND

ALLOWANCE = Allowance(name="requests", most=200, window=MINUTE, reserve=40)
"""The Trading API's, per account; other programs may use the same account, so its own count is believed."""

PATIENCE = 5 * SECOND
"""Longest an order waits for room: after that it is refused here, and has certainly not left."""

_TOO_MANY = 429


class Metered:
    """See `brokers.outside.Outside`.

    Args of the constructor:
        outside: The doors themselves.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._budget = RollingBudget(ALLOWANCE, late=PATIENCE)

    @property
    def now(self) -> int:
        """Return the time, ns UTC."""
        return self._outside.now

    def after(self, delay: int, wake: Callable[[], None]) -> Wake:
        """Call back after a delay in ns."""
        return self._outside.after(delay, wake)

    def dial(self, url: str, listener: Listener, headers: Mapping[str, str] = NO_HEADERS) -> Line:
        """Open a web socket."""
        return self._outside.dial(url, listener, headers)

    def pull(self, request: HttpRequest, listener: Listener) -> Line:
        """Send a request whose reply stays open."""
        return self._outside.pull(request, listener)

    def ask(self, request: HttpRequest, answered: Callable[[Answer], None]) -> None:
        """Send a request that may wait for room."""
        self._ask(request, answered, "ordinary", give_up=None)

    def urge(
        self, request: HttpRequest, answered: Callable[[Answer], None], urgency: Urgency
    ) -> None:
        """Send an order, or a cancel that may use what is kept for cancels; without room in time it never leaves."""
        self._ask(request, answered, urgency, give_up=self._outside.now + PATIENCE)

    def _ask(
        self,
        request: HttpRequest,
        answered: Callable[[Answer], None],
        urgency: Urgency,
        *,
        give_up: int | None,
    ) -> None:
        wait = self._budget.take(1, self._outside.now, urgency)
        if not wait:
            self._outside.ask(request, lambda answer: self._told(answer, answered))
        elif give_up is not None and self._outside.now + wait > give_up:
            reason = f"the venue's limit of {ALLOWANCE.most} requests a minute is used up"
            none = Unanswered(reason=f"{reason} for {wait / SECOND:.0f} s", left=False)
            self._outside.after(0, lambda: answered(none))
        else:
            self._outside.after(
                wait, lambda: self._ask(request, answered, urgency, give_up=give_up)
            )

    def _told(self, answer: Answer, answered: Callable[[Answer], None]) -> None:
        if isinstance(answer, HttpReply):
            now = self._outside.now
            left = answer.headers.get("x-ratelimit-remaining", "")
            limit = answer.headers.get("x-ratelimit-limit", "")
            if left.isdecimal() and limit.isdecimal():
                self._budget.told(int(limit[:9]) - int(left[:9]), now)
            if answer.status == _TOO_MANY:
                self._budget.shut(now + max(until_reset(answer, now), SECOND))
        answered(answer)
