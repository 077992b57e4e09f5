"""Lines of a file, plain or gzip, bounded in length; damage is noted, never raised."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tradebot.data.recordings.problems import Problems

LINE_BYTES_MAX = 16 * 1024 * 1024
"""Longest line that is read; a book snapshot of 5000 levels has 0.3 MB."""

_CHUNK_BYTES = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line of a file."""

    file: str
    """The file's name, without its folder."""
    number: int
    """From 1; blank lines count."""
    content: bytes
    """Without surrounding white space; never empty."""


def read_lines(path: Path, problems: Problems) -> Iterator[Line]:
    """Yield the lines of a file that carry something.

    Gzip is told by its first bytes, not by the name. A stream that ends early or is damaged ends the
    file there and counts as one malformed line, and so does a line above LINE_BYTES_MAX.

    Args:
        path: The file.
        problems: Where messages and damage are counted.

    Raises:
        OSError: If the file cannot be opened or read.
    """
    number = 1
    begun: list[bytes] = []
    begun_bytes = 0
    damage = ""
    for chunk in _chunks(path):
        if isinstance(chunk, str):
            damage = chunk
            break
        first, *others = chunk.split(b"\n")
        begun.append(first)
        begun_bytes += len(first)
        for following in others:
            yield from _line(path.name, number, begun, begun_bytes, problems)
            number += 1
            begun, begun_bytes = [following], len(following)
        if begun_bytes > LINE_BYTES_MAX:
            begun = []  # too long already: only its length is still counted
    if damage:
        problems.messages += 1
        problems.malformed.add(path.name, number, damage)
    else:
        yield from _line(path.name, number, begun, begun_bytes, problems)


def _line(
    file: str, number: int, parts: list[bytes], size: int, problems: Problems
) -> Iterator[Line]:
    """Yield the line made of some parts, if it carries something and is not too long."""
    if size > LINE_BYTES_MAX:
        problems.messages += 1
        reason = f"line must be at most {LINE_BYTES_MAX} bytes, was {size}"
        problems.malformed.add(file, number, reason)
        return
    content = b"".join(parts)
    if number == 1:
        content = content.removeprefix(_BYTE_ORDER_MARK)
    content = content.strip()
    if content:
        problems.messages += 1
        yield Line(file, number, content)


def _chunks(path: Path) -> Iterator[bytes | str]:
    """Yield the file's unpacked bytes; a text last says how the stream is damaged."""
    with path.open("rb") as plain:
        packed = plain.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
        if not packed:
            while chunk := plain.read(_CHUNK_BYTES):
                yield chunk
            return
        with gzip.open(plain) as stream:
            try:
                # read1, since read would lose what it has when the stream breaks
                while chunk := stream.read1(_CHUNK_BYTES):
                    yield chunk
            except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
                yield f"gzip stream is damaged from here on: {damage}"
