"""docs/failures.md names real tests, for every report that must have one, and the page users looked for is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "failures.md"

REQUIRED = frozenset({*range(1, 19), 20, 24, *range(26, 31), 38, 39, 40})
"""Reports that must stand in the table."""

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_REPORT = re.compile(r"^[\w.-]+/[\w.-]+ #\d+")


def rows() -> dict[int, list[str]]:
    """Return the cells of each row by its number."""
    found: dict[int, list[str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        number = cells[0].strip("| ")
        if line.startswith("| ") and number.isdigit():
            assert int(number) not in found, f"{number} stands twice"
            found[int(number)] = cells
    return found


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions at the top of a test file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_report_that_must_be_answered_is_there() -> None:
    assert set(rows()) == REQUIRED


@pytest.mark.parametrize("number", sorted(REQUIRED))
def test_each_report_names_where_it_is_and_tests_that_exist(number: int) -> None:
    _, where, happened, answer, tests = rows()[number]
    assert _REPORT.match(where)
    assert happened
    assert answer
    named = _TEST.findall(tests)
    assert named
    assert tests.count("`") == 2 * len(named), "something in the last cell is no test id"
    missing = [f"{path}::{name}" for path, name in named if name not in functions(path)]
    assert not missing


def test_the_manual_says_what_happens_when_it_dies() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = text.partition("## What happens when it dies")[2].partition("\n## ")[0]
    said = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")]
    for what in ("the terminal", "the network", "the engine (", "the machine", "the disk is full"):
        assert any(word.startswith(what) for word in said), what
