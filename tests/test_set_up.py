"""What the set-up scripts say and do on machines that lack something; the launcher; the install."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
PLAIN_TOOLS = (
    "awk",
    "cat",
    "date",
    "dirname",
    "grep",
    "head",
    "ln",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sh",
    "tail",
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the scripts, in a folder beside a PATH that holds only the plain tools."""
    shutil.copytree(HOUSE / "bin", tmp_path / "house" / "bin")
    shutil.copy(HOUSE / "tradebot", tmp_path / "house" / "tradebot")
    (tmp_path / "path").mkdir()
    for tool in PLAIN_TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (tmp_path / "path" / tool).symlink_to(found)
    return tmp_path


def program(path: Path, body: str) -> None:
    """Write a small shell program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(machine: Path, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts with nothing of this machine's environment."""
    environment = {"PATH": str(machine / "path"), "HOME": str(machine / "home"), **extra}
    return subprocess.run(
        command,
        cwd=machine,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_set_up_without_rust_or_linker_says_each_in_one_line(machine: Path) -> None:
    result = run(machine, "house/bin/setup", "run")
    rust, linker = result.stderr.splitlines()
    assert rust.startswith(
        "tradebot: Rust is missing: install 1.85 or newer from https://rustup.rs"
    )
    assert linker.startswith("tradebot: a C linker 'cc' is missing")
    assert result.returncode == 3


def test_set_up_names_a_rust_that_is_too_old(machine: Path) -> None:
    program(machine / "path" / "cargo", "echo 'cargo 1.63.0 (fd9c4297c 2022-07-01)'")
    program(machine / "path" / "cc", "exit 0")
    result = run(machine, "house/bin/setup", "run")
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "tradebot: Rust is too old: 1.85 or newer is needed, found 'cargo 1.63.0"
    )
    assert line.endswith("'rustup update stable' brings it")
    assert result.returncode == 3


def test_set_up_without_python_tries_uvs_own_and_then_says_how_to_get_one(machine: Path) -> None:
    program(machine / "path" / "cargo", "echo 'cargo 1.95.0 (x)'")
    program(machine / "path" / "cc", "exit 0")
    program(
        machine / "path" / "uv", 'if [ "$1" = --version ]; then echo "uv 0.13.9"; else exit 2; fi'
    )
    find = machine / "house" / "bin" / "find-python"
    program(find, "exit 0")  # whatever this machine has in /usr/bin, there it is not
    result = run(machine, "house/bin/setup", "dev")
    asked, missing = result.stderr.splitlines()
    assert asked.startswith("tradebot: no Python >= 3.12 found; asking uv for its own")
    assert missing.startswith(
        "tradebot: Python >= 3.12 is missing and could not be fetched: 'apt install python3.12'"
    )
    assert result.returncode == 3


def test_uv_without_pip_or_ensurepip_says_what_is_missing(machine: Path) -> None:
    bare = machine / "bare-python"
    program(bare, "exit 1")
    program(machine / "house" / "bin" / "find-python", f"echo {shlex.quote(str(bare))}")
    result = run(machine, "house/bin/uv", "--version")
    assert result.stderr.splitlines()[-1] == (
        f"tradebot: pip is missing from {bare}: 'apt install python3-pip', or put uv >= 0.9 on the PATH"
        " (https://docs.astral.sh/uv)"
    )
    assert result.returncode == 3
    assert [path.name for path in (machine / "house" / ".tools").iterdir()] == []


def test_uv_says_in_one_line_that_the_registry_gave_nothing(machine: Path) -> None:
    python = machine / "a-python"
    program(
        python, 'case "$*" in *--version*) exit 0 ;; *) echo "ERROR: no route" >&2; exit 1 ;; esac'
    )
    program(machine / "house" / "bin" / "find-python", f"echo {shlex.quote(str(python))}")
    result = run(machine, "house/bin/uv", "--version")
    assert (
        result.stderr.splitlines()[-1]
        == "tradebot: uv could not be fetched from PyPI: ERROR: no route"
    )
    assert result.returncode == 3


@pytest.mark.parametrize(
    ("version", "used"), [("uv 0.8.22 (abc)", False), ("uv 0.9.0", True), ("uv 1.0.0 (x)", True)]
)
def test_uv_on_the_path_is_used_when_new_enough(machine: Path, version: str, used: bool) -> None:  # noqa: FBT001 - a table's column
    program(machine / "path" / "uv", f'[ "$1" = --version ] && echo "{version}" || echo "ran $*"')
    program(
        machine / "house" / ".tools" / "uv" / "bin" / "uv",
        '[ "$1" = --version ] && echo "uv 0.9.9" || echo private',
    )
    result = run(machine, "house/bin/uv", "sync")
    assert result.stdout.strip() == ("ran sync" if used else "private")


