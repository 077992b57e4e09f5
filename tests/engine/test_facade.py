"""What a policy imports from one place, and that nothing is loaded for it before."""

import subprocess
import sys

import pytest

import tradebot.engine as facade


def test_every_name_is_found_where_it_lives() -> None:
    for name in dir(facade):
        assert getattr(facade, name) is not None or name.startswith("__"), name


def test_an_unknown_name_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(AttributeError, match="has no 'wish'; it has AlpacaAdapter, Bars"):
        facade.wish  # noqa: B018


def test_importing_the_package_loads_nothing_of_the_kernel() -> None:
    code = "import sys, tradebot.engine; print([m for m in sys.modules if 'engine.core' in m or m == 'msgspec'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
