"""The planted faults: each a few words changed in the real modules, with the seeds within which it must be found."""

from tests.engine.simulation.planted.planting import Fault

FAULTS: tuple[Fault, ...] = (
    # ------------------------------------------------------------------ never lost, never twice
    Fault(
        "fills told apart by order instead of execution",
        "core/booking.py",
        "    known = state.executions.get(event.account, event.execution_id)\n"
        "    if known is not None and not (anew",
        "    known = state.executions.get(event.account, event.execution_id)\n"
        "    order = state.blotter.get(event.client_order_id)\n"
        "    if order is not None and order.filled:\n        return False\n"
        "    if known is not None and not (anew",
        100,
    ),
    Fault(
        "a fill told twice is booked twice",
        "core/booking.py",
        '    if known is not None and not (anew and known.state == "busted"):',
        "    if known is not None and known.owner == 'nobody':",
        100,
    ),
    Fault(
        "a fill after a cancel is dropped",
        "core/booking.py",
        "    owner = state.owner_of(event)\n    trouble",
        "    order = state.blotter.get(event.client_order_id)\n"
        "    if order is not None and order.state == 'cancelled':\n        return False\n"
        "    owner = state.owner_of(event)\n    trouble",
        80,
    ),
    Fault(
        "the cursor of fills runs ahead of what was booked",
        "core/asking.py",
        "since=max(account.newest_fill - overlap, 0)",
        "since=step.state.now",
        100,
    ),
    Fault(
        "an unknown order is taken for rejected",
        "core/orders.py",
        'return _moved(order, "unknown", event.reason, now)',
        'return _moved(order, "rejected", event.reason, now)',
        100,
    ),
    Fault(
        "absent once is absent for ever",
        "core/orders.py",
        "    if order.absent == 0:\n",
        "    if order.absent == 5:\n",
        80,
    ),
    Fault(
        "a cancel without an answer is taken for done",
        "core/orders.py",
        'state = "unknown" if order.state == "unknown" else "pending_cancel"',
        'state = "unknown" if order.state == "unknown" else "cancelled"',
        100,
    ),
    Fault(
        "a rejected cancel ends the order",
        "core/orders.py",
        'return _moved(order, state, f"cancel: {event.reason}", now)',
        'return _moved(order, "cancelled", f"cancel: {event.reason}", now)',
        30,
    ),
    Fault(
        "fills of an order on equal terms are taken for one",
        "core/booking.py",
        "    owner = state.owner_of(event)\n    trouble",
        "    if any(one.terms == terms_of(event) for one in state.executions._known.values()):\n"
        "        return False\n    owner = state.owner_of(event)\n    trouble",
        40,
    ),
    Fault(
        "a second fill of an order is old news at the door",
        "live/runtime.py",
        "        if seen or blotter.get(event.client_order_id) is not None:\n            return True",
        "        known = blotter.get(event.client_order_id)\n"
        "        if known is not None:\n            return not known.filled",
        10,
    ),
    Fault(
        "fills are asked for from behind the newest on",
        "core/asking.py",
        "since=max(account.newest_fill - overlap, 0)",
        "since=account.newest_fill + 1",
        60,
    ),
    Fault(
        "the first absent of an unknown order is a rejection",
        "core/orders.py",
        "    if not event.found:\n        return _absent(order, now)",
        "    if not event.found:\n        return _moved(order, 'rejected', 'absent', now)",
        10,
    ),
    Fault(
        "an unknown order does not stop new risk",
        "core/step.py",
        "for order in state.blotter.unresolved()\n        ),\n        reconciled",
        "for order in state.blotter.unresolved() if order.filled\n        ),\n        reconciled",
        10,
    ),
    # ------------------------------------------------------------------ intent before action
    Fault(
        "what is appended is taken for durable",
        "live/runtime.py",
        "committed = self.records.journal.committed_seq",
        "committed = self.records.journal.last_seq",
        100,
    ),
    Fault(
        "the outbox does not wait for the journal",
        "live/outbox.py",
        "elif seq <= committed_seq or (failed and lowers_risk(effect)):",
        "elif seq <= committed_seq + 10**9 or (failed and lowers_risk(effect)):",
        80,
    ),
    Fault(
        "every order is believed to lower risk",
        "live/outbox.py",
        "return effect.reduces if isinstance(effect, RiskApproved) else True",
        "return True",
        80,
    ),
    Fault(
        "an order that was taken back is sent all the same",
        "live/outbox.py",
        "return order is not None and order.state in SENDABLE",
        "return order is not None",
        100,
    ),
    Fault(
        "what a failed commit held is lost",
        "journal/store.py",
        "            self._buffer = batch.followed_by(self._buffer)\n",
        "            self._buffer = self._buffer\n",
        100,
    ),
    # ------------------------------------------------------------------ limits
    *(
        Fault(f"{name}: {wrong}", "core/risk.py", old, new, seeds)
        for name, wrong, old, new, seeds in (
            (
                "sizes",
                "a cap is not met",
                "bound.used <= bound.cap,",
                "bound.used < bound.cap,",
                60,
            ),
            (
                "sizes",
                "a hair over passes",
                "bound.used <= bound.cap,",
                'bound.used <= bound.cap * Decimal("1.00001"),',
                60,
            ),
            (
                "rate",
                "one more a minute",
                "picture.orders_last_minute < _rate(order, picture.limits),",
                "picture.orders_last_minute <= _rate(order, picture.limits),",
                60,
            ),
            (
                "rate",
                "one less a minute",
                "picture.orders_last_minute < _rate(order, picture.limits),",
                "picture.orders_last_minute + 1 < _rate(order, picture.limits),",
                60,
            ),
            (
                "collar",
                "the bound itself is outside",
                'inside = worst <= bound if order.side == "buy" else worst >= bound',
                'inside = worst < bound if order.side == "buy" else worst > bound',
                80,
            ),
            (
                "collar",
                "one side has none",
                'inside = worst <= bound if order.side == "buy" else worst >= bound',
                'inside = worst <= bound if order.side == "buy" else True',
                60,
            ),
        )
    ),
    Fault(
        "rejections in a row: one too many",
        "core/marks.py",
        "if state.rejects_in_row >= rejects",
        "if state.rejects_in_row > rejects",
        80,
    ),
    Fault(
        "day loss: the cap itself does not pull",
        "core/marks.py",
        'if cap is not None and loss >= cap and state.trading_state == "ACTIVE":',
        'if cap is not None and loss > cap and state.trading_state == "ACTIVE":',
        200,
    ),
    Fault(
        "drawdown: the cap itself does not pull",
        "core/marks.py",
        'if cap is not None and drawdown >= cap and state.trading_state != "HALTED":',
        'if cap is not None and drawdown > cap and state.trading_state != "HALTED":',
        100,
    ),
    Fault(
        "an unknown order does not count",
        "core/orders.py",
        "return 0 if self.state in TERMINAL else self.intent.quantity - self.filled",
        'return 0 if self.state in TERMINAL or self.state == "unknown" else self.intent.quantity - self.filled',
        100,
    ),
    # ------------------------------------------------------------------ states and restarts
    Fault(
        "a halt is not written down",
        "core/step.py",
        "        self.outcomes.append(outcome)\n        self.state.apply_outcome(outcome)\n",
        "        if type(outcome).__name__ != 'TradingStateChanged':\n"
        "            self.outcomes.append(outcome)\n        self.state.apply_outcome(outcome)\n",
        10,
    ),
    Fault(
        "a start lifts a halt",
        "core/state.py",
        "        # Timers of the time before are set again by whoever still needs them.\n",
        "        self.trading_state = 'ACTIVE'\n",
        80,
    ),
    Fault(
        "a halt leaves what adds risk in the market",
        "core/stops.py",
        '    cancel_added_risk(step, why("state", state=state.trading_state), None)\n',
        "",
        100,
    ),
    Fault(
        "the timer that asks again is lost",
        "core/asking.py",
        '    if order.absent or order.state == "unknown":\n        step.timer(',
        "    if order.absent > 5:\n        step.timer(",
        100,
    ),
    Fault(
        "orders decided and not sent are forgotten by a start",
        "core/state.py",
        'self.blotter.mark(order.intent.client_order_id, "unknown", self.now)',
        'self.blotter.mark(order.intent.client_order_id, "rejected", self.now)',
        100,
    ),
    Fault(
        "recovery leaves the outcomes of a step out",
        "live/recovery.py",
        "kernel.recover_outcome(row.now, journal.decode_outcome(row))",
        "row.index > 3 or kernel.recover_outcome(row.now, journal.decode_outcome(row))",
        80,
    ),
    Fault(
        "a checkpoint is one step off",
        "live/recovery.py",
        "        seq, kernel.state = begun\n",
        "        seq, kernel.state = begun\n        seq += 1\n",
        100,
    ),
    Fault(
        "the reserve is not read",
        "live/recovery.py",
        "    if reserve is not None:\n",
        "    if reserve is not None and reserve.last_seq < 0:\n",
        150,
    ),
    # ------------------------------------------------------------------ money
    Fault(
        "the fee is dropped",
        "core/ledger.py",
        "        amounts.append((event.fee_currency, MONEY.minus(event.fee)))\n    elif",
        "    elif",
        10,
    ),
    Fault(
        "the fee has the wrong sign",
        "core/ledger.py",
        "        amounts.append((event.fee_currency, MONEY.minus(event.fee)))\n    elif",
        "        amounts.append((event.fee_currency, event.fee))\n    elif",
        10,
    ),
    Fault(
        "the multiplier is forgotten",
        "core/ledger.py",
        "price = MONEY.multiply(instrument.price(event.price), instrument.multiplier)",
        "price = instrument.price(event.price)",
        10,
    ),
    Fault(
        "a partial close rounds the cost down",
        "core/ledger.py",
        "return raw.quantize(quantum, rounding=ROUND_HALF_EVEN, context=_ROUNDING)",
        "return raw.quantize(quantum, rounding='ROUND_DOWN', context=_ROUNDING)",
        100,
    ),
    Fault(
        "a partial close leaves the cost whole",
        "core/ledger.py",
        "rest_cost = rest_value if flipped else MONEY.subtract(position.cost, closed_cost)",
        "rest_cost = rest_value if flipped else position.cost",
        100,
    ),
    Fault(
        "a deposit told twice counts twice",
        "core/ledger.py",
        "        if (account, movement_id) in self._movements:\n            return False\n",
        "",
        10,
    ),
)
