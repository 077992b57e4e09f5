"""`tradebot health`: each connection to a broker in lines of 40 columns."""

from tradebot.engine.cli.health import session_lines
from tradebot.engine.control.health import SessionFacts


def test_a_connection_shows_its_state_its_counts_and_what_is_due() -> None:
    session = SessionFacts(
        name="a",
        state="connecting",
        reason="closed",
        note="next login due 2026-11-29 06:00Z",
        connects=3,
        malformed=1,
        fills=7,
        gap_filled=2,
        doubled=4,
    )
    assert list(session_lines(session)) == [
        "session a connecting: closed",
        "  connects 3 malformed 1",
        "  fills 7, of them by gap-fill 2; doubled 4",
        "  next login due 2026-11-29 06:00Z",
    ]
    assert list(session_lines(SessionFacts(name="market", state="live"))) == [
        "session market live",
        "  connects 0 malformed 0",
    ]
