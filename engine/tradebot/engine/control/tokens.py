"""Tokens of the control API: made, listed, removed, and recognised; at rest only their hash."""

import fcntl
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tradebot.engine.control.rights import Caller, TokenKind
from tradebot.engine.journal.export import iso

TOKENS_FILE = "tokens.json"
"""In the state folder, mode 0600."""

TOKEN_PREFIX = "tbt_"  # noqa: S105  (not a secret: it lets a scanner know one)
"""How a token begins."""

SECRET_BYTES = 32
"""Of randomness in a token and in a file's key."""

TOKENS_MAX = 64
"""Most tokens of one engine."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class TokenError(Exception):
    """A token cannot be made or removed, or the file cannot be used; one line with the remedy.

    TokenError
      TokenRefused    what was asked for is no token
    """


class TokenRefused(TokenError):  # noqa: N818  (an answer to a wrong word)
    """What was asked for is no token."""

    exit_code = 2


class StoredToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a token."""

    name: str
    kind: TokenKind
    digest: str
    """Keyed BLAKE2b of the token, hex. A token is 256 random bits: no slow hash is needed."""
    created: int
    """ns UTC."""
    expires: int | None
    """ns UTC; None: never."""


class TokenFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tokens.json`."""

    key: str
    """Of the hash, hex; each engine has its own."""
    tokens: tuple[StoredToken, ...] = ()
    schema: int = 1


def add_token(
    folder: Path,
    name: str,
    kind: TokenKind,
    *,
    expires: int | None,
    now: int,
    entropy: Callable[[int], bytes],
) -> str:
    """Make a token and return its text, which is kept nowhere.

    Args:
        folder: The engine's state folder; made 0700 if it is not there.
        name: What it is called in lists and logs.
        kind: What it may do.
        expires: When it stops being one, ns UTC; None: never.
        now: System clock, ns UTC.
        entropy: Returns that many random bytes, e.g. `secrets.token_bytes`.

    Raises:
        TokenRefused: If the name is no name, or it expires in the past.
        TokenError: If the name is taken or there are too many.
    """
    if not _NAME.fullmatch(name):
        raise TokenRefused(
            "a token's name must be 1 to 32 of a-z 0-9 . _ - and begin with a-z or 0-9, "
            f"was {name!r}"
        )
    if expires is not None and expires <= now:
        raise TokenRefused(f"a token must expire after now ({iso(now)}), was {iso(expires)}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _held(folder):
        file = read_tokens(folder) or TokenFile(key=entropy(SECRET_BYTES).hex())
        if any(token.name == name for token in file.tokens):
            raise TokenError(
                f"there is a token {name!r} already; choose another name or remove it first"
            )
        if len(file.tokens) >= TOKENS_MAX:
            raise TokenError(f"an engine has at most {TOKENS_MAX} tokens; remove one first")
        text = TOKEN_PREFIX + entropy(SECRET_BYTES).hex()
        token = StoredToken(
            name=name, kind=kind, digest=digest(file.key, text), created=now, expires=expires
        )
        _write(folder, msgspec.structs.replace(file, tokens=(*file.tokens, token)))
    return text


def remove_token(folder: Path, name: str) -> None:
    """Forget a token; a running engine refuses it from its next request on.

    Raises:
        TokenError: If there is none of that name.
    """
    known = ()
    if folder.is_dir():
        with _held(folder):
            file = read_tokens(folder)
            known = () if file is None else file.tokens
            kept = tuple(token for token in known if token.name != name)
            if file is not None and len(kept) < len(known):
                _write(folder, msgspec.structs.replace(file, tokens=kept))
                return
    names = ", ".join(token.name for token in known) or "none"
    raise TokenError(f"there is no token {name!r}; there is {names}")


def read_tokens(folder: Path) -> TokenFile | None:
    """Return a folder's tokens; None where none was ever made.

    Raises:
        TokenError: If others could have read or written the file, or it is damaged.
    """
    path = folder / TOKENS_FILE
    try:
        facts = path.stat()
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenError(f"{path} cannot be read: {error.strerror}") from error
    if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        raise TokenError(
            f"{path} must be yours and 0600, was {stat.filemode(facts.st_mode)}; "
            f"run chmod 600 {path}, and make its tokens anew if others could read it"
        )
    try:
        file = msgspec.json.decode(data, type=TokenFile)
        bytes.fromhex(file.key)
    except (msgspec.DecodeError, ValueError) as error:
        raise TokenError(f"{path} is damaged ({error}); delete it and make new tokens") from error
    return file


def digest(key: str, token: str) -> str:
    """Return the keyed BLAKE2b of a token, hex.

    Args:
        key: Of the file, hex.
        token: As a client sends it.
    """
    data = token.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(data, key=bytes.fromhex(key), digest_size=32).hexdigest()


def recognise(file: TokenFile, token: str, now: int) -> Caller | None:
    """Return whose token it is; None if nobody's, or it has expired.

    All tokens are compared, each in constant time: how long it takes tells nothing.

    Args:
        file: The engine's tokens.
        token: As the client sent it.
        now: System clock, ns UTC.
    """
    given = digest(file.key, token)
    found: StoredToken | None = None
    for stored in file.tokens:
        if hmac.compare_digest(stored.digest, given):
            found = stored
    if found is None or (found.expires is not None and found.expires <= now):
        return None
    return Caller(found.name, found.kind, found.created)


class TokenStore:
    """A running engine's view of its tokens: what the command changes counts from the next request.

    Args:
        folder: The engine's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[int, int, int] | None = None
        self._file: TokenFile | None = None

    def recognise(self, token: str, now: int) -> Caller | None:
        """Return whose token it is; None if nobody's, or it has expired.

        Raises:
            TokenError: If the file cannot be trusted.
        """
        file = self._newest()
        return None if file is None else recognise(file, token, now)

    def known(self, caller: Caller, now: int) -> bool:
        """Return whether a caller's token is still one: what a stream asks while it is open.

        Raises:
            TokenError: If the file cannot be trusted.
        """
        file = self._newest()
        return file is not None and any(
            Caller(token.name, token.kind, token.created) == caller
            and (token.expires is None or token.expires > now)
            for token in file.tokens
        )

    def names(self) -> list[str]:
        """Return the names of all tokens.

        Raises:
            TokenError: If the file cannot be trusted.
        """
        file = self._newest()
        return [] if file is None else [token.name for token in file.tokens]

    def _newest(self) -> TokenFile | None:
        try:
            facts = (self._folder / TOKENS_FILE).stat()
        except FileNotFoundError:
            self._seen, self._file = None, None
            return None
        seen = (facts.st_ino, facts.st_mtime_ns, facts.st_mode)
        if seen != self._seen:
            self._file = read_tokens(self._folder)
            self._seen = seen
        return self._file


@contextmanager
def _held(folder: Path) -> Generator[None]:
    """Keep other commands from changing the file meanwhile."""
    lock = os.open(folder / f"{TOKENS_FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(folder: Path, file: TokenFile) -> None:
    """Replace the file whole: a reader, or a crash, sees the old one or the new one."""
    path = folder / TOKENS_FILE
    fresh = folder / f"{TOKENS_FILE}.new"
    fresh.unlink(missing_ok=True)
    opened = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as stream:
        stream.write(msgspec.json.encode(file) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