def test_python_is_found_below_pyenv_when_no_shim_answers_for_it(machine: Path) -> None:
    python = machine / "home" / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3"
    program(python, f'exec {shlex.quote(sys.executable)} "$@"')
    program(
        machine / "path" / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127"
    )
    result = run(machine, "house/bin/find-python", "3.12")
    assert Path(result.stdout.splitlines()[0]).name.startswith("python3")
    assert "command not found" not in result.stdout + result.stderr


def test_a_python_that_is_too_old_is_not_offered(machine: Path) -> None:
    program(machine / "path" / "python3.12", f'exec {shlex.quote(sys.executable)} "$@"')
    assert run(machine, "house/bin/find-python", "3.99").stdout == ""


def test_the_launcher_says_what_to_run_before_the_set_up(machine: Path) -> None:
    result = run(machine, "house/tradebot", "status")
    assert (
        result.stderr == f"tradebot: not set up yet: run 'make tui' in {machine / 'house'} first\n"
    )
    assert result.returncode == 3


def test_the_launcher_works_from_anywhere_and_through_symlinks(machine: Path) -> None:
    program(machine / "house" / ".venv" / "bin" / "tradebot", 'printf "%s|" "$@"; exit 5')
    (machine / "one").symlink_to("house/tradebot")
    (machine / "home").mkdir()
    (machine / "home" / "two").symlink_to(machine / "one")
    result = run(machine, str(machine / "home" / "two"), "buy", "1 2", "")
    assert result.stdout == "buy|1 2||"
    assert result.returncode == 5


def test_install_links_the_launcher_once_and_warns_off_the_path(machine: Path) -> None:
    link = machine / "home" / ".local" / "bin" / "tradebot"
    first = run(machine, "house/bin/install")
    assert first.returncode == 0
    assert link.readlink() == machine / "house" / "tradebot"
    assert "is not on the PATH: add" in first.stderr
    again = run(machine, "house/bin/install", PATH=f"{machine / 'path'}{os.pathsep}{link.parent}")
    assert again.stderr.splitlines() == [f"tradebot: {link} is already this folder's"]
    assert again.returncode == 0


def test_install_never_overwrites_a_foreign_file(machine: Path) -> None:
    foreign = machine / "there" / "tradebot"
    program(foreign, "echo someone else's")
    before = foreign.read_bytes()
    result = run(machine, "house/bin/install", BINDIR=str(foreign.parent))
    assert result.returncode == 1
    assert "exists and is not this folder's" in result.stderr
    assert foreign.read_bytes() == before


@pytest.mark.slow
@pytest.mark.e2e
def test_a_headless_install_has_no_screen_and_says_what_to_install(tmp_path: Path) -> None:
    home = tmp_path / "headless"
    environment = os.environ | {
        "UV_PROJECT_ENVIRONMENT": str(home),
        "UV_PYTHON": sys.executable,
        "TRADEBOT_HOME": str(tmp_path),
    }
    sync = [
        str(HOUSE / "bin" / "uv"),
        "sync",
        "--locked",
        "--package",
        "tradebot-engine",
        "--no-dev",
        "--no-editable",
    ]
    made = subprocess.run(
        sync, cwd=HOUSE, env=environment, capture_output=True, text=True, check=False, timeout=540
    )
    assert made.returncode == 0, made.stderr

    (packages,) = (home / "lib").glob("python3*/site-packages")
    assert not (packages / "textual").exists()
    assert not (packages / "tradebot" / "console").exists()
    for room in ("native", "data", "engine"):
        (licence,) = packages.glob(f"tradebot_{room}-*.dist-info/licenses/LICENSE")
        assert licence.read_text() == (HOUSE / "LICENSE").read_text()

    command = str(home / "bin" / "tradebot")
    tui = subprocess.run(
        [command, "tui"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert tui.returncode == 2
    assert tui.stdout == ""
    (line,) = tui.stderr.splitlines()
    assert line.startswith("tradebot: no command 'tui' is installed")
    assert "tradebot-console" in line
    shown = subprocess.run(
        [command, "--help"], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "run" in shown.stdout
