"""A live feed recorded by the program, killed in the midst, recorded on, and what is read after it."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.e2e.engine_process import COMMAND, short_home, wait_until
from tests.e2e.test_exchange_program import running

from tradebot.data.events import AnyMarketEvent, BookDelta, BookSnapshot, FeedGap
from tradebot.data.replay import replay
from tradebot.data.store import Store

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DATASET = "recorded/binance-btcusdt"


def test_a_recorder_killed_in_the_midst_leaves_whole_pieces_and_a_gap_before_what_comes_next() -> (
    None
):
    with running("--speak", "binance", "--seed", "3") as (_, ready), short_home() as home:
        url = ready["binance"]["url"]
        (home.path / "tradebot.toml").write_text(
            f'[accounts.bin]\nvenue = "binance"\nkind = "paper"\nbase_url = "{url}"\n'
        )
        store = Store(home.path / "data")
        words = ("data", "record", "binance:BTCUSDT", "--every", "1")
        recorder = subprocess.Popen(
            [*COMMAND, *words],
            env=home.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _pieces(store) >= 2, "two pieces are kept", 60)
        finally:
            recorder.kill()
            recorder.wait()
        before = list(replay(store, DATASET))
        assert isinstance(_books(before)[0], BookSnapshot)
        assert store.check(DATASET) == ()
        done = home.run(*words, "--for", "4", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        after = list(replay(store, DATASET))
        assert after[: len(before)] == before
        assert told["recorded"] == len(after) - len(before) > 0
        joint = _books(after[len(before) :])
        assert [type(one) for one in joint[:2]] == [FeedGap, BookSnapshot]
        played = home.run("data", "check", DATASET)
        assert (played.returncode, _left(home.path)) == (0, []), played.stdout


def _books(events: list[AnyMarketEvent]) -> list[AnyMarketEvent]:
    return [one for one in events if isinstance(one, BookSnapshot | BookDelta | FeedGap)]


def _pieces(store: Store) -> int:
    if not store.holds(DATASET):
        return 0
    return len([file for file in store.show(DATASET).files if file.kind == "book"])


def _left(home: Path) -> list[str]:
    """Return temporary folders that somebody left behind and nobody cleared."""
    return [path.name for path in (home / "data").glob("grow-*")]
