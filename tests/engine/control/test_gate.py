"""The gate: who comes in, from which page, how often, how large; and what each token may do."""

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest
from httpx_sse import aconnect_sse
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import NOW, HandClock, bearer
from tests.engine.control.scripted import BTC, ScriptedEngine

from tradebot.engine.control.limits import Bucket, Limits, Rate
from tradebot.engine.control.messages_orders import Problem
from tradebot.engine.control.origin import foreign, own_hosts
from tradebot.engine.control.rights import RIGHTS, TokenKind
from tradebot.engine.control.routes import ROUTES
from tradebot.engine.control.table import Route
from tradebot.engine.control.tokens import TOKENS_FILE, remove_token

ORDER = {
    "request_id": "r-1",
    "instrument": BTC,
    "side": "sell",
    "quantity": "0.2",
    "limit_price": "59998.5",
}
BODIES: dict[str, object] = {
    "/v1/preview": ORDER,
    "/v1/orders": ORDER | {"reduce_only": True},
    "/v1/cancel": {},
    "/v1/flatten": {"instrument": BTC},
    "/v1/halt": {"reason": "r"},
    "/v1/resume": {"reason": "r"},
    "/v1/reconcile": {},
    "/v1/differences/answer": {"id": "a/cash/USD", "answer": "ignore", "reason": "r"},
    "/v1/sleeves/trend-btc/pause": {"reason": "r"},
    "/v1/sleeves/trend-btc/resume": {"reason": "r"},
}


def problem_of(response: httpx.Response) -> Problem:
    return msgspec.json.decode(response.content, type=Problem)


async def status_of(client: httpx.AsyncClient, route: Route, headers: dict[str, str]) -> int:
    """Call a row of the table as it wants to be called; of a stream only the head is read."""
    path = route.path.replace("{order_id}", "tba1b2c0001").replace("{name}", "trend-btc")
    body = BODIES.get(path) if route.method == "POST" else None
    async with client.stream(route.method, path, json=body, headers=headers) as response:
        return response.status_code


@pytest.mark.parametrize("kind", ["read-only", "reduce-only", "full"])
async def test_each_kind_of_token_may_do_its_rows_of_the_table_and_no_others(
    serve_tcp: Serve, folder: Path, kind: TokenKind
) -> None:
    headers = bearer(folder, kind)
    async with serve_tcp() as client:
        for route in ROUTES:
            status = await status_of(client, route, headers)
            assert (status != 403) == (route.right in RIGHTS[kind]), route.path
            assert status < 500, route.path


async def test_without_a_token_that_is_known_nothing_is_said(
    serve_tcp: Serve, folder: Path, engine: ScriptedEngine
) -> None:
    good = bearer(folder, "full")["authorization"]
    wrong = ("", "Bearer", "Bearer x", good[7:], f"Basic {good[7:]}", f"{good}x")
    async with serve_tcp(limits=Limits(stranger=Rate(1.0, 1e6))) as client:
        for route in ROUTES:
            for text in wrong:
                headers = {"authorization": text} if text else {}
                assert await status_of(client, route, headers) == 401, (route.path, text)
        refused = await client.get("/v1/nowhere")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert problem_of(refused).exit_code == 3
        assert (await client.get("/v1/hello", headers={"authorization": good})).status_code == 200
    assert engine.told == []


async def test_a_token_given_twice_is_none(serve_tcp: Serve, folder: Path) -> None:
    good = bearer(folder, "full")["authorization"]
    twice = [("authorization", good), ("authorization", good)]
    async with serve_tcp() as client:
        assert (await client.get("/v1/hello", headers=twice)).status_code == 401


async def test_a_reduce_only_token_sends_reducing_orders_alone(
    serve_tcp: Serve, folder: Path, engine: ScriptedEngine
) -> None:
    headers = bearer(folder, "reduce-only", "phone")
    async with serve_tcp() as client:
        refused = await client.post("/v1/orders", json=ORDER, headers=headers)
        assert refused.status_code == 403
        assert problem_of(refused) == Problem(
            code="forbidden",
            detail="token 'phone' is reduce-only: its orders must be reduce_only",
            exit_code=3,
        )
        assert engine.told == []
        order = ORDER | {"reduce_only": True}
        assert (await client.post("/v1/orders", json=order, headers=headers)).status_code == 200


