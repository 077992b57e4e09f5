"""`size`: how much to bet; nothing is sent, and no engine is needed."""

from tradebot.engine.cli.options import new_app
from tradebot.engine.cli.size_bets import (
    size_binary,
    size_discrete,
    size_merton,
    size_record,
    size_returns,
    size_trade,
)
from tradebot.engine.cli.size_goals import (
    size_hybrid,
    size_portfolio,
    size_risk_constrained,
    size_target,
)
from tradebot.engine.cli.size_payoff import size_payoff

size_app = new_app("How much to bet. A share may be written 0.25 or 25%.")

for name, command in (
    ("trade", size_trade),
    ("record", size_record),
    ("returns", size_returns),
    ("binary", size_binary),
    ("discrete", size_discrete),
    ("merton", size_merton),
    ("portfolio", size_portfolio),
    ("risk-constrained", size_risk_constrained),
    ("target", size_target),
    ("hybrid", size_hybrid),
    ("payoff", size_payoff),
):
    size_app.command(name)(command)
