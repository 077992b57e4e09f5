"""Screens 5 Lab and 7 Data: runs, jobs beside the console, datasets; and their pictures."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from console_driver import Console, running
from console_scenes import SIZES, Compare, shot

from tradebot.console.jobs.job import Job, JobWords
from tradebot.console.screens.data.screen import gaps
from tradebot.console.screens.lab.bench import Bench
from tradebot.console.screens.lab.form import Form, put, words_of
from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.data.manifest import Counted, DataFile, Manifest, SourceFile
from tradebot.data.recordings.problems import Place
from tradebot.engine.trial.report import RunReport, write_equity, write_report

BEGIN = 1_767_571_200_000_000_000
HOUR_NS = 3_600_000_000_000


def report(run: str, result: str, **more: object) -> RunReport:
    plain = RunReport(
        id=run,
        name="backtest",
        policy="tradebot.engine.policies.trend:Trend",
        version="6170847794e4",
        params={"fast": 20, "slow": 60},
        symbols=("sandbox:BTCUSDT",),
        dataset="sandbox/hour",
        sha256="43dcd7631573c921",
        seed=1,
        capital="100000",
        currency="USDT",
        begin=BEGIN,
        end=BEGIN + HOUR_NS,
        steps=125_516,
        decisions=60,
        reasons={"hold": 58},
        orders=2,
        fills=3,
        refused={"too-large": 2},
        result=result,
        fees="28.11",
        open={},
        paused=None,
        decide=None,
        seconds=10.3,
        assumptions={"rules": "default", "fill": "book", "commission": "0.001"},
        statistics={
            "total_return": float(result) / 1e5,
            "sr_ann": 1.25,
            "ci95_ann": (-0.5, 3.0),
            "max_drawdown": 0.0123,
            "hit_rate": None,
        },
        critique=("0 closed trades: fewer than 30 say little",),
    )
    return msgspec.structs.replace(plain, **more)


def keep_runs(home: Path) -> None:
    for run, result in (("22ce28d4", "-62.12"), ("96ae31d5", "1243.5")):
        folder = home / "runs" / run
        folder.mkdir(parents=True)
        write_report(folder, report(run, result))
        worth = [100_000 + float(result) * (i / 60) ** 2 + 40 * (i % 7) for i in range(60)]
        write_equity(
            folder, [(BEGIN + i * 60_000_000_000, str(each)) for i, each in enumerate(worth)]
        )


def fail_job(home: Path, problem: str) -> None:
    folder = home / "jobs" / "18f"
    folder.mkdir(parents=True)
    words = ("backtest", "nosuch", "--data=sandbox/hour", "--json")
    (folder / "job.json").write_bytes(msgspec.json.encode(JobWords(words=words, began=1)))
    (folder / "code").write_text("1\n")
    (folder / "err").write_text(problem)


async def seen(console: Console, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60.0  # noqa: TID251  (threads and real processes)
    while not condition():
        assert time.monotonic() < until, "it did not come"  # noqa: TID251
        await asyncio.sleep(0.02)
        await console.beat(1.1)


async def lab_open(console: Console) -> None:
    await console.press("5")
    await seen(console, lambda: console.app.lab.bench.reports is not None)
    lab = console.app.lab
    await seen(console, lambda: lab.bench.curve is not None or not lab.bench.reports)
    await console.beat(times=3)


PROBLEM = (
    "tradebot: no policy is called 'nosuch'; installed are breakout, trend; a file needs a ':Class'"
)


async def empty_lab(console: Console) -> None:
    await lab_open(console)


async def form_lab(console: Console) -> None:
    await lab_open(console)
    await console.press("e", "down", "down")


async def running_lab(console: Console) -> None:
    await lab_open(console)
    bench = console.app.lab.bench
    what = JobWords(
        words=("backtest", "trend", "--data=sandbox/hour", "--cash=100000", "--json"),
        began=console.clock.wall_ns() - 12_000_000_000,
    )
    job = Job(folder=Path("18f"), what=what, state="running", count=61_234)
    bench.look = list  # what is drawn is this job, not what the folder holds
    bench.jobs = (job,)
    console.app.lab.runs.select(0)
    console.view.touch()
    await console.beat(times=2)


SCENES = {"empty": empty_lab, "form": form_lab, "running": running_lab, "runs": lab_open}


@pytest.mark.parametrize("size", ["narrow", "mid", "wide"])
@pytest.mark.parametrize("scene", ["empty", "form", "running", "failed", "runs"])
def test_lab_looks_as_before(snap_compare: Compare, tmp_path: Path, scene: str, size: str) -> None:
    if scene != "empty":
        keep_runs(tmp_path)
    if scene == "failed":
        fail_job(tmp_path, PROBLEM)
    steps = SCENES.get(scene, lab_open if scene == "runs" else failed_lab)
    assert shot(snap_compare, Console(), SIZES[size], steps)


async def failed_lab(console: Console) -> None:
    await console.press("5")
    await seen(console, lambda: bool(console.app.lab.bench.jobs))
    console.app.lab.runs.select(0)
    await console.beat(times=3)


def test_the_form_is_the_command_and_what_is_typed_is_never_an_option() -> None:
    assert words_of(Form())[:3] == ("backtest", "trend", "--data=sandbox/hour")
    typed = put(Form(at=5), "fast=5 slow=--seed")
    assert [word for word in words_of(typed) if "param" in word] == [
        "--param=fast=5",
        "--param=slow=--seed",
    ]
    configured = put(Form(at=1), "my file.toml")
    assert words_of(configured)[:2] == ("backtest", "--config=my file.toml")


async def test_a_failed_job_says_why_until_it_is_taken_away(tmp_path: Path) -> None:
    fail_job(tmp_path, PROBLEM)
    async with running(Console()) as console:
        await failed_lab(console)
        told = "".join(cell.text for row in console.app.lab.detail.rows for cell in row)
        assert "no policy is called 'nosuch'" in told
        await console.press("x")
        await seen(console, lambda: not console.app.lab.bench.jobs)
    assert not list((tmp_path / "jobs").iterdir())


async def test_a_job_that_is_done_gives_its_run_the_mark(tmp_path: Path) -> None:
    keep_runs(tmp_path)
    async with running(Console()) as console:
        await lab_open(console)
        fail_job(tmp_path, "")
        (tmp_path / "jobs/18f/out").write_text('{"run":"22ce28d4"}')
        (tmp_path / "jobs/18f/code").write_text("0\n")
        lab = console.app.lab
        await seen(console, lambda: "22ce28d4 is done" in console.view.history[-1].text)
        assert isinstance(lab.runs.selected, RunReport)
        assert lab.runs.selected.id == "22ce28d4"


@pytest.mark.slow
async def test_the_form_starts_a_job_of_its_own_process(tmp_path: Path) -> None:
    async with running(Console()) as console:
        await lab_open(console)
        await console.press("e", "enter", *"x", "enter", "r")
        await seen(console, lambda: bool(console.app.lab.bench.jobs))
        await seen(console, lambda: console.app.lab.bench.jobs[0].state == "failed")
        assert "trendx" in console.app.lab.bench.jobs[0].problem


async def test_runs_that_kept_no_tables_have_no_page_and_say_so(tmp_path: Path) -> None:
    keep_runs(tmp_path)
    async with running(Console()) as console:
        await lab_open(console)
        await console.press("o")
        await seen(console, lambda: "no page: run" in console.view.history[-1].text)


async def test_two_runs_that_cannot_be_compared_say_why(tmp_path: Path) -> None:
    keep_runs(tmp_path)
    async with running(Console()) as console:
        await lab_open(console)
        await console.press("d", "down")
        await seen(console, lambda: isinstance(console.app.lab.bench.difference, str))


def test_runs_are_read_again_only_where_something_changed(tmp_path: Path) -> None:
    keep_runs(tmp_path)
    bench = Bench()
    bench.look()
    first = bench.reports
    bench.look()
    assert bench.reports is first
    write_report(tmp_path / "runs" / "22ce28d4", report("22ce28d4", "5"))
    bench.look()
    assert bench.reports is not first


def manifest(name: str, odd: int) -> Manifest:
    what = InstrumentId("binance:BTCUSDT")
    rules = Rules(valid_from=0, tick=1, lot=1)
    return Manifest(
        dataset=name,
        format="binance-raw",
        importer_version=2,
        rows=355_762,
        sha256="43dcd7631573c921a64d0fb1242fb0c380ec2ba93b2a6452a374d369055be22e",
        first_ts=BEGIN,
        last_ts=BEGIN + HOUR_NS,
        instruments=(
            Instrument(
                id=what,
                kind="spot",
                base="BTC",
                currency="USDT",
                price_scale=2,
                quantity_scale=5,
                rules=(rules,),
            ),
        ),
        files=(
            DataFile(
                path="trades.parquet",
                kind="trades",
                instrument=what,
                rows=355_762,
                bytes=1_234_567,
                sha256="ab",
                first_ts=BEGIN,
                last_ts=BEGIN + HOUR_NS,
            ),
        ),
        sources=(SourceFile(name="btc.raw", bytes=9_999_999, sha256="cd"),),
        guesses={"tick": "0.01"},
        messages=400_000,
        ignored=0,
        problems={
            "gaps": Counted(count=odd, first=(Place(file="btc.raw", line=17, text="U 12 > 10"),))
        },
        covered=((BEGIN, BEGIN + HOUR_NS), (BEGIN + 3 * HOUR_NS, BEGIN + 4 * HOUR_NS)),
    )


def test_a_gap_is_what_lies_between_two_fetched_spans() -> None:
    assert gaps(manifest("a/b", 0)) == [(BEGIN + HOUR_NS, BEGIN + 3 * HOUR_NS)]


async def data_open(console: Console) -> None:
    await console.press("7")
    await seen(console, lambda: console.app.data_screen.shelf.manifests is not None)
    await console.beat(times=3)


async def data_filled(console: Console) -> None:
    shelf = console.app.data_screen.shelf
    shelf.look = lambda: None  # what is drawn is what stands here
    shelf.manifests = (manifest("binance:BTCUSDT/trades", 3), manifest("sandbox/hour", 0))
    await data_open(console)


@pytest.mark.parametrize("size", ["narrow", "mid", "wide"])
@pytest.mark.parametrize("scene", ["empty", "filled"])
def test_data_looks_as_before(snap_compare: Compare, scene: str, size: str) -> None:
    steps = data_open if scene == "empty" else data_filled
    assert shot(snap_compare, Console(), SIZES[size], steps)
