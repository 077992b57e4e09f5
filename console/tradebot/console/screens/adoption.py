"""Adopting what nobody owns, or what the books lack: whose it is, on every screen the same question."""

from tradebot.console.application import application_of
from tradebot.console.rows import plain
from tradebot.console.screens.overlays.choice import Answer, Choice
from tradebot.console.screens.panel_screen import PanelScreen
from tradebot.console.screens.sleeve_words import with_reason
from tradebot.engine.control.messages_facts import DifferenceFacts

OWNERS_MAX = 9
"""Sleeves that can be chosen by digit."""


def adopt(screen: PanelScreen, item: DifferenceFacts, title: str = "ADOPT") -> None:
    """Ask whose it is and why, then take it into the books; nothing before the first frame."""
    frame = screen.session.view.newest
    if frame is None:
        return
    owners = {"h": "hand"}
    owners |= {str(i + 1): s.name for i, s in enumerate(frame.sleeves[:OWNERS_MAX])}
    answers = [Answer(key, f"it is of {plain(name)}") for key, name in owners.items()]

    def answered(key: str | None) -> None:
        if key is not None:
            owner = owners[key]
            does = f"adopt it for {plain(owner)}"
            with_reason(screen, title, lines, does, lambda reason: take(owner, reason))

    def take(owner: str, reason: str) -> None:
        asked = screen.session.link.answer_difference(item.id, "adopt", owner, reason)
        screen.send(f"adopt {plain(item.about)}", asked)

    lines = difference_lines(item)
    choice = Choice(screen.session.view.clock, title, lines, answers)
    application_of(screen).push_screen(choice, answered)


def difference_lines(item: DifferenceFacts) -> list[str]:
    """Return what one must know of a difference to answer it."""
    return [
        f"{item.kind} {plain(item.about)} in {plain(item.account)}",
        f"ours {plain(item.ours)}   theirs {plain(item.theirs)}",
        plain(item.cause),
    ]
