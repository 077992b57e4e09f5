"""One folder, one engine, one mode, one process."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from tradebot.engine.core.types import Mode
from tradebot.engine.journal.errors import (
    EngineAlreadyRunning,
    SocketPathTooLong,
    StateFolderMissing,
    StateFolderRefused,
)
from tradebot.engine.journal.files import write_atomically
from tradebot.engine.state_folder import (
    ExitNote,
    StateFolder,
    control_socket,
    look,
    new_engine_id,
)

MADE = 1_700_000_000_000_000_000


def take(path: Path, mode: Mode = "sandbox", *, create: bool = True, seed: int = 0) -> StateFolder:
    return StateFolder.open(
        path,
        mode=mode,
        create=create,
        entropy=lambda count: bytes(range(seed, seed + count)),
        now=lambda: MADE,
    )


def test_folder_is_made_for_its_user_alone_and_keeps_its_id(tmp_path: Path) -> None:
    path = tmp_path / "engines" / "main"
    with take(path) as folder:
        assert folder.id == "abcde"
        assert folder.mode == "sandbox"
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}
        assert folder.journal == path / "journal.db"
        assert (folder.market, folder.venue_log) == (path / "market", path / "venue.log")
    with take(path, seed=9) as again:
        assert again.id == "abcde"
        assert again.engine.created == "2023-11-14T22:13:20.000000000Z"
    assert msgspec.json.decode((path / "engine.json").read_bytes()) == {
        "schema": 2,
        "id": "abcde",
        "mode": "sandbox",
        "created": "2023-11-14T22:13:20.000000000Z",
    }


def test_engine_id_is_five_characters_of_base_32() -> None:
    assert new_engine_id(lambda count: bytes([255, 32, 26, 31, 0][:count])) == "7a27a"


def test_folder_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "main"
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    take(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_missing_engine_is_not_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(StateFolderMissing, match="there is no engine 'main'"):
        take(tmp_path / "main", create=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "main").mkdir()
    with pytest.raises(StateFolderMissing):
        take(tmp_path / "main", create=False)
    assert list((tmp_path / "main").iterdir()) == []
    assert look(tmp_path / "main") is None


def test_folder_of_another_mode_is_refused(tmp_path: Path) -> None:
    take(tmp_path / "main").close()
    with pytest.raises(StateFolderRefused, match="engine 'main' is sandbox, not live"):
        take(tmp_path / "main", "live")
    take(tmp_path / "main").close()


def test_newer_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "main"
    take(path).close()
    (path / "lock").unlink()
    data = b'{"schema":3,"id":"abcde","soul":"sandbox"}'
    (path / "engine.json").write_bytes(data)
    for opening in (lambda: take(path), lambda: look(path)):
        with pytest.raises(StateFolderRefused, match="has schema 3, this program knows at most 2"):
            opening()
    assert [(file.name, file.read_bytes()) for file in path.iterdir()] == [("engine.json", data)]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"schema":1,"id":"abcde","mode":"dream","created":""}']
)
def test_damaged_engine_file_is_refused_not_replaced(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "main"
    take(path).close()
    (path / "engine.json").write_bytes(data)
    with pytest.raises(StateFolderRefused, match="is damaged"):
        take(path)
    assert (path / "engine.json").read_bytes() == data


def test_journal_without_an_engine_file_gets_no_new_id(tmp_path: Path) -> None:
    path = tmp_path / "main"
    path.mkdir()
    (path / "journal.db").touch()
    with pytest.raises(StateFolderRefused, match=r"a journal but no engine\.json"):
        take(path)


def test_second_process_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "main"
    code = """
        import pathlib, sys
        from tradebot.engine.state_folder import StateFolder
        folder = StateFolder.open(pathlib.Path(sys.argv[1]), mode="sandbox", create=True, entropy=bytes, now=lambda: 0)
        print("held", flush=True)
        sys.stdin.read()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(
        EngineAlreadyRunning, match=f"engine 'main' is already running as process {child.pid}"
    ) as caught:
        take(path)
    assert caught.value.pid == child.pid
    facts = look(path)
    assert facts is not None
    assert (facts.running, facts.pid, facts.last_exit) == (True, child.pid, None)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    facts = look(path)
    assert facts is not None
    assert (facts.running, facts.pid, facts.last_exit) == (False, None, None)
    take(path).close()


def test_folder_is_held_once_even_within_a_process(tmp_path: Path) -> None:
    first = take(tmp_path / "main")
    with pytest.raises(EngineAlreadyRunning) as caught:
        take(tmp_path / "main")
    assert caught.value.pid == os.getpid()
    first.close()
    first.close()
    take(tmp_path / "main").close()


def test_exit_note_stands_until_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "main"
    note = ExitNote(when=5, code=1, reason="journal cannot be written")
    with take(path) as folder:
        folder.note_exit(note)
    facts = look(path)
    assert facts is not None
    assert (facts.running, facts.last_exit, facts.last_written) == (False, note, None)
    folder = take(path)
    folder.journal.touch()
    folder.close()
    facts = look(path)
    assert facts is not None
    assert facts.last_exit is None
    assert facts.last_written == folder.journal.stat().st_mtime_ns


def test_socket_path_over_the_limit_names_it_and_the_remedy(tmp_path: Path) -> None:
    short = Path("/") / ("e" * 86)
    assert len(str(control_socket(short))) == 100
    with pytest.raises(SocketPathTooLong, match=r"at most 100 bytes, has 101: set TRADEBOT_HOME"):
        control_socket(Path("/") / ("e" * 87))
    with pytest.raises(SocketPathTooLong, match="has 102"):
        control_socket(Path("/") / ("é" * 44))
    with take(tmp_path / "m") as folder:
        assert folder.path == tmp_path / "m"


def test_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "note"
    write_atomically(path, b"old")
    (tmp_path / "note.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    (tmp_path / "note.new").rmdir()
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["note"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "main"
    path.mkdir()
    os.chown(path, 12345, 12345)
    with pytest.raises(StateFolderRefused, match="belongs to user 12345"):
        take(path)
