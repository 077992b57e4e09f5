"""The API's document: every row of the table, every Problem; and the application keeps to it."""

import asyncio
import json
from pathlib import Path
from typing import cast

import httpx
import msgspec
import pytest
from tests.engine.control.conformance import schemathesis
from tests.engine.control.conftest import Serve
from tests.engine.control.doors import bearer

from tradebot.engine.control.addresses import Addresses
from tradebot.engine.control.limits import Limits, Rate
from tradebot.engine.control.messages import Hello
from tradebot.engine.control.openapi import DOCUMENT_PATH, document
from tradebot.engine.control.routes import ROUTES
from tradebot.engine.control.table import NoQuery, Route, ask

DOCUMENT = document(ROUTES)


def test_the_document_has_every_row_of_the_table_and_no_other() -> None:
    paths = cast("dict[str, dict[str, object]]", DOCUMENT["paths"])
    told = {(method.upper(), path) for path, row in paths.items() for method in row}
    assert told == {(route.method, route.path) for route in ROUTES} | {("GET", DOCUMENT_PATH)}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    schemas = cast("dict[str, dict[str, object]]", DOCUMENT["components"])["schemas"]
    names = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(schemas)
    assert {"Problem", "OrderRequest", "Frame", "EventLine", "Status", "CommandAnswer"} <= names


def test_every_operation_says_what_right_it_needs_and_each_way_it_may_refuse() -> None:
    paths = cast("dict[str, dict[str, dict[str, object]]]", DOCUMENT["paths"])
    for route in ROUTES:
        row = paths[route.path][route.method.lower()]
        assert row["x-right"] == route.right
        assert {"200", "400", "401", "403", "429", "500", "503"} <= set(
            cast("dict[str, object]", row["responses"])
        )


def test_two_rows_of_one_address_are_refused() -> None:
    row = ask("/v1/{other}", NoQuery, Hello, lambda call: call.engine.hello(), "Twice.")
    again: Route = msgspec.structs.replace(row, path="/v1/{name}")
    with pytest.raises(ValueError, match=r"two rows of the table are GET /v1/\{name\}"):
        Addresses([row, again])


async def test_the_document_is_served_and_names_the_methods_of_an_address(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get(DOCUMENT_PATH)).json() == json.loads(json.dumps(DOCUMENT))
    refused = await client.delete("/v1/orders")
    assert refused.headers["allow"] == "GET, POST"
    assert (await client.post("/v1/state")).headers["allow"] == "GET"


async def test_the_document_too_needs_a_token_on_tcp(serve_tcp: Serve, folder: Path) -> None:
    async with serve_tcp() as client:
        assert (await client.get(DOCUMENT_PATH)).status_code == 401


@pytest.mark.slow
async def test_every_answer_of_a_scripted_engine_keeps_to_the_document(
    serve_tcp: Serve, folder: Path
) -> None:
    token = bearer(folder, "full")["authorization"]
    always = Rate(1e9, 1e9)
    limits = Limits(stop=always, token=always, stranger=always)
    async with serve_tcp(limits=limits) as client:
        ran = await asyncio.to_thread(schemathesis, str(client.base_url), token)
    assert ran.code == 0, ran.report
