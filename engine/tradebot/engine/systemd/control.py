"""Asking systemd: units are read again, enabled, looked at. The one place that runs `systemctl` and `loginctl`."""

import os
import shutil
import subprocess
from pathlib import Path

TIMEOUT_S = 90.0
"""Longest wait for an answer: stopping an engine takes up to half a minute."""


class SystemdFailed(Exception):  # noqa: N818  (one line for a person)
    """systemd is not here, or said no; the text is one line with what it said."""

    exit_code = 1


def folder_of_units(*, system: bool) -> Path:
    """Return where unit files of this machine, or of this user, are."""
    if system:
        return Path("/etc/systemd/system")
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "systemd" / "user"


def systemctl(*words: str, system: bool) -> str:
    """Run systemctl; return what it printed.

    Raises:
        SystemdFailed: If there is none, or it failed.
    """
    return _run("systemctl", *([] if system else ["--user"]), *words)


def lingers(user: str) -> bool | None:
    """Return whether a user's services run without a session; None where nobody can say."""
    try:
        return _run("loginctl", "show-user", user, "--property=Linger", "--value").strip() == "yes"
    except SystemdFailed:
        return (Path("/var/lib/systemd/linger") / user).exists() or None


def let_linger(user: str) -> None:
    """Let a user's services run without a session, from boot on.

    Raises:
        SystemdFailed: If it may not be.
    """
    _run("loginctl", "enable-linger", user)


def _run(program: str, *words: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise SystemdFailed(
            f"{program} is not here: without systemd let another supervisor run `tradebot run`"
        )
    try:
        ran = subprocess.run(  # noqa: S603  (our words, no shell)
            [found, *words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SystemdFailed(
            f"{program} {words[-1]} did not answer for {TIMEOUT_S:.0f} s"
        ) from error
    if ran.returncode:
        said = " ".join(ran.stderr.split()) or f"exit code {ran.returncode}"
        raise SystemdFailed(f"{program} {' '.join(words)}: {said}")
    return ran.stdout
