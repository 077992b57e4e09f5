"""A client's web socket of market streams: `/ws/...` and `/stream`."""

import msgspec

from tradebot.engine.exchange.binance.streams import MarketConnection, Streams
from tradebot.engine.exchange.binance.texts import Json
from tradebot.engine.exchange.face import Floor, Link, struck

_S = 1_000_000_000
_MOST_STREAMS = 1_024
_MESSAGES_A_SECOND = 5


class _Command(msgspec.Struct, frozen=True):
    method: str
    params: list[str | bool] = msgspec.field(default_factory=list[str | bool])
    id: int | str | None = None


class MarketSession(MarketConnection):
    """Listens to what its path and its SUBSCRIBE commands name.

    Args of the constructor:
        floor: The exchange.
        link: The way out.
        unit: ns of the unit that times are told in.
        streams: What can be listened to.
        names: From the path.
        combined: Whether messages name their stream.
    """

    def __init__(
        self,
        floor: Floor,
        link: Link,
        unit: int,
        streams: Streams,
        names: list[str],
        *,
        combined: bool,
    ) -> None:
        super().__init__(floor, link, unit)
        self._floor = floor
        self._streams = streams
        self.combined = combined
        self._second = (0, 0)
        for name in names:
            streams.add(name, self)

    def receive(self, frame: str | bytes) -> None:
        """Take a command."""
        if self._too_many():
            self.line.close(1008, "Too many requests")
            return
        try:
            command = msgspec.json.decode(frame, type=_Command)
        except (msgspec.DecodeError, RecursionError) as error:
            self._answer({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None})
            return
        if struck(self._floor, "binance", ("subscribe",)).cut:
            self.line.close(abrupt=True)
            return
        match command.method:
            case "SUBSCRIBE" | "UNSUBSCRIBE":
                self._subscribe(command)
            case "LIST_SUBSCRIPTIONS":
                names: list[Json] = list(self._streams.names_of(self))
                self._answer({"result": names, "id": command.id})
            case "SET_PROPERTY":
                self.combined = command.params == ["combined", True]
                self._answer({"result": None, "id": command.id})
            case _:
                self._answer(
                    {
                        "error": {
                            "code": 2,
                            "msg": f"Invalid request: unknown method {command.method}",
                        },
                        "id": command.id,
                    }
                )

    def _subscribe(self, command: _Command) -> None:
        names = [name for name in command.params if isinstance(name, str)]
        if command.method == "SUBSCRIBE":
            if len(self._streams.names_of(self)) + len(names) > _MOST_STREAMS:
                self.line.close(1008, "Too many streams")
                return
            for name in names:
                self._streams.add(name, self)
        else:
            for name in names:
                self._streams.remove(name, self)
        self._answer({"result": None, "id": command.id})

    def _too_many(self) -> bool:
        second = self._floor.exchange.clock.now() // _S
        at, count = self._second
        self._second = (second, count + 1 if at == second else 1)
        return self._second[1] > _MESSAGES_A_SECOND

    def _answer(self, answer: dict[str, Json]) -> None:
        self.line.send(msgspec.json.encode(answer).decode())

    def closed(self) -> None:
        """Learn that the connection is gone."""
        self.line.is_open = False
        self._streams.forget(self)
