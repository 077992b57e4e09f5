"""Growing pauses between attempts, spread by chance so that many clients do not come back at once."""

import random

from tradebot.engine.core.types import SECOND


class Backoff:
    """The pauses of one thing that is tried again and again.

    Args of the constructor:
        chance: Where the spread comes from, seeded by the caller.
        first: Longest first pause, ns, > 0.
        most: Longest pause at all, ns, >= first.
    """

    def __init__(
        self, chance: random.Random, *, first: int = SECOND // 4, most: int = 30 * SECOND
    ) -> None:
        if not 0 < first <= most:
            raise ValueError(f"first must be in (0, most = {most}], was {first}")
        self._chance = chance
        self._first = first
        self._most = most
        self.tries = 0
        """Attempts since the last success."""

    def next(self) -> int:
        """Return the pause before the next attempt, ns: half to all of a span that doubles with each try."""
        span = min(self._first << min(self.tries, 40), self._most)
        self.tries += 1
        return span // 2 + self._chance.randrange(span // 2 + 1)

    def reset(self) -> None:
        """It worked: the next pause is short again."""
        self.tries = 0
