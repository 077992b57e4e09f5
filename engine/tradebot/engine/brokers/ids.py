"""Executions already told, so that a stream, a gap-fill and a sweep together tell each one once."""

from collections import OrderedDict

KEPT = 100_000
"""Executions remembered: far more than any gap-fill goes back."""


class ToldExecutions:
    """The newest execution ids that were told."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._told: OrderedDict[str, None] = OrderedDict()
        self.doubled = 0
        """Executions that came again."""

    def __contains__(self, execution_id: str) -> bool:
        return execution_id in self._told

    def first(self, execution_id: str) -> bool:
        """Return whether an execution is told for the first time, and remember it."""
        if execution_id in self._told:
            self.doubled += 1
            return False
        self._told[execution_id] = None
        if len(self._told) > self._kept:
            self._told.popitem(last=False)
        return True
