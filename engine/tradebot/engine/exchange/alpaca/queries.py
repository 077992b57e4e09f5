"""A request's query and body, read."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

import msgspec

from tradebot.engine.exchange.alpaca.orders import Body
from tradebot.engine.exchange.alpaca.refusals import malformed
from tradebot.engine.exchange.alpaca.words import time_of
from tradebot.engine.exchange.face import HttpRequest

_body = msgspec.json.Decoder(dict[str, object], float_hook=lambda text: text)


class Query:
    """The query of a request.

    Args of the constructor:
        request: What came.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._values = parse_qs(request.query, keep_blank_values=True)

    def text(self, name: str) -> str | None:
        """Return a value; None where it is not given."""
        values = self._values.get(name)
        return values[-1] if values and values[-1] else None

    def words(self, name: str) -> list[str]:
        """Return a comma-separated list, also of a name that is repeated."""
        return [word for value in self._values.get(name, []) for word in value.split(",") if word]

    def flag(self, name: str) -> bool:
        """Return whether a flag is set; Python's clients write `True`."""
        return (self.text(name) or "").lower() == "true"

    def count(self, name: str, otherwise: int, most: int) -> int:
        """Return a number in [1, most].

        Raises:
            Refusal: If it is none.
        """
        text = self.text(name)
        if text is None:
            return otherwise
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise malformed(f"{name} must be in [1, {most}], was {text}")
        return int(text)

    def instant(self, name: str) -> int | None:
        """Return an instant, ns UTC; None where it is not given.

        Raises:
            Refusal: If it is no time.
        """
        text = self.text(name)
        if text is None:
            return None
        # A plus of a zone that the client did not encode arrives as a space.
        ns = time_of(text.replace(" ", "+"))
        if ns is None:
            raise malformed(f"{name} must be RFC 3339 or a date, was {text}")
        return ns

    def day(self, name: str) -> str | None:
        """Return a date as text."""
        text = self.text(name)
        return None if text is None else text[:10]


def body_of(request: HttpRequest) -> Body:
    """Return a JSON object; numbers with a point or exponent as text, exactly as they were written.

    Raises:
        Refusal: If it is none.
    """
    try:
        return _body.decode(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise malformed(f"request body format is invalid: {error}") from error


def parts_of(request: HttpRequest) -> list[str]:
    """Return the parts of a path, decoded: `/v2/assets/BTC%2FUSD` has three."""
    return [unquote(part) for part in request.path.split("/") if part]


def day_text(ns: int) -> str:
    """Return the UTC date of an instant."""
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%d}"
