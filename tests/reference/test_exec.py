"""Costs of execution: one mapping per family of reference cases, through the public functions."""

import pytest

FAMILIES: dict[str, object] = {}

NOT_YET = (
    "exec-ac",
    "exec-ac-lvar",
    "exec-almgren-direct",
    "exec-bookwalk",
    "exec-fee",
    "exec-fee-pershare",
    "exec-latency",
    "exec-latency-slip",
    "exec-queue",
    "exec-shortfall",
    "exec-sqrt-impact",
)
"""Families that are still to be built."""


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES, NOT_YET)
