"""Files that decide what an engine does are read only when nobody else could have written them."""

import os
import stat
from pathlib import Path

from tradebot.engine.config.errors import ConfigError

FILE_BYTES_MAX = 1_000_000
"""Largest configuration file."""


def read_owned(path: Path) -> str | None:
    """Return a file's text, or None when there is none.

    Raises:
        ConfigError: If it belongs to somebody else, others may write it, or it is too large.
    """
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_NONBLOCK
        )  # a pipe in its place must not hang us
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    try:
        _require_own(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be UTF-8: {error}") from error
    finally:
        os.close(descriptor)


def _require_own(path: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise ConfigError(f"{path} must be a file, was {stat.filemode(info.st_mode)}")
    if info.st_uid != os.getuid():
        raise ConfigError(
            f"{path} must belong to you (uid {os.getuid()}), belongs to uid {info.st_uid}; "
            "copy it and take its place"
        )
    if info.st_mode & 0o022:
        raise ConfigError(
            f"{path} must be writable by you alone, was {stat.filemode(info.st_mode)}; "
            f"run chmod go-w {path}"
        )
    if info.st_size > FILE_BYTES_MAX:
        raise ConfigError(f"{path} must be at most {FILE_BYTES_MAX} bytes, was {info.st_size}")
