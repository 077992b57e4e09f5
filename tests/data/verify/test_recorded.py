"""Verification of real recordings: the figures they must give, and what shows when one is tampered with."""

import gzip
import json
import random
from pathlib import Path

import pytest

from tradebot.data.verify import BookVerification, verify_book

pytestmark = pytest.mark.recorded

SPOT = "binance_raw/spot_btcusdt_20240808.gz"
USD_M = "binance_raw/usdm_btcusdt_20240808.gz"
COIN_M = "binance_raw/cm_btcusd_perp_20240809.gz"
KRAKEN = "cryptofeed/KRAKEN.ws.50.0"


def lines_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).splitlines(
        keepends=True
    )


def verify_lines(tmp_path: Path, lines: list[bytes], name: str = "a.txt") -> BookVerification:
    path = tmp_path / name
    path.write_bytes(b"".join(lines))
    return verify_book("cryptofeed" if "KRAKEN" in name else "binance-raw", [path])


@pytest.mark.parametrize(("name", "least"), [(SPOT, 3_440), (USD_M, 6_540)])
def test_binance_recording_equals_its_tickers(recorded: Path, name: str, least: int) -> None:
    report = verify_book("binance-raw", [recorded / name])
    assert report.equal == report.compared >= least
    assert (report.gaps, report.crossed, report.malformed) == (0, 0, 0)


def test_coin_m_recording_differs_only_before_its_400th_comparison(
    recorded: Path, tmp_path: Path
) -> None:
    report = verify_book("binance-raw", [recorded / COIN_M])
    assert report.equal >= 17_900
    lines = lines_of(recorded / COIN_M)
    depth = [n for n, line in enumerate(lines, 1) if b"@depth" in line]
    assert report.compared - report.equal > len(report.differences) == 20
    assert report.differences[-1].comparison < 400
    head = verify_lines(tmp_path, [line for n, line in enumerate(lines) if n < depth[399]])
    assert head.compared - head.equal == report.compared - report.equal


def test_cryptofeed_binance_finds_the_snapshots_beside_it(recorded: Path) -> None:
    report = verify_book("cryptofeed", [recorded / "cryptofeed/BINANCE.ws.1.0"])
    assert report.equal == report.compared >= 150
    assert any(".http." in file for file in report.files)


def test_exchanged_lines_of_two_symbols_lower_equal_and_name_the_line(
    recorded: Path, tmp_path: Path
) -> None:
    for beside in (recorded / "cryptofeed").glob("BINANCE.http.*"):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    lines = lines_of(recorded / "cryptofeed/BINANCE.ws.1.0")
    depth = [n for n, line in enumerate(lines) if b"depthUpdate" in line]
    one, other = depth[50:52]
    symbols = [json.loads(lines[n].split(b": ", 1)[1])["data"]["s"] for n in (one, other)]
    assert symbols[0] != symbols[1]
    lines[one], lines[other] = lines[other], lines[one]
    copy = tmp_path / "BINANCE.ws.1.0"
    copy.write_bytes(b"".join(lines))
    report = verify_book("cryptofeed", [copy])
    assert report.compared - report.equal == 1
    assert (report.differences[0].line, report.differences[0].what) == (other + 1, "receive time")


def test_kraken_checksums_all_agree(recorded: Path) -> None:
    report = verify_book("cryptofeed", [recorded / KRAKEN])
    assert report.equal == report.compared == 4_269


@pytest.mark.parametrize(
    ("folder", "least"), [("lobster_AMZN_1", 57_514), ("lobster_AAPL_10", 998)]
)
def test_lobster_rows_all_follow(recorded: Path, folder: str, least: int) -> None:
    files = sorted((recorded / folder).glob("*.csv"))
    report = verify_book("lobster", files)
    assert report.equal == report.compared == least
    assert report.from_truth > 0
    assert verify_book("lobster", files[::-1]).equal == least


@pytest.mark.parametrize("name", [SPOT, USD_M, COIN_M])
def test_removed_diff_is_one_gap(recorded: Path, tmp_path: Path, name: str) -> None:
    lines = lines_of(recorded / name)
    depth = [n for n, line in enumerate(lines) if b"@depth" in line]
    at = depth[len(depth) // 2]
    report = verify_lines(tmp_path, lines[:at] + lines[at + 1 :])
    assert report.gaps == 1
    assert report.gap_lines[0].line == depth[len(depth) // 2 + 1]
    assert report.compared > len(depth) - 10


@pytest.mark.parametrize(
    ("name", "seed", "equal"),
    [(SPOT, 0, 3_449), (SPOT, 1, 3_449), (USD_M, 0, 6_547), (COIN_M, 0, 17_926)],
)
def test_exchanged_diffs_lower_equal_and_name_the_line(
    recorded: Path, tmp_path: Path, name: str, seed: int, equal: int
) -> None:
    lines = lines_of(recorded / name)
    depth = [n for n, line in enumerate(lines) if b"@depth" in line]
    index = random.Random(seed).randrange(1_000, len(depth) - 1)  # noqa: S311 which line to try
    one, other = depth[index : index + 2]
    lines[one], lines[other] = lines[other], lines[one]
    report = verify_lines(tmp_path, lines)
    assert report.equal < equal
    assert (report.gaps, report.gap_lines[0].line) == (1, one + 1)
    if name != COIN_M:  # its first comparisons differ anyway: no snapshot
        assert report.differences[0].line == one + 1


@pytest.mark.parametrize("name", [SPOT, USD_M])
def test_changed_quantity_at_the_touch_names_the_line(
    recorded: Path, tmp_path: Path, name: str
) -> None:
    lines = lines_of(recorded / name)
    ticker: dict[str, str] = {}
    for index, line in enumerate(lines):
        data = json.loads(line.split(b" ", 1)[1]).get("data", {})
        if b"@bookTicker" in line:
            ticker = data
        elif b"@depth" in line and index > 3_000:
            touched = f'["{ticker["b"]}","{ticker["B"]}"]'.encode()
            if touched in line:
                lines[index] = line.replace(touched, f'["{ticker["b"]}","9{ticker["B"]}"]'.encode())
                report = verify_lines(tmp_path, lines)
                assert report.equal < report.compared
                assert report.differences[0].line == index + 1
                return
    pytest.fail("no diff sets the touch")


def test_kraken_changed_top_level_names_the_line(recorded: Path, tmp_path: Path) -> None:
    lines = lines_of(recorded / KRAKEN)
    index = next(n for n, line in enumerate(lines) if b'"as":' in line)
    lines[index] = lines[index].replace(b'"as":[["', b'"as":[["1', 1)
    report = verify_lines(tmp_path, lines, "KRAKEN.ws.1")
    assert report.equal < report.compared
    assert report.gaps >= 1


def test_truncated_recording_compares_what_is_there(recorded: Path, tmp_path: Path) -> None:
    content = (recorded / SPOT).read_bytes()
    path = tmp_path / "half.gz"
    path.write_bytes(content[: len(content) // 2])
    report = verify_book("binance-raw", [path])
    assert report.equal == report.compared > 1_000
    assert report.malformed == 1
