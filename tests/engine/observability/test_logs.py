"""Log lines: where they go, in which form, and what is never in them."""

import json
import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
import structlog

from tradebot.engine.observability import logs
from tradebot.engine.observability.lines import readable_line
from tradebot.engine.observability.logs import LogFormat, logging_to
from tradebot.engine.secret import Secret

KEY = "AKxyz-do-not-print-me"


@contextmanager
def stderr_in(path: Path) -> Generator[None]:
    """Send the process's stderr to a file."""
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def written(tmp_path: Path, shape: LogFormat, **facts: object) -> tuple[str, str]:
    """Return what a line left on stderr and in the file."""
    with stderr_in(tmp_path / "stderr"), logging_to(shape) as sink:
        sink.keep_in(tmp_path)
        structlog.get_logger().info("order sent", **facts)
    return (tmp_path / "stderr").read_text(), (tmp_path / "engine.log").read_text()


def test_json_is_one_object_a_line_with_time_level_and_event(tmp_path: Path) -> None:
    err, file = written(tmp_path, "json", client_order_id="tb1", quantity=3)
    assert err == file
    line = cast("dict[str, object]", json.loads(err))
    assert line.pop("timestamp")
    assert line == {"event": "order sent", "level": "info", "client_order_id": "tb1", "quantity": 3}


def test_console_is_words_while_the_file_stays_json(tmp_path: Path) -> None:
    err, file = written(tmp_path, "console", client_order_id="tb1", why="two words")
    assert "info     order sent  client_order_id=tb1  why='two words'" in err
    assert json.loads(file)["why"] == "two words"
    assert readable_line(file) == err.rstrip("\n")


def test_file_leaves_stderr_empty(tmp_path: Path) -> None:
    err, file = written(tmp_path, "file")
    assert not err
    assert json.loads(file)["event"] == "order sent"


@pytest.mark.parametrize("shape", ["json", "console"])
def test_a_secret_never_reaches_a_log(tmp_path: Path, shape: LogFormat) -> None:
    err, file = written(
        tmp_path, shape, key=Secret(KEY), nested={"deep": [Secret(KEY)]}, text=f"Bearer {KEY}"
    )
    assert KEY not in err + file
    assert "***" in err


def test_the_text_of_an_exception_is_redacted(tmp_path: Path) -> None:
    with stderr_in(tmp_path / "stderr"), logging_to("json"):
        try:
            int(f"Authorization: Bearer {KEY}")
        except ValueError:
            structlog.get_logger().exception("venue refused")
            logging.getLogger("library").exception("password=%s", KEY)
    lines = (tmp_path / "stderr").read_text()
    assert KEY not in lines
    assert lines.count("Traceback") == 2
    assert json.loads(lines.splitlines()[1])["logger"] == "library"


def test_ids_bound_once_stand_in_every_line(tmp_path: Path) -> None:
    with structlog.contextvars.bound_contextvars(engine_id="abc12"):
        _, file = written(tmp_path, "file")
    assert json.loads(file)["engine_id"] == "abc12"


def test_a_log_that_cannot_be_written_holds_nobody_up_and_the_loss_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "QUEUE_MAX", 5)
    release, blocked = threading.Event(), threading.Event()

    def stuck(_: object) -> None:
        blocked.set()
        release.wait(10)

    with logging_to("file") as sink:
        sink.keep_in(tmp_path)
        sink.also.append(stuck)
        log = structlog.get_logger()
        log.info("first")
        assert blocked.wait(5)
        for number in range(20):
            log.info("more", number=number)
        assert sink.dropped == 15
        release.set()
    said = [json.loads(line) for line in (tmp_path / "engine.log").read_text().splitlines()]
    assert [line["event"] for line in said] == ["first", "log lines dropped", *["more"] * 5]
    assert said[1]["lines"] == 15


def test_a_full_disk_is_told_once_and_the_log_goes_on(tmp_path: Path) -> None:
    with stderr_in(tmp_path / "stderr"), logging_to("file") as sink:
        (tmp_path / "engine.log").symlink_to("/dev/full")
        sink.keep_in(tmp_path)
        for _ in range(3):
            structlog.get_logger().info("lost")
    assert (tmp_path / "stderr").read_text().count("No space left on device") == 1
