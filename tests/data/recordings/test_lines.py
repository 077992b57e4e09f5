"""Lines of damaged and odd files."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.data.recordings import lines as lines_module
from tradebot.data.recordings.lines import Line, read_lines
from tradebot.data.recordings.problems import PLACES_MAX, Problems, Tally


def read(path: Path) -> tuple[list[tuple[int, bytes]], Problems]:
    problems = Problems()
    found = [(line.number, line.content) for line in read_lines(path, problems)]
    return found, problems


def test_blank_lines_count_for_numbers_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\r\n  two \nthree")
    found, problems = read(path)
    assert found == [(1, b"one"), (3, b"two"), (4, b"three")]
    assert problems.messages == 3
    assert problems.malformed.count == 0


def test_gzip_is_told_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    packed, plain = tmp_path / "a.txt", tmp_path / "b.gz"
    packed.write_bytes(gzip.compress(b"one\ntwo\n"))
    plain.write_bytes(b"one\ntwo\n")
    assert read(packed)[0] == read(plain)[0] == [(1, b"one"), (2, b"two")]


def test_truncated_gzip_keeps_whole_lines_and_counts_one_damage(tmp_path: Path) -> None:
    content = b"".join(b"line %d %d\n" % (each, each * 7919 % 1000) for each in range(5000))
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(content)[:-4000])
    found, problems = read(path)
    assert content.startswith(b"\n".join(line for _, line in found))
    assert len(found) > 100
    assert problems.malformed.count == 1
    assert problems.malformed.first[0].line == found[-1][0] + 1
    assert "damaged" in problems.malformed.first[0].text


def test_gzip_of_junk_is_one_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"\x1f\x8b\x08" + bytes(range(200)))
    found, problems = read(path)
    assert found == []
    assert problems.malformed.count == 1


def test_line_above_the_bound_is_counted_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "LINE_BYTES_MAX", 50)
    monkeypatch.setattr(lines_module, "_CHUNK_BYTES", 16)
    path = tmp_path / "a"
    path.write_bytes(b"short\n" + b"x" * 200 + b"\nafter\n" + b"y" * 60)
    found, problems = read(path)
    assert found == [(1, b"short"), (3, b"after")]
    assert [place.line for place in problems.malformed.first] == [2, 4]


@given(content=st.binary(max_size=300), chunk=st.integers(1, 40))
def test_lines_are_those_a_plain_split_gives(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, chunk: int
) -> None:
    content = content.removeprefix(b"\x1f\x8b")
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "_CHUNK_BYTES", chunk)
        found, _ = read(path)
    expected: list[tuple[int, bytes]] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        if text:
            expected.append((number, text))
    assert found == expected


def test_file_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_lines(tmp_path / "none", Problems()))


def test_tally_counts_on_but_keeps_only_the_first_places() -> None:
    tally = Tally()
    for line in range(1, 100):
        tally.add("a", line, "x" * 500)
    assert tally.count == 99
    assert [place.line for place in tally.first] == list(range(1, PLACES_MAX + 1))
    assert len(tally.first[0].text) == 160
    assert isinstance(Line("a", 1, b""), tuple)
