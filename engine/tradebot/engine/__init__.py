"""What a policy is written with, and what scripts and notebooks use; each name is loaded when asked for.

from tradebot.engine import Bars, OrderSeq, Params, param, want, why
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradebot.engine.brokers.alpaca.adapter import AlpacaAdapter as AlpacaAdapter
    from tradebot.engine.core.actions import OrderSeq as OrderSeq
    from tradebot.engine.core.actions import buy as buy
    from tradebot.engine.core.actions import cancel as cancel
    from tradebot.engine.core.actions import replace as replace
    from tradebot.engine.core.actions import sell as sell
    from tradebot.engine.core.needs import Bars as Bars
    from tradebot.engine.core.needs import Book as Book
    from tradebot.engine.core.needs import Every as Every
    from tradebot.engine.core.needs import Trades as Trades
    from tradebot.engine.core.params import Params as Params
    from tradebot.engine.core.params import param as param
    from tradebot.engine.core.policy import ContextMap as ContextMap
    from tradebot.engine.core.policy import Policy as Policy
    from tradebot.engine.core.portfolio import PortfolioState as PortfolioState
    from tradebot.engine.core.reasons import Because as Because
    from tradebot.engine.core.reasons import Edge as Edge
    from tradebot.engine.core.reasons import why as why
    from tradebot.engine.core.snapshot import MarketSnapshot as MarketSnapshot
    from tradebot.engine.core.wants import want as want
    from tradebot.engine.facade import size as size
    from tradebot.engine.facade.attached import attach as attach
    from tradebot.engine.facade.backtests import backtest as backtest
    from tradebot.engine.facade.runs import Run as Run
    from tradebot.engine.facade.runs import run as run
    from tradebot.engine.facade.runs import runs as runs
    from tradebot.engine.facade.simulations import montecarlo as montecarlo

_CORE = "tradebot.engine.core"
_FACADE = "tradebot.engine.facade"

_HOMES = {
    "AlpacaAdapter": "tradebot.engine.brokers.alpaca.adapter",
    "Bars": f"{_CORE}.needs",
    "Because": f"{_CORE}.reasons",
    "Book": f"{_CORE}.needs",
    "ContextMap": f"{_CORE}.policy",
    "Edge": f"{_CORE}.reasons",
    "Every": f"{_CORE}.needs",
    "MarketSnapshot": f"{_CORE}.snapshot",
    "OrderSeq": f"{_CORE}.actions",
    "Params": f"{_CORE}.params",
    "Policy": f"{_CORE}.policy",
    "PortfolioState": f"{_CORE}.portfolio",
    "Run": f"{_FACADE}.runs",
    "Trades": f"{_CORE}.needs",
    "attach": f"{_FACADE}.attached",
    "backtest": f"{_FACADE}.backtests",
    "buy": f"{_CORE}.actions",
    "cancel": f"{_CORE}.actions",
    "montecarlo": f"{_FACADE}.simulations",
    "param": f"{_CORE}.params",
    "replace": f"{_CORE}.actions",
    "run": f"{_FACADE}.runs",
    "runs": f"{_FACADE}.runs",
    "sell": f"{_CORE}.actions",
    "size": f"{_FACADE}.size",
    "want": f"{_CORE}.wants",
    "why": f"{_CORE}.reasons",
}
"""Where each name lives; the command line starts in milliseconds because nothing of it is loaded before."""

_MODULES = frozenset({"size"})
"""Names that are modules themselves."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"tradebot.engine has no {name!r}; it has {', '.join(_HOMES)}")
    module = import_module(home)
    found: object = module if name in _MODULES else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
