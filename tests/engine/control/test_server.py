"""The server's questions and commands: contracts, refusals, bounds."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import open_app
from tests.engine.control.scripted import BTC, ScriptedEngine

from tradebot.engine.control.bodies import (
    CancelBody,
    FlattenBody,
    ReasonBody,
    bounded,
    check_after,
    decode,
    frame_query,
    parse_query,
)
from tradebot.engine.control.engine import Refused
from tradebot.engine.control.limits import BODY_BYTES_MAX
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.messages_facts import Status
from tradebot.engine.control.messages_orders import OrderAnswer, OrderRequest, Problem

ORDER: dict[str, object] = {
    "request_id": "r-1",
    "instrument": BTC,
    "side": "buy",
    "quantity": "0.2",
    "limit_price": "59998.5",
}


async def test_facts_are_the_engines_own(client: httpx.AsyncClient) -> None:
    hello = msgspec.json.decode((await client.get("/v1/hello")).content, type=Hello)
    status = msgspec.json.decode((await client.get("/v1/status")).content, type=Status)
    assert (hello.name, status.equity) == ("main", "102431.20")
    assert len((await client.get("/v1/orders")).json()) == 2
    assert len((await client.get("/v1/orders?working=true")).json()) == 1
    assert len((await client.get("/v1/positions")).json()) == 1
    assert len((await client.get("/v1/fills?limit=1")).json()) == 1


JSON = {"content-type": "application/json"}
ORDER_TEXT = json.dumps(ORDER).encode()


async def test_an_order_is_handed_on_with_its_waiting_time(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    response = await client.post("/v1/orders?wait=2.5", json=ORDER)
    answer = msgspec.json.decode(response.content, type=OrderAnswer)
    assert (response.status_code, answer.outcome) == (200, "accepted")
    assert engine.told == [("place", "r-1", "2.5")]


async def test_a_preview_sends_nothing(client: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    preview = (await client.post("/v1/preview", json=ORDER)).json()
    assert preview["binding_limit"] == "max_order"
    assert engine.told == []


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/orders/tba1b2c0001/cancel", None, ("cancel", "tba1b2c0001")),
        ("/v1/cancel", {}, ("cancel_all", "None", "None")),
        ("/v1/cancel", {"instrument": BTC, "side": "sell"}, ("cancel_all", BTC, "sell")),
        ("/v1/flatten", {"instrument": BTC}, ("flatten", BTC)),
        ("/v1/flatten", {"instrument": None}, ("flatten", "None")),
        ("/v1/kill", {}, ("kill",)),
        ("/v1/kill", None, ("kill",)),
        ("/v1/halt", {"reason": "lunch"}, ("halt", "lunch")),
        ("/v1/resume", {"reason": "back"}, ("resume", "back")),
        ("/v1/reconcile", {}, ("reconcile", "all")),
        (
            "/v1/differences/answer",
            {"id": "a/cash/USD", "answer": "adopt", "reason": "r"},
            ("difference", "a/cash/USD", "adopt", "r"),
        ),
        ("/v1/sleeves/trend-btc/pause", {"reason": "odd"}, ("pause", "trend-btc", "odd")),
        ("/v1/sleeves/trend-btc/resume", {"reason": "ok"}, ("resume", "trend-btc", "ok")),
        ("/v1/stop", {}, ("stop",)),
        ("/v1/stop?leave_unprotected=true", {}, ("stop", "leave-unprotected")),
        ("/v1/arm", {"terminal": "tty:x:1", "seconds": 60}, ("arm", "tty:x:1", "60", "300")),
        ("/v1/disarm", None, ("disarm",)),
        ("/v1/terminal/seen", {"terminal": "tty:x:1"}, ("seen", "tty:x:1")),
        ("/v1/terminal/gone", {"terminal": "tty:x:1"}, ("gone", "tty:x:1")),
        (
            "/v1/sleeves/trend-btc/start",
            {"version": "3f9c", "run": "live", "loss_budget": "200"},
            ("start", "trend-btc", "live", "3f9c", "200", "30"),
        ),
        (
            "/v1/sleeves/trend-btc/stop",
            {"reason": "enough", "exit": True},
            ("stop-sleeve", "trend-btc", "enough", "True"),
        ),
        (
            "/v1/sleeves/trend-btc/reload",
            {"version": "77aa"},
            ("reload", "trend-btc", "77aa", "False"),
        ),
        (
            "/v1/sleeves/trend-btc/rollback",
            {"version": "77aa", "fresh": True},
            ("rollback", "trend-btc", "77aa", "True"),
        ),
        (
            "/v1/sleeves/trend-btc/capital",
            {"capital": "25%"},
            ("capital", "trend-btc", "25%"),
        ),
        (
            "/v1/sleeves/trend-btc/mandate",
            {"capital": "5000", "loss_budget": "200"},
            ("mandate", "trend-btc", "5000", "200", "30"),
        ),
        (
            "/v1/sleeves/trend-btc/mandate/revoke",
            {"reason": "enough"},
            ("revoke", "trend-btc", "enough"),
        ),
    ],
)
async def test_a_command_reaches_the_engine(
    client: httpx.AsyncClient,
    engine: ScriptedEngine,
    path: str,
    body: object,
    told: tuple[str, ...],
) -> None:
    response = await (client.post(path) if body is None else client.post(path, json=body))
    assert (response.status_code, response.json()["ok"]) == (200, True)
    assert engine.told == [told]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"request_id": ""}, "request_id must be 1 to 64 printable ASCII characters, was ''"),
        ({"request_id": "a b"}, "request_id must be 1 to 64 printable ASCII characters, was 'a b'"),
        ({"request_id": "x" * 65}, "request_id must be 1 to 64 printable"),
        ({"instrument": ""}, "instrument must be 1 to 128 characters, was 0"),
        ({"note": "x" * 501}, "note must be at most 500 characters, was 501"),
        ({"quantity": "NaN"}, "quantity must be a finite number, was NaN"),
        ({"quantity": "Infinity"}, "quantity must be a finite number, was Infinity"),
        ({"quantity": "-1"}, "quantity must be > 0, was -1"),
        ({"quantity": "1e999999"}, "at most 38 digits and 18 decimals, had 1 digits and exponent"),
        ({"quantity": "1" * 39}, "at most 38 digits and 18 decimals, had 39 digits"),
        ({"limit_price": "0"}, "limit_price must be > 0, was 0"),
        ({"limit_price": None}, "an order of type limit needs a limit_price; was null"),
        ({"type": "market"}, "an order of type market takes no limit_price, was 59998.5"),
        ({"tif": "ioc", "post_only": True}, "post_only needs a gtc limit order, was ioc limit"),
        ({"side": "hold"}, "request body: Invalid enum value 'hold' - at `$.side`"),
        ({"leverage": 3}, "request body: Object contains unknown field `leverage`"),
    ],
)
async def test_an_order_out_of_bounds_is_refused_with_value_and_bound(
    client: httpx.AsyncClient, engine: ScriptedEngine, change: dict[str, object], detail: str
) -> None:
    response = await client.post("/v1/orders", json=ORDER | change)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (response.status_code, problem.code, problem.exit_code) == (400, "usage", 2)
    assert detail in problem.detail
    assert engine.told == []


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "detail"),
    [
        ("POST", "/v1/orders", b"{", 400, "request body: Input data was truncated"),
        ("POST", "/v1/orders", b"\xff\xfe", 400, "request body: JSON is malformed"),
        ("POST", "/v1/orders", b"[" * 60_000, 400, "request body"),
        (
            "POST",
            "/v1/orders?wait=31",
            ORDER_TEXT,
            400,
            "query: Expected `float` <= 30.0 - at `$.wait`",
        ),
        (
            "POST",
            "/v1/orders?wait=x",
            ORDER_TEXT,
            400,
            "query: Expected `float`, got `str` - at `$.wait`",
        ),
        ("GET", "/v1/fills?limit=0", b"", 400, "query: Expected `int` >= 1 - at `$.limit`"),
        ("POST", "/v1/flatten", b"{}", 400, "missing required field `instrument`"),
        ("POST", "/v1/halt", b'{"reason":""}', 400, "length >= 1"),
        ("GET", "/v2/status", b"", 404, "no such address: GET /v2/status"),
        ("POST", "/v1/orders/nope/cancel", b"", 404, "no order 'nope'"),
        ("DELETE", "/v1/orders", b"", 405, "not a method of this address: DELETE /v1/orders"),
        ("POST", "/v1/state", b"", 405, "not a method of this address: POST /v1/state"),
        ("GET", "/v1/state?rows=201", b"", 400, "Expected `int` <= 200 - at `$.rows`"),
        ("GET", "/v1/state?step=NaN", b"", 400, "step must be a finite number, was NaN"),
        ("GET", "/v1/state?step=abc", b"", 400, "step must be a price, was 'abc'"),
        ("GET", "/v1/state?colour=red", b"", 400, "unknown field `colour`"),
        ("GET", "/v1/state?instrument=x", b"", 404, "no instrument 'x' here"),
        ("GET", "/v1/events?after=1.b", b"", 400, "event id must be seq.index"),
        ("GET", "/v1/status?x=1", b"", 400, "unknown field `x`"),
        ("GET", "/v1/fills?limit=1&limit=2", b"", 400, "a parameter may be given once"),
        ("GET", "/v1/fills?" + "&".join("abcdefghijklmnopqrst"), b"", 400, "query: Max number"),
    ],
)
async def test_what_is_not_understood_is_a_problem_in_one_line(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, status: int, detail: str
) -> None:
    headers = {"content-type": "application/json"} if content else {}
    response = await client.request(method, path, content=content, headers=headers)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert (response.status_code, problem.exit_code) == (status, 2)
    assert detail in problem.detail
    assert "\n" not in problem.detail


async def test_a_body_too_large_is_refused_whether_or_not_it_says_its_length(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1024 + 1):
            yield b" " * 1024

    told = await client.post("/v1/orders", content=b" " * (BODY_BYTES_MAX + 1), headers=JSON)
    untold = await client.post("/v1/orders", content=chunks(), headers=JSON)
    for response in (told, untold):
        assert response.status_code == 413
        assert response.json()["detail"] == "body of POST /v1/orders must be at most 65536 bytes"
    assert engine.told == []


async def test_a_failing_engine_is_a_problem_without_its_traceback(
    client: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    engine.broken = True
    response = await client.get("/v1/status")
    assert response.status_code == 500
    assert response.json() == {
        "code": "internal",
        "detail": "the engine failed to answer: RuntimeError: the ledger does not add up; "
        "its log has the traceback",
        "exit_code": 1,
    }


async def test_a_conflict_is_told_as_one(client: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    engine.broken = True
    response = await client.post("/v1/stop")
    assert (response.status_code, response.json()["exit_code"]) == (409, 1)


async def test_a_stopped_server_takes_its_socket_away(serve: Serve, folder: Path) -> None:
    async with serve() as client:
        assert (await client.get("/v1/hello")).status_code == 200
        assert names(folder) == ["control.sock"]
    assert names(folder) == []


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
nearly_orders = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([value, "1e5", "-0", "NaN", "9" * 40, "1e-30"]) | anything
        for name, value in (ORDER | {"type": "market", "tif": "ioc", "post_only": True}).items()
    },
)
bodies = (
    st.binary(max_size=200)
    | anything.map(lambda value: json.dumps(value).encode())
    | nearly_orders.map(lambda value: json.dumps(value).encode())
)
paths = st.sampled_from(
    [
        "/v1/hello",
        "/v1/orders",
        "/v1/fills",
        "/v1/preview",
        "/v1/cancel",
        "/v1/flatten",
        "/v1/halt",
        "/v1/resume",
        "/v1/kill",
        "/v1/stop",
    ]
) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(
    lambda name: f"/v1/orders/{quote(name, safe='')}/cancel"
)
queries = st.dictionaries(
    st.sampled_from(["wait", "limit", "working", "x"]), st.text(max_size=8), max_size=3
)


APP = open_app(ScriptedEngine())


@settings(deadline=None, max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    path=paths,
    query=queries,
    body=bodies,
)
def test_no_request_makes_the_server_fail(
    method: str, path: str, query: dict[str, str], body: bytes
) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=APP)  # pyright: ignore[reportArgumentType]  (its scope types differ)
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
            headers = {"content-type": "application/json"}
            return await client.request(method, path, params=query, content=body, headers=headers)

    response = asyncio.run(ask())
    assert response.status_code < 500
    if response.status_code >= 400 and method != "HEAD":
        problem = msgspec.json.decode(response.content, type=Problem)
        assert problem.detail
        assert "\n" not in problem.detail


@settings(deadline=None)
@given(body=bodies, texts=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_whatever_a_client_writes_is_understood_or_refused(
    body: bytes, texts: dict[str, str]
) -> None:
    def refuses(question: Callable[..., object], *given: object) -> None:
        with contextlib.suppress(Refused):
            question(*given)

    for shape in (CancelBody, FlattenBody, ReasonBody):
        refuses(decode, body, shape)
    refuses(lambda: bounded(decode(body, OrderRequest)))
    refuses(parse_query, body)
    refuses(frame_query, texts)
    for text in texts.values():
        refuses(check_after, text)
