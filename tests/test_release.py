"""What a release is made of: the installer refuses what it should, and the Dockerfile only uses what works here."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import files
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release whose wheels are only names: enough for what the installer checks first."""
    folder = tmp_path / "dist"
    folder.mkdir()
    shutil.copy(HOUSE / "packaging" / "install.sh", folder)
    shutil.copy(HOUSE / "bin" / "find-python", folder)
    for name in ("requirements.txt", "requirements-headless.txt", "requirements-ops.txt"):
        (folder / name).write_text("")
    files = sorted(folder.iterdir())
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def install(release: Path, *words: str) -> subprocess.CompletedProcess[str]:
    home = release.parent / "home"
    return subprocess.run(
        ["/bin/sh", str(release / "install.sh"), *words],
        # With the Python that runs this: a pyenv of the real home is not there.
        env={
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_with_a_changed_file_is_refused(release: Path) -> None:
    (release / "requirements.txt").write_text("evil==1\n")
    ran = install(release)
    assert (ran.returncode, "is not as it was made" in ran.stderr) == (1, True)
    assert not (release.parent / "home").exists()


@pytest.mark.parametrize("words", [["--what"], ["--prefix"]])
def test_an_option_nobody_knows_is_wrong_usage(release: Path, words: list[str]) -> None:
    ran = install(release, *words)
    assert (ran.returncode, "usage: install.sh" in ran.stderr) == (2, True)


def test_a_command_that_is_not_ours_stays(release: Path) -> None:
    other = release.parent / "bin" / "tradebot"
    other.parent.mkdir()
    other.write_text("mine")
    ran = install(release, "--bindir", str(other.parent))
    assert (ran.returncode, "is not ours" in ran.stderr) == (1, True)
    assert other.read_text() == "mine"


def test_the_installer_never_asks_pypi_for_our_own_names() -> None:
    script = (HOUSE / "packaging" / "install.sh").read_text()
    assert "pip --no-index --no-deps $wheels" in script
    assert "--require-hashes" in script
    assert "--only-binary :all:" in script


def test_the_dockerfile_runs_make_targets_and_the_installer_only() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    lines = (HOUSE / "Dockerfile").read_text().splitlines()
    steps = [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]
    made = [step.split()[1] for step in steps if step.startswith("make ")]
    assert made == ["dist"]
    assert set(made) <= targets
    rest = {step.split()[0] for step in steps if not step.startswith("make ")}
    assert rest == {"ldconfig", "useradd", "/dist/install.sh"}
    known = {"FROM", "COPY", "RUN", "WORKDIR", "USER", "ENV", "VOLUME", "STOPSIGNAL"}
    known |= {"HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {line.split()[0] for line in lines if line and not line.startswith("#")} == known


# ------------------------------------------------------------------------------------ wheels

NATIVE = "tradebot_native-0.1.0-cp312-abi3-linux_x86_64.whl"
ROOMS = ("tradebot_data", "tradebot_engine", "tradebot_console", "tradebot")
WHEELS = (NATIVE, *(f"{room}-0.1.0-py3-none-any.whl" for room in ROOMS))


def checked(folder: Path, names: Sequence[str], system: str = "Linux") -> tuple[int, str]:
    for name in names:
        (folder / name).touch()
    ran = subprocess.run(
        [str(HOUSE / "bin" / "check-wheels"), str(folder)],
        env={**os.environ, "TRADEBOT_SYSTEM": system, "TRADEBOT_MACHINE": "x86_64"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


def test_the_wheels_of_every_room_pass(tmp_path: Path) -> None:
    assert checked(tmp_path, WHEELS) == (0, "")


@pytest.mark.parametrize(
    ("native", "system"),
    [
        ("tradebot_native-0.1.0-cp312-cp312-linux_x86_64.whl", "Linux"),
        ("tradebot_native-0.1.0-cp313-abi3-linux_x86_64.whl", "Linux"),
        ("tradebot_native-0.1.0-py3-none-any.whl", "Linux"),
        ("tradebot_native-0.1.0-cp312-abi3-linux_aarch64.whl", "Linux"),
        (NATIVE, "Darwin"),
    ],
)
def test_a_native_wheel_for_one_python_or_another_machine_is_refused(
    tmp_path: Path, native: str, system: str
) -> None:
    code, text = checked(tmp_path, (native, *WHEELS[1:]), system)
    assert (code, "its tag must be cp312-abi3-" in text) == (1, True)


def test_a_wheel_too_many_or_missing_is_refused(tmp_path: Path) -> None:
    assert checked(tmp_path, WHEELS[1:])[0] == 1
    assert checked(tmp_path, (*WHEELS, "tradebot_data-0.0.9-py3-none-any.whl"))[0] == 1


def test_the_extension_as_it_was_built_here_has_the_tag_of_the_stable_abi() -> None:
    (wheel,) = [file for file in files("tradebot-native") or () if file.name == "WHEEL"]
    tags = [line for line in wheel.read_text().splitlines() if line.startswith("Tag: ")]
    machine = sysconfig.get_platform().rpartition("-")[2]
    assert len(tags) == 1
    assert re.fullmatch(rf"Tag: cp312-abi3-(many|musl)?(linux|macosx)_.*{machine}", tags[0])
    cargo = (HOUSE / "native" / "Cargo.toml").read_text()
    assert "abi3-py312" in cargo
