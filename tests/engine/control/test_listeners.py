"""Sockets: who may open them, what is refused, and the token of TCP."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest
from tests.engine.control.doors import HandClock, bearer
from tests.engine.control.scripted import ScriptedEngine

from tradebot.engine.control.client import (
    ControlClient,
    EngineAddress,
    EngineRefused,
    NobodyAnswers,
)
from tradebot.engine.control.listeners import (
    ListenError,
    bind,
    bind_http,
    bind_unix,
    parse_listen,
    release,
)
from tradebot.engine.control.server import serving
from tradebot.engine.control.tokens import TokenStore


def test_a_unix_socket_is_for_its_owner_alone(folder: Path) -> None:
    path = folder / "engines" / "main" / "control.sock"
    listener = bind_unix(path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert listener.url == f"unix://{path}"
    release(listener)
    assert not path.exists()


def test_a_dead_engines_socket_is_replaced(folder: Path) -> None:
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    release(bind_unix(path))


def test_a_folder_open_to_others_is_refused_with_the_remedy(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(ListenError, match=r"must be yours and 0700, was drwxr-xr-x.*run chmod 700"):
        bind_unix(folder / "control.sock")


def test_a_file_in_the_way_is_never_removed(folder: Path) -> None:
    path = folder / "control.sock"
    path.write_text("precious")
    with pytest.raises(ListenError, match="cannot bind"):
        bind_unix(path)
    assert path.read_text() == "precious"


def test_a_path_over_a_hundred_bytes_names_the_limit(folder: Path) -> None:
    with pytest.raises(ListenError, match="at most 100 bytes, was"):
        bind_unix(folder / ("x" * 100))


@pytest.mark.parametrize(
    "text",
    [
        "tcp://127.0.0.1:1",
        "unix://relative",
        "unix:relative",
        "http://0.0.0.0:80",
        "http://example.org:80",
        "http://127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:80/path",
        "https://127.0.0.1:80",
        "",
    ],
)
def test_an_address_that_is_not_ours_alone_is_refused(text: str) -> None:
    with pytest.raises(ListenError, match=r"was|port"):
        parse_listen(text)


def test_addresses_are_read_as_the_command_line_writes_them() -> None:
    assert parse_listen("unix:///tmp/x.sock").path == Path("/tmp/x.sock")  # noqa: S108  (only read)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert parse_listen(f"http://{host}:8080").port == 8080
    listener = bind(parse_listen("http://127.0.0.1:0"))
    assert listener.url.startswith("http://127.0.0.1:")
    with pytest.raises(ListenError, match="choose another port"):
        bind(parse_listen(listener.url))
    release(listener)


def test_the_client_says_who_does_not_answer(folder: Path) -> None:
    address = EngineAddress(label="engine 'main'", socket=folder / "none.sock")
    with pytest.raises(
        NobodyAnswers, match=r"engine 'main' does not answer at .*none\.sock; start"
    ):
        ControlClient(address).__enter__()


async def test_the_client_without_a_token_is_refused_with_exit_code_three(folder: Path) -> None:
    listener = bind_http("127.0.0.1", 0)
    token = bearer(folder, "read-only")["authorization"].removeprefix("Bearer ")

    def ask(token: str | None) -> str:
        with ControlClient(EngineAddress(label="e", url=listener.url, token=token)) as client:
            return client.hello().name

    store = TokenStore(folder)
    async with serving(ScriptedEngine(), [listener], clock=HandClock(), tokens=store):
        assert await asyncio.to_thread(ask, token) == "main"
        with pytest.raises(EngineRefused, match=r"tradebot token add NAME") as refusal:
            await asyncio.to_thread(ask, None)
        assert refusal.value.exit_code == 3


def test_a_group_may_be_let_into_a_socket_in_a_folder_of_its_own(folder: Path) -> None:
    import grp

    group = grp.getgrgid(folder.stat().st_gid).gr_name
    folder.chmod(0o750)
    with pytest.raises(ListenError, match="must be yours and 0700"):
        bind_unix(folder / "control.sock")
    address = parse_listen(f"unix://{folder}/control.sock?group={group}")
    listener = bind(address)
    try:
        assert (folder / "control.sock").stat().st_mode & 0o777 == 0o660
    finally:
        release(listener)
    folder.chmod(0o755)
    with pytest.raises(ListenError, match="must be yours and 0700"):
        bind(address)


@pytest.mark.parametrize("query", ["?group=", "?mode=666", "?group=no-such-group-here"])
def test_a_socket_for_anybody_else_is_refused(folder: Path, query: str) -> None:
    with pytest.raises(ListenError, match="group"):
        bind(parse_listen(f"unix://{folder}/control.sock{query}"))
