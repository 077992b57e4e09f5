"""Figures in words."""

from datetime import UTC, datetime

import pytest

from tradebot.console.figures import between_text


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("begin", "end", "told"),
    [
        ("2026-01-05 00:00", "2026-01-05 00:59", "2026-01-05 00:00 to 00:59"),
        ("2026-01-05 23:30", "2026-01-06 00:30", "2026-01-05 23:30 to 2026-01-06 00:30"),
        ("2026-01-05 00:00", "2026-02-05 00:00", "2026-01-05 to 2026-02-05"),
    ],
)
def test_a_short_span_is_told_with_its_times(begin: str, end: str, told: str) -> None:
    assert between_text(ns(begin), ns(end)) == told
