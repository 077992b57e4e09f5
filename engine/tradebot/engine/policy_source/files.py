"""Files that become code are read only when nobody else could have written them."""

import os
import stat
from pathlib import Path

import platformdirs

from tradebot.engine.home import home
from tradebot.engine.policy_source.errors import PolicyNotLoaded

FILE_BYTES_MAX = 1_000_000
"""Largest source file of a policy."""

_OTHERS_WRITE = 0o022


def policy_folders() -> tuple[Path, ...]:
    """Return where policy files are looked for, in order: beside tradebot.toml, then the user's configuration folder.

    Where TRADEBOT_HOME is set only that is looked at: a script in a home of its own never runs the user's files.
    """
    folders = (home() / "policies", home())
    if os.environ.get("TRADEBOT_HOME"):
        return folders
    return (*folders, platformdirs.user_config_path("tradebot", appauthor=False) / "policies")


def read_source(path: Path, *, own: bool) -> str:
    """Return a source file's text.

    Args:
        path: The file.
        own: Whether file and folder must be the user's (or root's) and writable by nobody else.

    Raises:
        PolicyNotLoaded: If they are not, or it is no text of at most `FILE_BYTES_MAX`.
    """
    try:
        if own:
            _require_own(path.parent, path.parent.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not hang us
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if own:
                _require_own(path, facts)
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > FILE_BYTES_MAX:
                raise PolicyNotLoaded(
                    f"policy file {path} must be a file of at most {FILE_BYTES_MAX} bytes, "
                    f"was {stat.filemode(facts.st_mode)} of {facts.st_size}"
                )
            return file.read().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyNotLoaded(f"policy file {path} cannot be read as text: {error}") from error


def _require_own(path: Path, facts: os.stat_result) -> None:
    if facts.st_uid in {os.geteuid(), 0} and not facts.st_mode & _OTHERS_WRITE:
        return
    what = "folder" if stat.S_ISDIR(facts.st_mode) else "file"
    raise PolicyNotLoaded(
        f"policy {what} {path} must be owned by you and writable by nobody else, has mode "
        f"{stat.S_IMODE(facts.st_mode):o} and owner {facts.st_uid}: chmod go-w {path}"
    )
