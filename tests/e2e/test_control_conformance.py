"""The control API of a real engine: schemathesis, nonsense on its sockets, and tokens by the command line."""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest
from tests.e2e.engine_process import EngineProcess, Home, running, short_home
from tests.e2e.test_control_streams import free_port
from tests.engine.control.conformance import schemathesis
from tests.engine.control.fuzzing import fuzz, over_tcp, over_unix

pytestmark = pytest.mark.e2e

STOP = "/v1/stop"
"""Left alone: it ends the engine, and with it the test."""


class Door:
    """A running engine with an http address and a full token."""

    def __init__(self, home: Home, engine: EngineProcess, port: int, authorization: str) -> None:
        self.home, self.engine, self.port = home, engine, port
        self.authorization = authorization
        self.url = f"http://127.0.0.1:{port}"

    def speak_nonsense(self, seed: int) -> set[int]:
        """Return the statuses of a run on each address; the engine answers afterwards."""
        socket = self.home.engine() / "control.sock"
        near = fuzz(over_unix(socket), seed=seed, without=(STOP,))
        far = fuzz(
            over_tcp(self.port),
            seed=seed + 1,
            authorization=self.authorization,
            without=(STOP,),
        )
        with self.engine.client() as client:
            assert client.hello().pid == self.engine.pid
        return {*near.statuses, *far.statuses}


@contextmanager
def a_door() -> Generator[Door]:
    port = free_port()
    with short_home() as home:
        token = home.run("token", "add", "tester", "--kind", "full").stdout.strip()
        with running(home, "--listen", f"http://127.0.0.1:{port}") as engine:
            yield Door(home, engine, port, f"Bearer {token}")


def test_a_real_engine_refuses_nonsense_keeps_to_its_document_and_logs_no_failure() -> None:
    with a_door() as door:
        statuses = door.speak_nonsense(seed=7)
        assert {200, 400, 404} <= statuses
        ran = schemathesis(door.url, door.authorization, rate="60/s", without=(STOP,))
        assert ran.code == 0, ran.report
        with httpx.Client(base_url=door.url, headers={"authorization": door.authorization}) as tcp:
            assert tcp.post("/v1/resume", json={"reason": "tested"}).status_code < 500
            assert tcp.get("/v1/status").status_code == 200
        assert "control request failed" not in door.engine.log
        assert "Traceback" not in door.engine.log


def test_a_running_engine_says_where_its_tokens_come_from_and_forgets_a_removed_one() -> None:
    port = free_port()
    with short_home() as home, running(home, "--listen", f"http://127.0.0.1:{port}") as engine:
        assert "tradebot token add NAME --kind" in engine.log
        made = home.run("token", "add", "phone", "--kind", "read-only")
        headers = {"authorization": f"Bearer {made.stdout.strip()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            assert client.get("/v1/hello").status_code == 200
            assert client.post("/v1/kill").json()["exit_code"] == 3
            assert home.run("token", "remove", "phone").returncode == 0
            assert client.get("/v1/hello").status_code == 401
