"""A log file that never grows past its bound: the newest lines in NAME, older ones in NAME.1, NAME.2, ..."""

import os
from pathlib import Path

FILE_BYTES_MAX = 4_000_000
"""Largest log file; a new one is begun before a line that would not fit."""

FILES_MAX = 5
"""Log files kept, the newest included: 20 MB in all."""


class RotatingFile:
    """Appends lines; only its owner may read the file."""

    def __init__(
        self, path: Path, *, bytes_max: int = FILE_BYTES_MAX, files_max: int = FILES_MAX
    ) -> None:
        """Open a file for appending.

        Raises:
            OSError: If it cannot be opened.
        """
        self.path = path
        self._bytes_max = bytes_max
        self._files_max = files_max
        self._file, self._size = self._open()

    def write(self, line: bytes) -> None:
        """Append a line that ends with a newline.

        Raises:
            OSError: If it cannot be written.
        """
        if self._size and self._size + len(line) > self._bytes_max:
            self._rotate()
        self._size += os.write(self._file, line)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def _open(self) -> tuple[int, int]:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return file, os.fstat(file).st_size

    def _rotate(self) -> None:
        os.close(self._file)
        for number in range(self._files_max - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = (
                self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            )
            if newer.exists():
                newer.replace(older)
        if self._files_max == 1:
            self.path.unlink()
        self._file, self._size = self._open()
