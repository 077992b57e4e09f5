"""`policy`: the life of sleeves; one command for each word of POLICIES, gathered from the files beside."""

from tradebot.engine.cli.failures import not_yet
from tradebot.engine.cli.options import new_app
from tradebot.engine.cli.policy_author import check, new
from tradebot.engine.cli.policy_capital import allocate, capital
from tradebot.engine.cli.policy_decisions import log, why
from tradebot.engine.cli.policy_facts import SleeveArgument, list_sleeves, show
from tradebot.engine.cli.policy_start import start, stop
from tradebot.engine.cli.policy_versions import reload, rollback
from tradebot.engine.cli.steer import pause, resume_sleeve

policy_app = new_app("Policies and the sleeves that run them.")


def compare(sleeve: SleeveArgument) -> None:
    """Not yet: SLEEVE against its backtest, cause per fill."""
    raise not_yet(f"policy compare {sleeve} comes with a later version")


policy_app.command("new")(new)
policy_app.command("check")(check)
policy_app.command("list")(list_sleeves)
policy_app.command("show")(show)
policy_app.command("start")(start)
policy_app.command("stop")(stop)
policy_app.command("pause")(pause)
policy_app.command("resume")(resume_sleeve)
policy_app.command("reload")(reload)
policy_app.command("rollback")(rollback)
policy_app.command("why")(why)
policy_app.command("log")(log)
policy_app.command("capital")(capital)
policy_app.command("allocate")(allocate)
policy_app.command("compare")(compare)
