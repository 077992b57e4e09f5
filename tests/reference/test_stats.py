"""Statistics of results: one mapping per family of reference cases, through the public functions."""

import pytest

FAMILIES: dict[str, object] = {}

NOT_YET = (
    "stats-benchmark",
    "stats-cpcv",
    "stats-degenerate",
    "stats-drawdown",
    "stats-drawdown-episodes",
    "stats-dsr",
    "stats-dsr-trials",
    "stats-expected-max",
    "stats-exposure",
    "stats-lo-ar1",
    "stats-mae-mfe",
    "stats-minbtl",
    "stats-moments",
    "stats-omega-tail",
    "stats-pbo",
    "stats-psr",
    "stats-purged-kfold",
    "stats-return",
    "stats-sharpe",
    "stats-sharpe-lo",
    "stats-sortino",
    "stats-spa",
    "stats-trades",
    "stats-var",
    "stats-walkforward",
)
"""Families that are still to be built."""


@pytest.mark.usefixtures("case")
def test_a_reference_case(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("hold").to(FAMILIES, NOT_YET)
