"""Monte Carlo: one mapping per family of reference cases, through the public functions."""

import pytest

FAMILIES: dict[str, object] = {}

NOT_YET = (
    "mc-bootstrap-variance",
    "mc-discrete-barrier",
    "mc-errorbar-prob",
    "mc-first-passage",
    "mc-gbm-terminal",
    "mc-jump",
    "mc-mdd-drift",
    "mc-mdd-driftless",
    "mc-politis-white",
    "mc-regime",
    "mc-sobol",
    "mc-student",
    "mc-variance-reduction",
)
"""Families that are still to be built."""


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES, NOT_YET)
