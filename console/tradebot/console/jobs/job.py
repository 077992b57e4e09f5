"""A long job as a child of its own session: it survives the console, and any console finds it again by its folder."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from tradebot.engine.cli.failures import DONE
from tradebot.engine.trial.report import PROGRESS_FILE

JOB, SAID, PROBLEM, COUNT, CODE, CANCELLED, LOCK = (
    *("job.json", "out", "err", "count", "code", "cancelled", "lock"),
)
"""Files of a job's folder; the lock is held by the child for as long as it lives."""

PROBLEM_MAX = 600
"""Most characters kept of what a failed job said, its last ones."""

_SCRIPT = '"$@" >out 2>err; echo $? >code.new; mv code.new code'
"""Keeps the exit code beside the output, also where nobody waits for it; what was typed comes as `$@`."""

type State = Literal["running", "done", "failed", "cancelled"]


class JobWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is, as its folder says."""

    words: tuple[str, ...]
    """Arguments of `tradebot`."""
    began: int
    """ns UTC."""
    group: int = 0
    """Process group, 0 before it is known."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands."""

    folder: Path
    what: JobWords
    state: State
    count: int | None = None
    """Events so far; None: it has not said."""
    problem: str = ""
    """Of a failed one: its last words."""
    said: str = ""
    """Of one that is done: what it printed."""


def start_job(folder: Path, words: Sequence[str], now: int) -> Job:
    """Start `tradebot WORDS` in a session of its own.

    Args:
        folder: Where jobs are kept; made where it is not there.
        words: Arguments of `tradebot`.
        now: ns UTC.

    Raises:
        OSError: If it cannot be started.
    """
    place = folder / f"{now:x}"
    place.mkdir(parents=True)
    what = JobWords(words=tuple(words), began=now)
    here = Path.cwd()
    program = f'cd "$1" && shift && exec {_quoted(sys.executable)} -m tradebot.engine.cli "$@"'
    with (place / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _SCRIPT, "job", "/bin/sh", "-c", program, "job", str(here), *words],
            cwd=place,
            env=os.environ | {PROGRESS_FILE: str(place / COUNT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
    _CHILDREN.append(child)
    what = msgspec.structs.replace(what, group=child.pid)
    (place / JOB).write_bytes(msgspec.json.encode(what))
    return Job(folder=place, what=what, state="running")


_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Those this process started: they are asked for their end, so that none stays behind as a zombie."""


def jobs(folder: Path) -> list[Job]:
    """Return every job of a folder, the newest first.

    Raises:
        OSError: If the folder cannot be read.
    """
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]
    if not folder.is_dir():
        return []
    found = [_job(place) for place in sorted(folder.iterdir(), reverse=True)]
    return [job for job in found if job is not None]


def cancel(job: Job) -> None:
    """End a running job; one that has ended meanwhile stays as it is.

    Raises:
        OSError: If it cannot be ended.
    """
    if (job.folder / CODE).exists() or not _held(job.folder):
        return
    (job.folder / CANCELLED).touch()
    # The lock is held: the group is still the job's, not another that has taken its number.
    os.killpg(job.what.group, signal.SIGTERM)


def dismiss(job: Job) -> None:
    """Forget a job that is over.

    Raises:
        OSError: If its folder cannot be removed.
    """
    shutil.rmtree(job.folder)


def _job(place: Path) -> Job | None:
    try:
        what = msgspec.json.decode((place / JOB).read_bytes(), type=JobWords)
    except (OSError, msgspec.DecodeError):
        return None  # just being made by another console, or no job
    alive = _held(place)  # before the code is read: one that ends in between has written it
    code = _text(place / CODE).strip()
    if code == str(DONE):
        return Job(folder=place, what=what, state="done", said=_text(place / SAID))
    if (place / CANCELLED).exists():
        return Job(folder=place, what=what, state="cancelled")
    if code or not alive:
        told = _text(place / PROBLEM).strip()[-PROBLEM_MAX:]
        ended = f"it ended with exit code {code}" if code else "it was ended from outside"
        return Job(folder=place, what=what, state="failed", problem=told or ended)
    count = _text(place / COUNT)
    return Job(
        folder=place, what=what, state="running", count=int(count) if count.isdigit() else None
    )


def _held(place: Path) -> bool:
    """Return whether a process of the job lives: it holds the lock that it was born with."""
    try:
        with (place / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)
