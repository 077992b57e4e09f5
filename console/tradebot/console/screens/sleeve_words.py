"""Pausing a sleeve and letting it go on: the same words on every screen."""

from collections.abc import Callable

from tradebot.console.application import application_of
from tradebot.console.rows import plain
from tradebot.console.screens.overlays.typed import Typed
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.engine.control.messages_facts import SleeveFacts


def with_reason(
    screen: PanelScreen, title: str, lines: list[str], does: str, then: Callable[[str], None]
) -> None:
    """Ask for a reason, and do something with it; nothing where this console may not send."""
    if not screen.may_send():
        return

    def answered(reason: str | None) -> None:
        if reason is not None:
            then(reason)

    overlay = Typed(screen.session.view.clock, title, lines, f"{does}, for this reason")
    application_of(screen).push_screen(overlay, answered)


def pause_or_resume(screen: PanelScreen, sleeve: SleeveFacts) -> None:
    """Ask why, then pause a sleeve, or let it go on."""
    link, name = screen.session.link, sleeve.name
    if sleeve.state == "running":
        lines = ["Its orders that add risk are cancelled; its exits and stops stay."]
        verb, ask = "pause", link.pause_sleeve
    else:
        lines = [f"It is {sleeve.state}: {plain(sleeve.reason or 'no reason given')}"]
        verb, ask = "resume", link.resume_sleeve
    what = f"{verb} {plain(name)}"
    with_reason(
        screen, what.upper(), lines, what, lambda reason: screen.send(what, ask(name, reason))
    )
