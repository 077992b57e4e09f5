"""Where names of the engine stood that policies were written with: what once decided can be decided again for ever."""

from importlib import import_module
from types import ModuleType

_CORE = "tradebot.engine.core"

MOVED: dict[str, dict[str, str]] = {
    f"{_CORE}.policy": {
        **dict.fromkeys(("Book", "Trades", "Every", "Need"), f"{_CORE}.needs"),
        **dict.fromkeys(
            ("NewOrder", "CancelOrder", "Action", "OrderSeq", "Terms", "buy", "sell", "cancel"),
            f"{_CORE}.actions",
        ),
        "Params": f"{_CORE}.params",
        **dict.fromkeys(("InstrumentSnapshot", "MarketSnapshot"), f"{_CORE}.snapshot"),
        **dict.fromkeys(("OpenOrder", "PortfolioState"), f"{_CORE}.portfolio"),
    }
}
"""By the module they stood in: the name, and the module it is in now."""


def with_moved(module: ModuleType, names: tuple[str, ...]) -> ModuleType:
    """Return a module as policies may import from it: with the names that once stood there.

    Args:
        module: As it is now.
        names: What is imported from it.
    """
    moved = MOVED.get(module.__name__, {})
    wanted = [name for name in names if name in moved and not hasattr(module, name)]
    if not wanted:
        return module
    around = ModuleType(module.__name__)
    around.__dict__.update(module.__dict__)
    for name in wanted:
        around.__dict__[name] = getattr(import_module(moved[name]), name)
    return around
