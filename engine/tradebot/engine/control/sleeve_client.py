"""The client's part about sleeves: `ControlClient.sleeves`."""

from typing import Protocol
from urllib.parse import quote

from tradebot.engine.control.messages_house import Decisions, DecisionView
from tradebot.engine.control.messages_orders import CommandAnswer
from tradebot.engine.control.sleeves import (
    AllocateBy,
    AllocationFacts,
    CapitalBody,
    CardBody,
    ChangeBody,
    GateCard,
    LoggedLine,
    SleeveDetail,
    SleeveListing,
    StartBody,
    StopSleeveBody,
    VersionDifference,
)

LOAD_TIMEOUT_S = 60.0
"""Longest wait for an answer for which a policy's code is loaded: it may import large libraries."""


class Get(Protocol):
    """Asks an engine."""

    def __call__[T](self, path: str, shape: type[T], /, **parameters: str) -> T:
        """Return the answer."""
        ...


class Post(Protocol):
    """Tells an engine."""

    def __call__[T](
        self, path: str, shape: type[T], body: object = None, /, *, timeout: float = ...
    ) -> T:
        """Return the answer."""
        ...


class SleeveClient:
    """Asks and tells one engine about its sleeves; raises as `ControlClient` does."""

    def __init__(self, get: Get, post: Post) -> None:
        self._get = get
        self._post = post

    def listing(self) -> list[SleeveListing]:
        """Return every sleeve."""
        return self._get("/v1/sleeves", list[SleeveListing])

    def facts(self, name: str) -> SleeveDetail:
        """Return all about one sleeve."""
        return self._get(_path(name, "facts"), SleeveDetail)

    def decisions(self, name: str, limit: int) -> list[DecisionView]:
        """Return a sleeve's newest decisions, newest first."""
        return self._get(_path(name, "decisions"), Decisions, limit=str(limit)).decisions

    def logged(self, name: str, limit: int) -> list[LoggedLine]:
        """Return what a sleeve's policy wrote down, oldest first."""
        return self._get(_path(name, "logged"), list[LoggedLine], limit=str(limit))

    def allocation(self, by: AllocateBy) -> AllocationFacts:
        """Return a proposal for everybody's capital."""
        return self._get("/v1/allocation", AllocationFacts, by=by)

    def card(self, name: str, body: CardBody) -> GateCard:
        """Return what a start would be."""
        return self._post(_path(name, "card"), GateCard, body, timeout=LOAD_TIMEOUT_S)

    def start(self, name: str, body: StartBody) -> CommandAnswer:
        """Let a sleeve run."""
        return self._post(_path(name, "start"), CommandAnswer, body, timeout=LOAD_TIMEOUT_S)

    def stop(self, name: str, body: StopSleeveBody) -> CommandAnswer:
        """Ask a sleeve no more."""
        return self._post(_path(name, "stop"), CommandAnswer, body)

    def difference(self, name: str, what: str) -> VersionDifference:
        """Return what a `reload` or `rollback` would change."""
        path = _path(name, what, "difference")
        return self._post(path, VersionDifference, timeout=LOAD_TIMEOUT_S)

    def change(self, name: str, what: str, body: ChangeBody) -> CommandAnswer:
        """Do a `reload` or `rollback`."""
        return self._post(_path(name, what), CommandAnswer, body, timeout=LOAD_TIMEOUT_S)

    def capital(self, name: str, body: CapitalBody) -> CommandAnswer:
        """Give a sleeve another capital."""
        return self._post(_path(name, "capital"), CommandAnswer, body)


def _path(name: str, *words: str) -> str:
    return "/".join(["/v1/sleeves", quote(name, safe=""), *words])
