"""The sandbox recorded: the same seed, the same bytes; made once; a market one can trade again."""

import subprocess
import sys
from pathlib import Path

from tradebot.data.events import BookSnapshot
from tradebot.data.recordings.problems import Problems
from tradebot.data.replay import replay
from tradebot.data.store import Store
from tradebot.engine.core.types import SECOND
from tradebot.engine.recording.hour import HOUR, RecordedSandbox, ensure_hour, record
from tradebot.engine.recording.place import DATASET, is_recorded

SPAN = 20 * SECOND


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        record(tmp_path / name, seed=seed, span=SPAN)
    first = content(tmp_path / "a")
    assert len(first) == 7  # book and trades of three symbols, and the manifest
    assert content(tmp_path / "b") == first
    assert content(tmp_path / "c") != first


def test_a_recording_begins_with_each_book_whole_and_is_free_of_oddities(tmp_path: Path) -> None:
    manifest = record(tmp_path, span=SPAN)
    assert manifest.dataset == DATASET
    assert all(found.count == 0 for found in manifest.problems.values())
    events = list(replay(Store(tmp_path), DATASET))
    assert len(events) == manifest.rows
    snapshots = [event for event in events if isinstance(event, BookSnapshot)]
    assert sorted(event.instrument for event in snapshots) == [
        instrument.id for instrument in manifest.instruments
    ]
    assert events == [event for event, _ in RecordedSandbox(span=SPAN).events(Problems())]


def test_an_hour_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    assert not is_recorded(tmp_path)
    record(tmp_path, span=SPAN)
    assert is_recorded(tmp_path)
    before = content(tmp_path)
    assert ensure_hour(tmp_path) == DATASET
    assert {name: text for name, text in content(tmp_path).items() if "lock" not in name} == before


def test_the_recording_lasts_an_hour_of_the_market() -> None:
    assert HOUR == 3600 * SECOND


def test_looking_for_the_hour_loads_no_store() -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tradebot.engine.recording.place import is_recorded\n"
        "is_recorded(Path('/nowhere'))\n"
        "sys.exit(bool({'polars', 'tradebot.native', 'tradebot.data.store'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
