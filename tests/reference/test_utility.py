"""Utilities and targets: one mapping per family of reference cases, through the public functions."""

import pytest

FAMILIES: dict[str, object] = {}

NOT_YET = (
    "utility-bold",
    "utility-browne",
    "utility-ce",
    "utility-const-fraction",
    "utility-crra-binary",
    "utility-crra-merton",
    "utility-deadline-dp",
    "utility-hybrid",
    "utility-stop",
    "utility-timid",
)
"""Families that are still to be built."""


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES, NOT_YET)
