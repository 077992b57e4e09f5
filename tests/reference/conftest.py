"""Reference cases: worked figures that the public functions of tradebot are held to.

`math_cases.json` holds a list of cases; the file named by TRADEBOT_REFERENCE_CASES, in the same form, is run too.
A case's family is its id without the number at its end. Each area (the first word of an id) has a file `test_AREA.py`
whose table `FAMILIES` names one mapping per family: it takes a case's inputs by name and returns figures by name.
A family that is in no table fails.
"""

import json
import os
from pathlib import Path

import pytest

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

HERE = Path(__file__).parent
ORPHANS = "areas"
"""The file that runs cases whose area has none: test_areas.py, which knows no family."""


class Case:
    """One worked case."""

    def __init__(self, row: dict[str, Json]) -> None:
        self.name = str(row["id"])
        stem, _, number = self.name.rpartition("-")
        self.family = stem if number.isdigit() else self.name
        self.area = self.name.partition("-")[0]
        self.row = row

    def table(self, key: str) -> dict[str, Json]:
        """Return one of a case's tables: inputs, expected, tolerance."""
        value = self.row[key]
        assert isinstance(value, dict), f"{self.name}: {key} must be a table"
        return value


def read_cases() -> list[Case]:
    """Return the public cases, then those of TRADEBOT_REFERENCE_CASES."""
    files = [HERE / "math_cases.json"]
    further = os.environ.get("TRADEBOT_REFERENCE_CASES")
    if further:
        files.append(Path(further))
    return [Case(row) for file in files for row in json.loads(file.read_text())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hand each area's file its cases; what belongs to no area's file goes to test_areas.py."""
    if "case" not in metafunc.fixturenames:
        return
    areas = {path.stem.removeprefix("test_") for path in HERE.glob("test_*.py")} - {ORPHANS}
    mine = metafunc.definition.path.stem.removeprefix("test_")
    cases = [one for one in read_cases() if (one.area if one.area in areas else ORPHANS) == mine]
    metafunc.parametrize("case", cases, ids=[one.name for one in cases])


@pytest.fixture
def hold(case: Case) -> "Hold":
    """Return what holds a case to the table of its area."""
    return Hold(case)


class Hold:
    """Holds one case to a table of mappings."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def to(self, families: dict[str, object]) -> None:
        """Fail unless the mapping of the case's family finds every figure that is expected, near enough."""
        case = self.case
        mapping = families.get(case.family)
        assert callable(mapping), f"{case.family} is in no table of mappings"
        found: Json = json.loads(json.dumps(mapping(**case.table("inputs"))))
        near(found, case.table("expected"), case.table("tolerance"), case.name)


def near(found: Json, wanted: Json, tolerance: dict[str, Json], name: str) -> None:
    """Compare figures; a tolerance is relative to what is wanted, or absolute, whichever leaves more room."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), f"{name}: {found!r} is no table"
        for key, value in wanted.items():
            assert key in found, f"{name}: nothing was found for {key}"
            near(found[key], value, tolerance, f"{name} {key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), f"{name}: {found!r} is no list"
        assert len(found) == len(wanted), f"{name}: {found!r}, wanted {wanted!r}"
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            near(one, other, tolerance, f"{name}[{index}]")
    elif is_number(found) and is_number(wanted):
        rel, most = number(tolerance["rel"]), number(tolerance["abs"])
        room = max(most, rel * abs(number(wanted)))
        off = abs(number(found) - number(wanted))
        assert off <= room, f"{name}: {found!r}, wanted {wanted!r} within {room:.3g}"
    else:
        assert type(found) is type(wanted), f"{name}: {found!r}, wanted {wanted!r}"
        assert found == wanted, f"{name}: {found!r}, wanted {wanted!r}"


def is_number(value: Json) -> bool:
    """Return whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: Json) -> float:
    """Return a value that must be a number."""
    assert isinstance(value, int | float), f"{value!r} must be a number"
    return value
