"""One walk through the account's fills since an instant, page by page; no I/O."""

from tradebot.data.venues.alpaca.times import text_from_ns
from tradebot.engine.brokers.alpaca.api import Api
from tradebot.engine.brokers.alpaca.executions import Execution, from_fill
from tradebot.engine.brokers.alpaca.messages import fills_of
from tradebot.engine.brokers.outside import HttpRequest
from tradebot.engine.core.types import FillSource

PATH = "/v2/account/activities/FILL"

PAGE = 100
"""Most rows the venue gives at once."""


class Sweep:
    """Asks for `GET /v2/account/activities/FILL` from an instant on, oldest first.

    Args of the constructor:
        api: The account's REST.
        since: Venue time, ns UTC.
        source: How what it finds is marked.
    """

    def __init__(self, api: Api, since: int, source: FillSource) -> None:
        self._api = api
        self.since = since
        self._source: FillSource = source
        self._token = ""
        self.rows: list[Execution] = []
        """All that was found so far."""
        self.newest = 0
        """Venue time of the newest row seen, ns UTC."""
        self.malformed = 0
        """Rows that could not be read."""
        self.last_error = ""
        """Why the newest of them could not."""

    def request(self) -> HttpRequest:
        """Return the next page to ask for."""
        query = {
            "after": text_from_ns(self.since),
            "direction": "asc",
            "page_size": str(PAGE),
        }
        if self._token:
            query["page_token"] = self._token
        return self._api.get(PATH, query)

    def page(self, body: bytes) -> tuple[list[Execution], bool]:
        """Take in a page; return its executions and whether it was the last.

        Raises:
            ValueError: If it is no list of fills, or a full page that does not move on.
        """
        rows = fills_of(body)
        found: list[Execution] = []
        for row in rows:
            try:
                found.append(from_fill(row, self._source))
            except ValueError as error:
                self.malformed += 1
                self.last_error = str(error)[:200]
        self.rows += found
        self.newest = max([self.newest, *(execution.ts for execution in found)])
        if len(rows) < PAGE:
            return found, True
        if rows[-1].id == self._token:
            raise ValueError(f"page must move on from {self._token[:60]!r}")
        self._token = rows[-1].id
        return found, False
