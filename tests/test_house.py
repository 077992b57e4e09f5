"""The house's own rules: four rooms in one namespace, headless ones, one version, one list."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("native", "data", "engine", "console")
HEAVY = ("textual", "rich", "httpx", "structlog", "polars", "duckdb", "numpy")
"""What `tradebot --help` must not wait for."""

type Table = dict[str, object]


def table(path: str, *keys: str) -> Table:
    """Return a table of a TOML file of the house, by the keys that lead to it."""
    found: object = tomllib.loads((HOUSE / path).read_text())
    for key in keys:
        found = cast("Table", found)[key]
    return cast("Table", found)


def sources(room: str, suffix: str) -> Iterator[Path]:
    """Yield a room's own files of one kind, without what tools left there."""
    for path in sorted((HOUSE / room).rglob(f"*{suffix}")):
        if not {"target", "__pycache__", "build", "dist", ".venv"} & set(path.parts):
            yield path


def modules(room: str) -> list[str]:
    """Return the import names of all of a room's modules."""
    names = (path.relative_to(HOUSE / room).with_suffix("") for path in sources(room, ".py"))
    return [".".join(name.parts).removesuffix(".__init__") for name in names]


def loaded_after(code: str, wanted: tuple[str, ...]) -> list[str]:
    """Return which of the wanted packages a fresh interpreter has loaded after some code."""
    report = (
        f"import json, sys; print(json.dumps([name for name in {wanted!r} if name in sys.modules]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return cast("list[str]", json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_hides_the_others_behind_an_init_file(room: str) -> None:
    assert not (HOUSE / room / "tradebot" / "__init__.py").exists(), (
        f"{room}/tradebot must stay a namespace"
    )
    assert (HOUSE / room / "tradebot" / room / "__init__.py").is_file()
    assert (HOUSE / room / "tradebot" / room / "py.typed").is_file()


def test_tests_have_no_init_files() -> None:
    assert list((HOUSE / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("room", ["native", "data", "engine"])
def test_a_headless_room_leaves_the_screen_unloaded(room: str) -> None:
    imports = "\n".join(f"import {name}" for name in modules(room) if not name.endswith("__main__"))
    assert loaded_after(imports, ("textual",)) == []


def test_help_waits_for_nothing_heavy() -> None:
    code = """
import contextlib, io, sys
from tradebot.engine.cli import main
sys.argv = ["tradebot", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
    main()
assert "tradebot" in out.getvalue(), out.getvalue()
"""
    assert loaded_after(code, HEAVY) == []


def test_the_dev_extra_is_the_dev_group() -> None:
    extra = table("pyproject.toml", "project", "optional-dependencies")["dev"]
    group = table("pyproject.toml", "dependency-groups")["dev"]
    assert extra == group


def test_the_dev_group_holds_every_extra_of_the_engine() -> None:
    extras = set(table("engine/pyproject.toml", "project", "optional-dependencies"))
    group = cast("list[str]", table("pyproject.toml", "dependency-groups")["dev"])
    held = next(entry for entry in group if entry.startswith("tradebot-engine["))
    assert set(held.removeprefix("tradebot-engine[").removesuffix("]").split(",")) >= extras - {
        "ray"
    }


def test_the_house_has_one_version() -> None:
    versions = {room: table(f"{room}/pyproject.toml", "project")["version"] for room in ROOMS}
    versions["root"] = table("pyproject.toml", "project")["version"]
    versions["crates"] = table("native/Cargo.toml", "workspace", "package")["version"]
    assert len(set(versions.values())) == 1, versions
    assert f"[{versions['root']}]" in (HOUSE / "CHANGELOG.md").read_text()


def test_the_house_asks_for_one_python() -> None:
    least = {room: table(f"{room}/pyproject.toml", "project")["requires-python"] for room in ROOMS}
    least["root"] = table("pyproject.toml", "project")["requires-python"]
    assert set(least.values()) == {">=3.12"}
    assert (HOUSE / ".python-version").read_text().strip() == "3.12"


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_ships_the_licence(room: str) -> None:
    assert (HOUSE / room / "LICENSE").read_text() == (HOUSE / "LICENSE").read_text()
    assert table(f"{room}/pyproject.toml", "project")["license-files"] == ["LICENSE"]


def test_every_boundary_has_its_contract() -> None:
    contracts = cast("list[Table]", table("pyproject.toml", "tool", "importlinter")["contracts"])
    assert {
        "native <- data <- engine <- console",
        "only the console knows a screen exists",
        "only the command line prints",
        "the kernel does no I/O",
        "brokers do not know each other",
    } <= {contract["name"] for contract in contracts}


def test_the_brokers_contract_holds_for_every_broker_there_is() -> None:
    contracts = cast("list[Table]", table("pyproject.toml", "tool", "importlinter")["contracts"])
    (brokers,) = (one for one in contracts if one["name"] == "brokers do not know each other")
    assert brokers["type"] == "independence"
    folder = HOUSE / "engine/tradebot/engine/brokers"
    known = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    assert brokers["modules"] == [f"tradebot.engine.brokers.{name}" for name in known]
    assert "ignore_imports" not in brokers


@pytest.mark.parametrize("room", ROOMS)
def test_names_say_what_a_thing_is(room: str) -> None:
    vague = re.compile(
        r"^(utils?|helpers?|managers?|common|misc|stuff)(_.*)?$|_(utils?|helpers?|manager)$"
    )
    assert [str(path) for path in sources(room, ".py") if vague.search(path.stem)] == []
    vague_class = re.compile(r"^class \w*(Manager|Helper|Util|Utils)\b", re.MULTILINE)
    assert [
        str(path) for path in sources(room, ".py") if vague_class.search(path.read_text())
    ] == []


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_what_a_checker_is_told_to_pass_over_is_named(room: str) -> None:
    blanket = re.compile(
        r"# *(type: ignore(?!\[)|pyright: *(ignore(?!\[)|basic|standard)"
        r"|noqa(?!: ?[A-Z])|ruff: *noqa)"
    )
    found = [
        f"{path.relative_to(HOUSE)}:{number}"
        for path in (*sources(room, ".py"), *sources(room, ".pyi"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if blanket.search(line)
    ]
    assert found == []


def test_pure_crates_forbid_unsafe_code() -> None:
    for member in cast("list[str]", table("native/Cargo.toml", "workspace")["members"]):
        root = (HOUSE / "native" / member / "src" / "lib.rs").read_text()
        assert "#![forbid(unsafe_code)]" in root, member


def test_the_help_of_make_lists_every_target() -> None:
    makefile = (HOUSE / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    make = shutil.which("make")
    assert make is not None
    command = [make, "--no-print-directory", "-C", str(HOUSE), "help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z-]+) ", printed, re.MULTILINE)) == targets
    assert targets == set(phony.split())


def test_no_page_names_a_make_target_that_is_not_there() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    for page in (HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *sources("docs", ".md")):
        shown = "\n".join(re.findall(r"`[^`]+`|^    .+$", page.read_text(), re.MULTILINE))
        assert set(re.findall(r"\bmake ([a-z-]+)", shown)) <= targets, page.name


@pytest.mark.parametrize(
    "script",
    [
        "tradebot",
        "bin/uv",
        "bin/find-python",
        "bin/setup",
        "bin/install",
        "bin/audit",
        "bin/check",
        "bin/dist",
        "packaging/install.sh",
    ],
)
def test_a_script_is_executable_and_parses(script: str) -> None:
    assert (HOUSE / script).stat().st_mode & 0o111
    subprocess.run(["/bin/sh", "-n", str(HOUSE / script)], check=True)
