"""What keeps the reference runner honest: it may not compute, and it may not look at what is expected."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "reference"
FILES = sorted(HERE.glob("**/*.py"))
ALLOWED = {"tradebot", "json", "os", "pathlib", "pytest"}
LINES_MAX = 15


def names_imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_runner_imports_little_besides_tradebot(file: Path) -> None:
    assert set(names_imported(ast.parse(file.read_text()))) <= ALLOWED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_mapping_is_long(file: Path) -> None:
    if file.name == "conftest.py":
        return
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= LINES_MAX, f"{file.name}: {node.name} has {lines} lines"


def test_what_is_expected_is_read_in_one_place() -> None:
    places = [file.name for file in FILES for _ in range(file.read_text().count('"expected"'))]
    assert places == ["conftest.py"]


def test_further_cases_run_too_and_an_unknown_family_fails(tmp_path: Path) -> None:
    further = tmp_path / "further.json"
    rest = '"inputs": {}, "expected": {}, "tolerance": {"rel": 0, "abs": 0}}'
    further.write_text(f'[{{"id": "kelly-nothing-1", {rest}, {{"id": "zoo-1", {rest}]')
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "nothing or zoo", str(HERE)],
        env={**os.environ, "TRADEBOT_REFERENCE_CASES": str(further)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed" in done.stdout
    assert "kelly-nothing is in no table of mappings" in done.stdout
