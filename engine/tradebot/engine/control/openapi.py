"""The API's document (OpenAPI 3.1), made from the table of routes and the messages' own types."""

import re
from typing import Final

import msgspec

from tradebot.engine.control.bodies import NAME_CHARS_MAX
from tradebot.engine.control.messages import API_NUMBER
from tradebot.engine.control.messages_orders import Problem
from tradebot.engine.control.problems import STATUSES
from tradebot.engine.control.rights import KIND_FOR
from tradebot.engine.control.table import NoQuery, Route

DOCUMENT_PATH: Final = "/v1/openapi.json"
"""Where the document is."""

type Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
type Table = dict[str, Json]

_REF: Final = "#/components/schemas/{name}"
_PATH_NAME: Final = re.compile(r"\{(\w+)\}")
_COMMON: Final = (400, 401, 403, 405, 409, 414, 429, 431, 500, 503)
_WITH_BODY: Final = (408, 413, 415)


def document(routes: tuple[Route, ...]) -> Table:
    """Return the document of a table.

    Args:
        routes: The table.
    """
    schemas = _Schemas(routes)
    paths: dict[str, Table] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths[DOCUMENT_PATH] = {"get": _own_operation(schemas)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tradebot control API",
            "version": str(API_NUMBER),
            "description": "Money, prices and quantities are decimal texts; null is unknown, never zero.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `tradebot token add`; not needed on the unix socket.",
                }
            },
        },
        "security": [{"token": []}],
    }


class _Schemas:
    """The schemas of all types of a table, and references to them."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._types: list[object] = [Problem]
        for route in routes:
            self._types += [route.answer, route.query, route.body]
        found, components = msgspec.json.schema_components(self._types, ref_template=_REF)
        self._found = [_exact(msgspec.convert(schema, type=dict[str, object])) for schema in found]
        self.components: Table = {
            name: _exact(msgspec.convert(schema, type=dict[str, object]))
            for name, schema in components.items()
        }

    def of(self, kind: object) -> Table:
        """Return the schema of a type, by reference where it has a name."""
        return self._found[self._types.index(kind)]

    def parameters(self, kind: object) -> dict[str, Json]:
        """Return the fields of a query struct."""
        name = str(self.of(kind)["$ref"]).rpartition("/")[2]
        return _table(_table(self.components[name])["properties"])


def _exact(schema: dict[str, object]) -> Table:
    """Return a schema in which a decimal may also stand as a bare number: it is read digit by digit."""
    text = msgspec.json.encode(schema).replace(
        b'"type":"string","format":"decimal"', b'"type":["string","number"],"format":"decimal"'
    )
    return msgspec.json.decode(text, type=dict[str, object])  # pyright: ignore[reportReturnType]  (JSON holds nothing else)


def _table(value: Json) -> Table:
    if not isinstance(value, dict):
        raise TypeError(f"a table was expected, was {value!r}")
    return value


def _operation(route: Route, schemas: _Schemas) -> Table:
    operation: Table = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Needs a token that is {KIND_FOR[route.right]}, or one with more rights.",
        "x-right": route.right,
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
    }
    if route.takes_body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.of(route.body)}},
        }
    return operation


def _own_operation(schemas: _Schemas) -> Table:
    return {
        "operationId": "get_openapi",
        "summary": "This document.",
        "description": "Needs a token that is read-only, or one with more rights.",
        "x-right": "read",
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **_problems(_COMMON, schemas),
        },
    }


def _parameters(route: Route, schemas: _Schemas) -> list[Json]:
    found: list[Json] = []
    for name in _PATH_NAME.findall(route.path):
        text: Table = {"type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX}
        found.append({"name": name, "in": "path", "required": True, "schema": text})
    if route.query is not NoQuery:
        for name, schema in schemas.parameters(route.query).items():
            given = _given(_table(schema))
            found.append({"name": name, "in": "query", "required": False, "schema": given})
    if route.handle is None and route.path.endswith("events"):
        found.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": "^[0-9]{1,19}(\\.[0-9]{1,9})?$"},
            }
        )
    return found


def _given(schema: Table) -> Table:
    """Return a parameter's schema without null: what is not given is left out of an address."""
    options = schema.get("anyOf")
    if not isinstance(options, list):
        return schema
    kept = [option for option in options if option != {"type": "null"}]
    return _table(kept[0]) if len(kept) == 1 else {"anyOf": kept}


def _responses(route: Route, schemas: _Schemas) -> Table:
    schema = schemas.of(route.answer)
    content: Table = {"application/json": {"schema": schema}}
    if route.handle is None:
        content = {"text/event-stream": {"schema": {"type": "string"}, "x-event-data": schema}}
    statuses = {*_COMMON}
    if route.method == "POST":
        statuses.update(_WITH_BODY)
    if "{" in route.path or route.takes_body or route.query is not NoQuery:
        statuses.add(404)
    return {
        "200": {"description": route.summary, "content": content},
        **_problems(tuple(sorted(statuses)), schemas),
    }


def _problems(statuses: tuple[int, ...], schemas: _Schemas) -> Table:
    found: Table = {}
    for status in statuses:
        answer: Table = {
            "description": STATUSES[status],
            "content": {"application/json": {"schema": schemas.of(Problem)}},
        }
        if status == 429:  # noqa: PLR2004  (Too Many Requests)
            answer["headers"] = {
                "Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}
            }
        found[str(status)] = answer
    return found
