"""`tradebot book verify` as a person or a script calls it."""

import json
from pathlib import Path

import pytest

from tradebot.engine.cli.dispatch import run_command

DIFF = '{{"e":"depthUpdate","E":1,"s":"AB","U":{0},"u":{0},"b":[["1.5","{1}"]],"a":[["1.6","2"]]}}'
TICKER = '{{"u":{0},"s":"AB","b":"1.5","B":"{1}","a":"1.6","A":"2"}}'


def recording(folder: Path, *, wrong: bool = False) -> str:
    path = folder / "a.txt"
    lines: list[str] = []
    for number in range(1, 5):
        lines.append(f"{number * 10} {TICKER.format(number, number)}")
        size = number + 1 if wrong and number == 3 else number
        lines.append(f"{number * 10 + 1} {DIFF.format(number, size)}")
    path.write_text("\n".join(lines))
    return str(path)


def test_book_verify_prints_counts_and_exits_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["book", "verify", "binance-raw", recording(tmp_path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["compared", "4"]
    assert out[1].split() == ["equal", "4"]


def test_book_verify_json_has_the_fields_that_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path, wrong=True)
    assert run_command(["book", "verify", "binance-raw", path, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    fields = "compared equal differences from_truth gaps stale crossed malformed messages seconds"
    assert set(fields.split()) <= set(report)
    assert (report["compared"], report["equal"], len(report["differences"])) == (4, 3, 1)
    assert report["differences"][0]["line"] == 6
    assert report["differences"][0]["expected"] == "1.5 x 3"


def test_book_verify_plain_is_tabs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path, wrong=True)
    assert run_command(["book", "verify", "binance-raw", path, "--plain"]) == 1
    out = capsys.readouterr().out
    assert "compared\t4\n" in out
    assert "difference a.txt:6 AB best bid: expected 1.5 x 3, got 1.5 x 4" in out


def test_book_verify_of_nothing_comparable_fails_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "junk"
    path.write_bytes(b"\xff\x00\n" * 5)
    assert run_command(["book", "verify", "binance-raw", str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["malformed"] == 5
    assert "nothing could be compared" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nope", "FILE"], "format must be one of binance-raw, cryptofeed, lobster, was 'nope'"),
        (["binance-raw", "/nowhere"], "/nowhere must be a file that exists"),
        (["lobster", "FILE"], "lobster needs its 2 files"),
        (["cryptofeed", "FILE"], "say --exchange"),
        (["binance-raw", "FILE", "--json", "--plain"], "choose one of --json and --plain"),
        (["binance-raw"], "Missing argument"),
        (["binance-raw", "FILE", "--levels", "0"], "levels"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    words: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path)
    arguments = [path if word == "FILE" else word for word in words]
    assert run_command(["book", "verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert text in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
