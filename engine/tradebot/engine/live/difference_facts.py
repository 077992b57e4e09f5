"""What waits for somebody's word, as facts for clients, and what an answer to it comes to."""

from tradebot.engine.control.messages_facts import DifferenceFacts
from tradebot.engine.core.answers import matters
from tradebot.engine.core.state import State
from tradebot.engine.core.types import SECOND
from tradebot.engine.journal.export import iso


def difference_facts(state: State, now: int) -> list[DifferenceFacts]:
    """Return differences, then unclaimed orders and positions; ages at an instant, ns UTC."""
    facts: list[DifferenceFacts] = []
    for matter in matters(state):
        account = state.accounts[matter.account]
        ignored = account.ignored(matter)
        answer = account.answers[matter.id] if ignored else None
        facts.append(
            DifferenceFacts(
                id=matter.id,
                account=matter.account,
                kind=matter.kind,
                about=matter.about,
                ours=matter.ours,
                theirs=matter.theirs,
                since=iso(matter.since),
                age_s=max(now - matter.since, 0) // SECOND,
                cause=matter.cause,
                confirmed=matter.confirmed,
                answer=None if answer is None else f"ignored: {answer.reason}",
            )
        )
    return facts


def open_count(state: State) -> int:
    """Return how many differences nobody has answered."""
    return sum(len(account.open_differences()) for account in state.accounts.values())
