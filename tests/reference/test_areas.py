"""Cases whose area has no file of its own: each fails until one is written."""

import pytest


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to({})
