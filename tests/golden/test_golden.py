"""Every released schema's state folder opens, verifies, recovers, is migrated and decided again, for ever."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.golden.make_golden import (
    HERE,
    Expected,
    exported,
    recovered_from_rows,
    summary,
    unpack,
)

from tradebot.engine.core.kernel import Kernel
from tradebot.engine.core.sleeves import Sleeves
from tradebot.engine.core.types import EngineId
from tradebot.engine.journal import schema
from tradebot.engine.journal.migrate import migrate
from tradebot.engine.journal.store import Journal
from tradebot.engine.journal.verify import verify
from tradebot.engine.live.budget import call_plainly
from tradebot.engine.live.recovery import recover
from tradebot.engine.live.redecide import redecide
from tradebot.engine.live.tape import Tape

SCHEMAS = sorted(int(path.name.partition("-")[2]) for path in HERE.glob("schema-*"))

NOW = 1_800_000_000_000_000_000

pytestmark = pytest.mark.parametrize("number", SCHEMAS)


class Golden:
    """One golden folder, unpacked."""

    def __init__(self, number: int, home: Path) -> None:
        packed = HERE / f"schema-{number}"
        self.home = home
        self.folder = unpack(packed / "home.tar.xz", home)
        self.expected = msgspec.json.decode((packed / "expected.json").read_bytes(), type=Expected)

    def journal(self) -> Journal:
        """Return the journal, open for reading."""
        return Journal.open(self.folder / "journal.db", read_only=True)


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[int], Golden]:
    def opened(number: int) -> Golden:
        return Golden(number, tmp_path / "home")

    return opened


def test_it_is_read_and_verified_as_it_was_written(
    golden: Callable[[int], Golden], number: int
) -> None:
    folder = golden(number)
    found = verify(folder.folder)
    assert found.problems == ()
    assert found.ok
    assert (found.rows, found.last_seq, found.market_events) == (
        folder.expected.rows,
        folder.expected.last_seq,
        folder.expected.market_events,
    )
    assert not found.unknown.fields
    with folder.journal() as journal:
        assert exported(journal, canonical=False) == folder.expected.export_sha256
        assert exported(journal, canonical=True) == folder.expected.canonical_sha256


def test_its_state_is_recovered_before_and_after_it_was_migrated(
    golden: Callable[[int], Golden], number: int
) -> None:
    folder = golden(number)
    with folder.journal() as journal:
        assert summary(recovered_from_rows(journal).state) == folder.expected.state
    migrate(folder.folder, NOW)
    with Journal.open(folder.folder / "journal.db") as journal:
        kernel = Kernel(EngineId(journal.meta["engine_id"]), Sleeves({}, call_plainly))
        tape = Tape({})
        found = recover(kernel, journal, tape)
        assert summary(kernel.state) == folder.expected.state
        # The newest seq is a row's; market events may come after it.
        assert 0 < found.last_seq <= folder.expected.last_seq
        assert len(tape.fills) > 20
        assert exported(journal, canonical=False) == folder.expected.export_sha256
    assert verify(folder.folder).ok


def test_it_is_decided_again_as_it_was_or_by_rules_that_are_said_to_differ(
    golden: Callable[[int], Golden], number: int
) -> None:
    folder = golden(number)
    result = redecide(folder.folder, [folder.home / "policies", folder.home])
    older = f"decided by a program of schema {number}, this one is of schema {schema.SCHEMA}"
    assert any(older in note for note in result.notes) == (number < schema.SCHEMA)
    if number == schema.SCHEMA:
        assert result.first_difference is None
        assert result.market_events == folder.expected.market_events > 1_000
    # Whatever is decided otherwise now, the policies' code is that of then.
    assert not any("ran version" in note for note in result.notes)


def test_the_schema_of_this_program_has_a_golden_folder_once_it_is_released(number: int) -> None:
    assert number <= schema.SCHEMA
