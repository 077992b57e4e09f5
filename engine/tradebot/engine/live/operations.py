"""What watches a running engine and tells others: the log of orders."""

from tradebot.engine.core.events import Event
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.state import State
from tradebot.engine.observability.order_life import order_steps
from tradebot.engine.observability.order_log import log_order_step


class Operations:
    """Observes every step; nothing it does waits for disk or network."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        """Take a step that was kept."""
        for step in order_steps(self._state, seq, now, event, outcomes):
            log_order_step(step)
