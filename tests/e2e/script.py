"""A script that trades through the control API and repeats what was never answered."""

import random
import threading
from decimal import Decimal

from tradebot.engine.control.client import ControlClient, ControlError, EngineRefused
from tradebot.engine.control.messages_orders import OrderRequest

SIZES = {"sandbox:BTCUSDT": "0.02", "sandbox:ETHUSDT": "0.4", "sandbox:SOLUSDT": "6.5"}


class Script:
    """Sends orders and cancels as a script would, and repeats what was never answered."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._sent = 0
        self.requests: dict[str, OrderRequest] = {}
        self.answered: dict[str, str] = {}
        """Client order id by request id, as the engine told it."""

    def send_some(self, client: ControlClient) -> None:
        """Send orders until the engine is gone."""
        while True:
            try:
                self._send_one(client)
            except EngineRefused:
                continue  # nothing to cancel any more
            except ControlError:
                return

    def _send_one(self, client: ControlClient) -> None:
        rng = self._rng
        dice = rng.random()
        if dice < 0.15 and self.answered:
            self._repeat(client, rng.choice(list(self.answered)))
        elif dice < 0.35:
            working = client.orders(working_only=True)
            if working:
                client.cancel(rng.choice(working).client_order_id)
        else:
            self._place(client)
        # A script that thinks for a moment, so that kills fall between its orders too.
        threading.Event().wait(rng.uniform(0, 0.12))

    def _place(self, client: ControlClient) -> None:
        rng = self._rng
        self._sent += 1
        instrument = rng.choice(list(SIZES))
        side = rng.choice(["buy", "sell"])
        request = OrderRequest(
            request_id=f"script-{self._sent}",
            instrument=instrument,
            side="buy" if side == "buy" else "sell",
            quantity=Decimal(SIZES[instrument]),
            type="marketable",
        )
        if rng.random() < 0.6:
            preview = client.preview(request)
            assert preview.limit_price is not None
            # The collar's edge is 5 % through mid; back from there to the middle, a few ticks to either side.
            through = Decimal("1.05") if side == "buy" else Decimal("0.95")
            middle = Decimal(preview.limit_price) / through
            price = middle * (1 + Decimal(rng.randint(-3, 3)) / 10_000)
            step = Decimal("0.5") if instrument == "sandbox:BTCUSDT" else Decimal("0.05")
            limit = (price / step).to_integral_value() * step
            request = OrderRequest(
                request_id=request.request_id,
                instrument=instrument,
                side=request.side,
                quantity=request.quantity,
                limit_price=limit,
            )
        self.requests[request.request_id] = request
        answer = client.place(request, 0.0)
        assert answer.order is not None
        self.answered[request.request_id] = answer.order.client_order_id

    def _repeat(self, client: ControlClient, request_id: str) -> None:
        answer = client.place(self.requests[request_id], 0.0)
        assert answer.order is not None
        known = self.answered.setdefault(request_id, answer.order.client_order_id)
        assert answer.order.client_order_id == known, f"{request_id} became a second order"

    def repeat_unanswered(self, client: ControlClient) -> None:
        """Send again what got no answer: it becomes one order, or already is one."""
        for request_id in self.requests:
            if request_id not in self.answered:
                self._repeat(client, request_id)
