"""Long jobs outside of the console's process: started, found again, cancelled, failed in words."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tradebot.console.jobs.job import Job, cancel, dismiss, jobs, start_job


def wait_for(folder: Path, over: Callable[[Job], bool]) -> Job:
    until = time.monotonic() + 60.0  # noqa: TID251  (a real process)
    while time.monotonic() < until:  # noqa: TID251
        found = jobs(folder)[0]
        if over(found):
            return found
        time.sleep(0.02)
    pytest.fail(f"it still was {jobs(folder)[0]}")


def test_a_job_that_fails_keeps_what_it_said(tmp_path: Path) -> None:
    words = ("backtest", "there is; no$such", "--data", "no/such", "--json")
    started = start_job(tmp_path / "jobs", words, 5)
    assert started.what.words == words
    found = wait_for(tmp_path / "jobs", lambda job: job.state != "running")
    assert found.state == "failed"
    assert found.problem.startswith("tradebot: ")
    assert "\n" not in found.problem
    dismiss(found)
    assert jobs(tmp_path / "jobs") == []


def test_a_job_that_is_done_keeps_what_it_printed(tmp_path: Path) -> None:
    start_job(tmp_path, ("runs", "list", "--json"), 5)
    found = wait_for(tmp_path, lambda job: job.state != "running")
    assert (found.state, found.said.strip()) == ("done", "[]")


def test_a_running_job_is_cancelled_with_all_its_processes(tmp_path: Path) -> None:
    job = start_job(tmp_path, ("exchange", "--speak", "binance"), 5)
    found = jobs(tmp_path)[0]
    assert found.state == "running"
    cancel(job)
    wait_for(tmp_path, lambda job: job.state == "cancelled")
    cancel(job)  # ended already: nothing happens


def test_a_job_whose_processes_are_gone_is_no_running_one(tmp_path: Path) -> None:
    job = start_job(tmp_path, ("runs", "list"), 5)
    wait_for(tmp_path, lambda job: job.state == "done")
    (job.folder / "code").unlink()
    (job.folder / "err").write_text("")
    assert jobs(tmp_path)[0].problem == "it was ended from outside"
