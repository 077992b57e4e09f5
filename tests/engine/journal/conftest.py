"""What several journal tests share: a recorded history of both lanes, told by a small recorder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tradebot.data.events import AnyMarketEvent, Quote
from tradebot.data.instruments import InstrumentId
from tradebot.engine.core.events import EngineStarted, OrderAccepted, OrderLane
from tradebot.engine.core.outcomes import Alert, AnyOutcome, OrderIntent, Submit
from tradebot.engine.core.types import (
    AccountName,
    BetId,
    ClientOrderId,
    EngineId,
    Owner,
    RequestId,
    VenueOrderId,
)
from tradebot.engine.journal.segments import SegmentLimits, SegmentWriter
from tradebot.engine.journal.store import Journal

BTC = InstrumentId("sandbox:BTCUSDT")
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


class Recorder:
    """Plays the runtime: hands out seqs, flushes the market before an intent, commits."""

    def __init__(
        self, folder: Path, engine: str = "abcde", limits: SegmentLimits | None = None
    ) -> None:
        self.folder = folder
        self.engine = EngineId(engine)
        self.journal = Journal.open(folder / "journal.db")
        self.journal.bind(self.engine, "sandbox", "virtual")
        self.market = SegmentWriter(folder / "market", limits=limits)
        self.seq = max(self.journal.last_seq, self.market.last_seq)

    def start(self) -> int:
        return self.lane(
            EngineStarted(
                schema=1,
                version="0.1.0",
                mode="sandbox",
                market="synthetic",
                currency="USDT",
                account=AccountName("sandbox"),
                instruments=(),
                sleeves=(),
                limits={"order": "10%", "day_loss": "3%"},
                wall=123,
            )
        )

    def quote(self, *outcomes: AnyOutcome, event: AnyMarketEvent | None = None) -> int:
        self.seq += 1
        now = T0 + self.seq * SECOND
        price = 4_000_000 + self.seq * 37 % 100
        self.market.add(
            self.seq,
            now,
            event
            or Quote(
                instrument=BTC,
                ts_event=now,
                ts_recv=now,
                bid_price=price,
                bid_quantity=5,
                ask_price=price + 100,
                ask_quantity=6,
            ),
        )
        self.journal.append_step(self.seq, now, None, outcomes, self.market.chain)
        return self.seq

    def lane(self, event: OrderLane, *outcomes: AnyOutcome) -> int:
        self.seq += 1
        self.journal.append_step(
            self.seq, T0 + self.seq * SECOND, event, outcomes, self.market.chain
        )
        return self.seq

    def order_id(self, number: int) -> ClientOrderId:
        return ClientOrderId(f"tb{self.engine}{number:05d}")

    def submit(self, number: int, request_id: str | None = None) -> Submit:
        return Submit(
            order=OrderIntent(
                client_order_id=self.order_id(number),
                request_id=None if request_id is None else RequestId(request_id),
                bet_id=BetId(f"tb{self.engine}b{number}"),
                account=AccountName("sandbox"),
                instrument=BTC,
                owner=Owner("trend"),
                policy_version="0123456789ab",
                side="buy",
                type="limit",
                tif="gtc",
                quantity=3,
                limit_price=4_000_000,
                post_only=False,
                reduce_only=False,
                because=None,
                edge=None,
                lives_at="broker",
                created=T0,
            )
        )

    def accepted(self, number: int) -> OrderAccepted:
        return OrderAccepted(
            client_order_id=self.order_id(number),
            venue_order_id=VenueOrderId(f"v{number}"),
            ts_event=T0,
        )

    def flush(self) -> None:
        block = self.market.flush()
        if block is not None:
            self.journal.add_segment(block)

    def commit(self) -> None:
        self.flush()
        self.journal.commit()

    def history(self, rounds: int = 20) -> None:
        """Quotes, an order every third round, its answer, all committed."""
        self.start()
        for number in range(rounds):
            for _ in range(5):
                self.quote()
            if number % 3 == 0:
                self.quote(
                    self.submit(number), Alert(level="info", text=f"sent {self.order_id(number)}")
                )
                self.commit()
                self.lane(self.accepted(number))
        self.commit()

    def close(self) -> None:
        self.journal.close()
        self.market.close()


@pytest.fixture
def recorder(tmp_path: Path) -> Callable[..., Recorder]:
    """Return what makes a recorder on this test's folder, again after a `close`."""

    def make(
        name: str = "main", engine: str = "abcde", limits: SegmentLimits | None = None
    ) -> Recorder:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return Recorder(folder, engine, limits)

    return make
