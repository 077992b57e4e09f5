"""A log file that never grows past its bound."""

from pathlib import Path

from tradebot.engine.observability.rotation import RotatingFile


def test_a_log_never_takes_more_than_its_files_and_keeps_the_newest(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "engine.log", bytes_max=100, files_max=3)
    lines = [f"line {number:04}\n".encode() for number in range(100)]
    for line in lines:
        log.write(line)
    log.close()
    names = ["engine.log.2", "engine.log.1", "engine.log"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    kept = b"".join((tmp_path / name).read_bytes() for name in names)
    assert b"".join(lines).endswith(kept)
    assert len(kept) > 200
    assert all((tmp_path / name).stat().st_size <= 100 for name in names)


def test_a_log_goes_on_where_the_last_run_ended(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        log = RotatingFile(tmp_path / "engine.log")
        log.write(word)
        log.close()
    assert (tmp_path / "engine.log").read_bytes() == b"one\ntwo\n"


def test_only_its_owner_may_read_a_log(tmp_path: Path) -> None:
    RotatingFile(tmp_path / "engine.log").close()
    assert (tmp_path / "engine.log").stat().st_mode & 0o777 == 0o600


def test_a_line_longer_than_a_file_is_still_written(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "engine.log", bytes_max=10, files_max=2)
    log.write(b"x" * 50 + b"\n")
    log.write(b"y\n")
    log.close()
    assert (tmp_path / "engine.log").read_bytes() == b"y\n"
    assert len((tmp_path / "engine.log.1").read_bytes()) == 51
