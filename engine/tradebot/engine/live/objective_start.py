"""The configuration's objective as the kernel is told of it."""

from tradebot.engine.config.models import ObjectiveConfig
from tradebot.engine.config.values import Money
from tradebot.engine.live.errors import CannotRun


def objective_terms(config: ObjectiveConfig, currency: str) -> dict[str, str]:
    """Return the objective's settings that are set, as text; empty where there is no game.

    Args:
        config: As checked when it was read.
        currency: The engine's: amounts must be in it.

    Raises:
        CannotRun: If an amount is in another currency.
    """
    if config.floor is None or config.target is None:
        return {}
    for name, goal in (("floor", config.floor), ("target", config.target)):
        if isinstance(goal, Money) and goal.currency != currency:
            raise CannotRun(
                f"objective.{name} must be in the engine's currency {currency}, was {goal}; "
                "a percentage fits any",
                3,
            )
    terms = {"utility": config.utility, "floor": str(config.floor), "target": str(config.target)}
    if config.since is not None:
        terms["since"] = config.since.isoformat()
    if config.deadline is not None:
        terms["deadline"] = config.deadline.isoformat()
    return terms
