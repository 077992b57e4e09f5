"""When a fault strikes: one seeded die for all kinds, and the count of what struck."""

from collections import Counter

from tradebot.engine.simulation.plan import FaultKind, Plan, generator


class Faults:
    """Decides at each opportunity whether a fault strikes; silent while the world is healed."""

    def __init__(self, plan: Plan) -> None:
        self._chances = plan.chances
        self._dice = generator(plan.seed, "faults")
        self.struck: Counter[FaultKind] = Counter()
        self.armed = False
        """Whether faults may strike now."""

    def strike(self, kind: FaultKind) -> bool:
        """Return whether a fault strikes here, and count it."""
        chance = self._chances.get(kind)
        if not self.armed or chance is None or self._dice.random() >= chance:
            return False
        self.struck[kind] += 1
        return True

    def between(self, least: int, most: int) -> int:
        """Return how much, from the faults' own generator."""
        return self._dice.randint(least, most)
