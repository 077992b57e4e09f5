"""Disks that are small, full or read-only: real ones where the machine lets a test mount one, else a skip."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which(words[0])
    if program is None:
        pytest.skip(f"a disk of its own needs {words[0]}")
    return subprocess.run([program, *words[1:]], capture_output=True, check=False)


@contextmanager
def small_disk(path: Path, *, megabytes: int) -> Generator[Path]:
    """Mount a disk of so many megabytes at a new folder."""
    path.mkdir()
    done = _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(path))
    if done.returncode:
        pytest.skip(f"a disk of its own needs mount: {done.stderr.decode().strip()}")
    try:
        yield path
    finally:
        _run("umount", "-l", str(path))


def fill(disk: Path) -> Path:
    """Fill a small disk to its last byte; deleting the file returned makes room."""
    hog = disk / "hog"
    file = os.open(hog, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            if os.write(file, bytes(4096)) < 4096:
                return hog
    except OSError:
        return hog
    finally:
        os.close(file)


def make_read_only(disk: Path) -> None:
    """Let a mounted disk take no more writes, whoever asks."""
    done = _run("mount", "-o", "remount,ro", str(disk))
    if done.returncode:
        pytest.skip(f"a read-only disk needs mount: {done.stderr.decode().strip()}")


def make_writable(disk: Path) -> None:
    """Let it take writes again."""
    done = _run("mount", "-o", "remount,rw", str(disk))
    assert not done.returncode, done.stderr
