"""The objective as the kernel is told of it."""

from datetime import date

import pytest

from tradebot.engine.config.models import ObjectiveConfig
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.objective_start import objective_terms


def test_what_is_set_is_told_as_text() -> None:
    config = ObjectiveConfig.model_validate(
        {
            "utility": "hybrid",
            "floor": "-10%",
            "target": "28800 USD",
            "since": date(2026, 12, 1),
            "deadline": date(2027, 12, 1),
        }
    )
    assert objective_terms(config, "USD") == {
        "utility": "hybrid",
        "floor": "-10%",
        "target": "28800 USD",
        "since": "2026-12-01",
        "deadline": "2027-12-01",
    }


def test_without_floor_and_target_there_is_no_game() -> None:
    assert objective_terms(ObjectiveConfig(), "USD") == {}


def test_an_amount_in_another_currency_is_refused() -> None:
    config = ObjectiveConfig.model_validate({"floor": "-10%", "target": "5 EUR"})
    with pytest.raises(CannotRun, match=r"objective\.target must be in the engine's currency USD"):
        objective_terms(config, "USD")
