"""Kelly and sizing: one mapping per family of reference cases, through the public functions."""

import pytest

FAMILIES: dict[str, object] = {}

NOT_YET = (
    "kelly-bayes",
    "kelly-binary",
    "kelly-binary-cost",
    "kelly-binary-noedge",
    "kelly-bootstrap",
    "kelly-cost-band",
    "kelly-discrete",
    "kelly-drawdown",
    "kelly-drawdown-finite",
    "kelly-drift-shrink",
    "kelly-empirical",
    "kelly-exclusive",
    "kelly-flatbet-ruin",
    "kelly-jump",
    "kelly-lottery",
    "kelly-merton",
    "kelly-multi",
    "kelly-multi-constrained",
    "kelly-option",
    "kelly-overbet",
    "kelly-qrck",
    "kelly-rck-binary",
    "kelly-rck-multi",
    "kelly-rck-notebook",
    "kelly-simultaneous",
)
"""Families that are still to be built."""


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES, NOT_YET)
