"""The sockets an engine listens on: bound by us and closed to everybody else."""

import os
import socket
import stat
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

UNIX_PATH_BYTES_MAX = 100
"""Longest path of a unix socket we bind (Linux allows 107 bytes, macOS 103)."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ListenError(Exception):
    """An address cannot be listened on; the text names value, bound and remedy."""


class ListenAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen: `unix:///PATH`, `unix:///PATH?group=NAME` or `http://127.0.0.1:PORT`."""

    kind: Literal["unix", "http"]
    path: Path | None = None
    """Of a unix socket."""
    group: str | None = None
    """Whose members may open the unix socket too; None: its owner alone."""
    host: str = ""
    port: int = 0
    """0: any free port."""


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A bound socket: on a unix one its folder's permissions are the lock, on TCP a token is."""

    sock: socket.socket
    path: Path | None = None
    """Of a unix socket, to be removed afterwards; None: TCP."""

    @property
    def port(self) -> int | None:
        """Return the TCP port; None of a unix socket."""
        return None if self.path is not None else int(self.sock.getsockname()[1])

    @property
    def url(self) -> str:
        """Return the address as a client writes it."""
        if self.path is not None:
            return f"unix://{self.path}"
        host, port = self.sock.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def parse_listen(text: str) -> ListenAddress:
    """Return an address of `--listen`.

    Raises:
        ListenError: If it is neither an absolute unix path nor a loopback http address.
    """
    parts = urlsplit(text)
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return ListenAddress(kind="unix", path=Path(parts.path), group=_group(text, parts.query))
    if parts.scheme == "http" and parts.path in {"", "/"}:
        try:
            port = parts.port
        except ValueError as error:
            raise ListenError(f"port must be in [0, 65535], was {text!r}") from error
        if parts.hostname in _LOOPBACK and port is not None:
            return ListenAddress(kind="http", host=parts.hostname or "", port=port)
        raise ListenError(
            f"http listens on loopback only, was {text!r}; "
            "use http://127.0.0.1:PORT and an ssh tunnel"
        )
    raise ListenError(f"listen address must be unix:///PATH or http://127.0.0.1:PORT, was {text!r}")


def _group(text: str, query: str) -> str | None:
    if not query:
        return None
    name = query.removeprefix("group=")
    if name == query or not name:
        raise ListenError(f"a unix socket knows ?group=NAME only, was {text!r}")
    return name


def bind(address: ListenAddress) -> Listener:
    """Bind an address.

    Raises:
        ListenError: If the address cannot be bound.
    """
    if address.path is not None:
        return bind_unix(address.path, address.group)
    return bind_http(address.host, address.port)


def bind_unix(path: Path, group: str | None = None) -> Listener:
    """Bind a unix socket that only this user, or one group with all its rights, can open.

    The folder is made 0700 or must be so (0750 where it belongs to the group); the socket is made under umask 077
    (uvicorn itself would make it 0666). A socket left by a dead engine is replaced: the caller holds the engine's lock,
    so nobody lives behind it.

    Raises:
        ListenError: If the path is too long, its folder is open to others, or binding fails.
    """
    length = len(os.fsencode(path))
    if length > UNIX_PATH_BYTES_MAX:
        raise ListenError(
            f"socket path must be at most {UNIX_PATH_BYTES_MAX} bytes, was {length}: {path}; "
            "set a shorter TRADEBOT_HOME or use --listen unix:///SHORT/PATH"
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.parent.stat()
    gid = None if group is None else _gid(group)
    shared = 0o027 if gid is not None and info.st_gid == gid else 0o077
    if info.st_uid != os.getuid() or info.st_mode & shared:
        raise ListenError(
            f"folder of the socket must be yours and 0700, was {stat.filemode(info.st_mode)}: "
            f"{path.parent}; run chmod 700 {path.parent}"
        )
    if path.is_socket():
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask_before = os.umask(0o077)
    try:
        sock.bind(os.fspath(path))
        if gid is not None:
            os.chown(path, -1, gid)
            path.chmod(0o660)
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot bind {path}: {error.strerror}") from error
    finally:
        os.umask(umask_before)
    return Listener(sock=sock, path=path)


def _gid(group: str) -> int:
    import grp

    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise ListenError(
            f"there is no group {group!r}; make it: groupadd --system {group}"
        ) from error


def bind_http(host: str, port: int) -> Listener:
    """Bind a loopback TCP address; who comes in there needs a token.

    Raises:
        ListenError: If the address is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen()  # only now an address that is taken is refused
    except OSError as error:
        sock.close()
        raise ListenError(
            f"cannot bind {host}:{port}: {error.strerror}; choose another port"
        ) from error
    return Listener(sock=sock)


def release(listener: Listener) -> None:
    """Close a listener and remove its socket's name."""
    listener.sock.close()
    if listener.path is not None:
        listener.path.unlink(missing_ok=True)