async def test_a_file_of_tokens_others_could_read_opens_nothing(
    serve_tcp: Serve, folder: Path
) -> None:
    headers = bearer(folder, "full")
    async with serve_tcp() as client:
        (folder / TOKENS_FILE).chmod(0o644)
        refused = await client.get("/v1/hello", headers=headers)
        assert (refused.status_code, problem_of(refused).exit_code) == (401, 3)
        assert "must be yours and 0600" in problem_of(refused).detail


async def test_a_running_engine_knows_tokens_made_and_removed_meanwhile(
    serve_tcp: Serve, folder: Path, clock: HandClock
) -> None:
    async with serve_tcp() as client:
        headers = bearer(folder, "read-only", "late", expires=NOW + 10**9)
        assert (await client.get("/v1/hello", headers=headers)).status_code == 200
        clock.move(1)
        assert (await client.get("/v1/hello", headers=headers)).status_code == 401
        remove_token(folder, "late")
        headers = bearer(folder, "read-only", "late")
        assert (await client.get("/v1/hello", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/state", "/v1/events"])
async def test_a_stream_ends_with_the_reason_when_its_token_is_removed(
    serve_tcp: Serve, folder: Path, path: str
) -> None:
    headers = bearer(folder, "read-only", "gone")
    async with (
        serve_tcp(limits=Limits(revoked_after_s=0.02)) as client,
        aconnect_sse(client, "GET", path, headers=headers) as source,
    ):
        asyncio.get_running_loop().call_later(0.1, remove_token, folder, "gone")
        async with asyncio.timeout(10):
            last = [event async for event in source.aiter_sse()][-1]
        assert last.event == "problem"
        assert "was removed or has expired" in msgspec.json.decode(last.data, type=Problem).detail


# ------------------------------------------------------------------------------------ browsers


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"host": "evil.example"}, "Host must be"),
        ({"host": "evil.example:{port}"}, "Host must be"),
        ({"host": "127.0.0.1"}, "Host must be"),
        ({"host": "127.0.0.1:1"}, "Host must be"),
        ({"host": ""}, "Host must be"),
        ({"origin": "http://evil.example"}, "Origin was"),
        ({"origin": "null"}, "Origin was"),
        ({"origin": "http://127.0.0.1:1"}, "Origin was"),
        ({"origin": "http://localhost:{port}"}, "Origin was"),
        ({"origin": "file://"}, "Origin was"),
        ({"sec-fetch-site": "cross-site"}, "Sec-Fetch-Site was"),
        ({"sec-fetch-site": "same-site"}, "Sec-Fetch-Site was"),
    ],
)
async def test_a_page_of_another_site_is_refused_even_with_a_token(
    serve_tcp: Serve, folder: Path, engine: ScriptedEngine, headers: dict[str, str], word: str
) -> None:
    token = bearer(folder, "full")
    async with serve_tcp() as client:
        port = str(client.base_url.port)
        sent = token | {name: text.replace("{port}", port) for name, text in headers.items()}
        for method, path in (("POST", "/v1/kill"), ("GET", "/v1/state"), ("OPTIONS", "/v1/kill")):
            refused = await client.request(method, path, headers=sent)
            assert refused.status_code == 403
            assert word in problem_of(refused).detail
            assert not [name for name in refused.headers if name.startswith("access-control")]
    assert engine.told == []


async def test_our_own_names_and_those_of_the_configuration_are_welcome(
    serve_tcp: Serve, folder: Path
) -> None:
    token = bearer(folder, "read-only")
    async with serve_tcp(hosts=("Trade.Example",)) as client:
        port = client.base_url.port
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "trade.example"):
            for origin in ({}, {"origin": f"http://{host}", "sec-fetch-site": "same-origin"}):
                headers = token | {"host": host} | origin
                assert (await client.get("/v1/hello", headers=headers)).status_code == 200, host


async def test_a_page_reaches_no_unix_socket_through_a_relay_either(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await client.post("/v1/kill", headers=headers)).status_code == 403
    assert engine.told == []


def test_two_hosts_are_none() -> None:
    hosts = own_hosts(80, ())
    assert foreign({b"host": [b"localhost:80"]}, hosts) is None
    assert foreign({b"host": [b"localhost:80", b"localhost:80"]}, hosts) is not None
    assert foreign({}, hosts) is not None


