"""`alerts`: whether the addresses of `[alerts] to` can be reached."""

import os

from tradebot.engine.alerts.notices import Notice
from tradebot.engine.cli.failures import CONFIGURATION, DONE, FAILED, CommandFailed
from tradebot.engine.cli.options import JsonOption, PlainOption, form, new_app
from tradebot.engine.cli.output import print_json, print_table
from tradebot.engine.config.load import load
from tradebot.engine.extras import NO_OPS

alerts_app = new_app("Alerts: test.")


@alerts_app.callback()
def alerts() -> None:
    """Look after the addresses that alerts go to."""


@alerts_app.command("test")
def send_test(*, json: JsonOption = False, plain: PlainOption = False) -> int:
    """Send one message to every configured address and say which took it (exit code 1: not all)."""
    shape = form(json=json, plain=plain)
    config = load(os.environ).config
    if not config.alerts.to:
        raise CommandFailed(
            'nobody is told: set [alerts] to = ["ntfy://TOPIC"] in tradebot.toml', CONFIGURATION
        )
    try:
        from tradebot.engine.alerts.sender import AlertSender
    except ImportError as error:
        raise CommandFailed(f"alerts.to {NO_OPS}", CONFIGURATION) from error
    title = f"tradebot {config.engine.name} ({config.engine.mode})"
    notice = Notice(kind="test", level="info", text="a test: alerts of this engine come here")
    answers = AlertSender(config.alerts.to, title).try_now(notice)
    if shape == "json":
        print_json(
            [{"to": str(to), "ok": problem is None, "problem": problem} for to, problem in answers]
        )
    else:
        rows = [
            ("ok" if problem is None else "bad", str(to), problem or "sent")
            for to, problem in answers
        ]
        print_table(("", "to", "is"), rows, shape)
    return DONE if all(problem is None for _, problem in answers) else FAILED
