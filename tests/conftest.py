"""What every test of the house gets: a state folder of its own, never the user's."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Two shared cores make any deadline per example a matter of luck; loops are bounded by the examples. CI tries the same
# examples each time, so that it judges the change; everywhere else each run looks further.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point `TRADEBOT_HOME` at a temporary folder while tests run, for their child processes too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEBOT_HOME", str(tmp_path_factory.mktemp("home")))
        yield