async def test_every_answer_forbids_caches_and_guesses(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    engine.broken = True
    for path in ("/v1/hello", "/v1/status", "/v1/nowhere", "/v1/openapi.json", "/v1/halt"):
        headers = (await client.get(path)).headers
        assert headers.get_list("cache-control") == ["no-store"]
        assert headers["x-content-type-options"] == "nosniff"
    async with client.stream("GET", "/v1/state") as response:
        assert response.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_that_is_not_called_json_is_refused(
    client: httpx.AsyncClient, engine: ScriptedEngine, kind: str
) -> None:
    refused = await client.post("/v1/cancel", content=b"{}", headers={"content-type": kind})
    assert (refused.status_code, problem_of(refused).code) == (415, "usage")
    good = {"content-type": "application/json; charset=utf-8"}
    assert (await client.post("/v1/cancel", content=b"{}", headers=good)).status_code == 200


# ------------------------------------------------------------------------------------ rates, sizes


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = Bucket(Rate(10.0, 3.0), 0)
    assert [bucket.take(0) for _ in range(3)] == [0, 0, 0]
    assert round(bucket.take(0), 9) == 0.1
    assert round(bucket.take(99_000_000), 9) == 0.001
    assert bucket.take(100_000_000) == 0
    assert [round(bucket.take(10**12), 9) for _ in range(4)] == [0, 0, 0, 0.1]


async def test_a_flood_is_told_when_to_come_back_and_never_holds_up_a_kill(
    serve_tcp: Serve, folder: Path, clock: HandClock, engine: ScriptedEngine
) -> None:
    flood, other = bearer(folder, "full", "flood"), bearer(folder, "full", "other")
    limits = Limits(token=Rate(2.0, 3.0), stop=Rate(1.0, 2.0))
    async with serve_tcp(limits=limits) as client:
        codes = [(await client.get("/v1/hello", headers=flood)).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        busy = await client.get("/v1/hello", headers=flood)
        assert busy.headers["retry-after"] == "1"
        assert problem_of(busy) == Problem(
            code="busy",
            detail="too many requests at once of token 'flood'; try again in 0.50 s",
            exit_code=1,
        )
        assert (await client.post("/v1/kill", headers=flood)).status_code == 200
        assert (await client.get("/v1/hello", headers=other)).status_code == 200
        clock.move(0.5)
        assert (await client.get("/v1/hello", headers=flood)).status_code == 200
        assert (await client.get("/v1/hello", headers=flood)).status_code == 429
    assert engine.told == [("kill",)]


async def test_strangers_share_one_small_budget_that_costs_tokens_nothing(
    serve_tcp: Serve, folder: Path
) -> None:
    token = bearer(folder, "read-only")
    async with serve_tcp(limits=Limits(stranger=Rate(1.0, 2.0))) as client:
        codes = [(await client.get("/v1/hello")).status_code for _ in range(3)]
        assert codes == [401, 401, 429]
        assert (await client.get("/v1/hello", headers=token)).status_code == 200


async def test_the_socket_has_a_bound_too(serve: Serve) -> None:
    async with serve(limits=Limits(socket=Rate(1.0, 2.0))) as client:
        codes = [(await client.get("/v1/hello")).status_code for _ in range(3)]
        assert codes == [200, 200, 429]


async def test_an_address_or_headers_too_long_are_refused(client: httpx.AsyncClient) -> None:
    long = await client.get("/v1/hello?x=" + "y" * 4096)
    assert (long.status_code, problem_of(long).code) == (414, "usage")
    many = await client.get("/v1/hello", headers={f"x-{number}": "y" for number in range(65)})
    assert (many.status_code, problem_of(many).code) == (431, "usage")
    large = await client.get("/v1/hello", headers={"x": "y" * 20_000})
    assert (large.status_code, problem_of(large).code) == (431, "usage")


async def test_an_engine_that_does_not_answer_is_a_problem_after_the_bound(
    serve: Serve, engine: ScriptedEngine
) -> None:
    engine.stuck = True
    async with serve(limits=Limits(answer_timeout_s=0.05)) as client:
        late = await client.post("/v1/stop")
    assert (late.status_code, problem_of(late).code) == (503, "busy")
    assert "may still happen" in problem_of(late).detail
