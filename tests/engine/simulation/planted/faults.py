"""The planted faults: each a few words changed in the real modules, with the seeds within which it must be found."""

from tests.engine.simulation.planted.planting import Fault

_LIMIT_FILES = {
    "sizes": "core/size_limits.py",
    "rate": "core/risk.py",
    "collar": "core/price_collar.py",
}

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
        200,
    ),
    Fault(
        "a fill told twice is booked twice",
        "core/booking.py",
        '    if known is not None and not (anew and known.state == "busted"):',
        "    if known is not None and known.owner == 'nobody':",
        200,
    ),
    Fault(
        "a fill after a cancel is dropped",
        "core/booking.py",
        "    owner = state.owner_of(event)\n    trouble",
        "    order = state.blotter.get(event.client_order_id)\n"
        "    if order is not None and order.state == 'cancelled':\n        return False\n"
        "    owner = state.owner_of(event)\n    trouble",
        200,
    ),
    Fault(
        "the cursor of fills runs ahead of what was booked",
        "core/asking.py",
        "since=max(account.newest_fill - overlap, 0)",
        "since=step.state.now",
        200,
    ),
    Fault(
        "an unknown order is taken for rejected",
        "core/orders.py",
        'return in_state(order, "unknown", event.reason, now)',
        'return in_state(order, "rejected", event.reason, now)',
        200,
    ),
    Fault(
        "absent once is absent for ever",
        "core/orders.py",
        "    if order.absent == 0:\n",
        "    if order.absent == 5:\n",
        200,
    ),
    Fault(
        "a cancel without an answer is taken for done",
        "core/blotter.py",
        'state = "unknown" if order.state == "unknown" else "pending_cancel"',
        'state = "unknown" if order.state == "unknown" else "cancelled"',
        200,
    ),
    Fault(
        "a rejected cancel ends the order",
        "core/orders.py",
        'return in_state(order, state, f"cancel: {event.reason}", now)',
        'return in_state(order, "cancelled", f"cancel: {event.reason}", now)',
        200,
    ),
    Fault(
        "fills of an order on equal terms are taken for one",
        "core/booking.py",
        "    owner = state.owner_of(event)\n    trouble",
        "    if any(one.terms == terms_of(event) for one in state.executions._known.values()):\n"
        "        return False\n    owner = state.owner_of(event)\n    trouble",
        200,
    ),
    Fault(
        "a second fill of an order is old news at the door",
        "live/runtime.py",
        "        if seen or blotter.get(event.client_order_id) is not None:\n            return True",
        "        known = blotter.get(event.client_order_id)\n"
        "        if known is not None:\n            return not known.filled",
        200,
    ),
    Fault(
        "fills are asked for from behind the newest on",
        "core/asking.py",
        "since=max(account.newest_fill - overlap, 0)",
        "since=account.newest_fill + 1",
        200,
    ),
    Fault(
        "the first absent of an unknown order is a rejection",
        "core/orders.py",
        "    if not event.found:\n        return _absent(order, now)",
        "    if not event.found:\n        return in_state(order, 'rejected', 'absent', now)",
        200,
    ),
    Fault(
        "an unknown order does not stop new risk",
        "core/step.py",
        "for order in state.blotter.unresolved()\n        ),\n        reconciled",
        "for order in state.blotter.unresolved() if order.filled\n        ),\n        reconciled",
        200,
    ),
    # ------------------------------------------------------------------ intent before action
    Fault(
        "what is appended is taken for durable",
        "live/runtime.py",
        "committed = self.records.journal.committed_seq",
        "committed = self.records.journal.last_seq",
        200,
    ),
    Fault(
        "the outbox does not wait for the journal",
        "live/outbox.py",
        "elif seq <= committed_seq or (failed and lowers_risk(effect)):",
        "elif seq <= committed_seq + 10**9 or (failed and lowers_risk(effect)):",
        200,
    ),
    Fault(
        "every order is believed to lower risk",
        "live/outbox.py",
        "return effect.reduces if isinstance(effect, RiskApproved) else True",
        "return True",
        200,
    ),
    Fault(
        "an order that was taken back is sent all the same",
        "live/outbox.py",
        "return order is not None and order.state in SENDABLE",
        "return order is not None",
        200,
    ),
    Fault(
        "what a failed commit held is lost",
        "journal/store.py",
        "            self._buffer = batch.followed_by(self._buffer)\n",
        "            self._buffer = self._buffer\n",
        200,
    ),
    # ------------------------------------------------------------------ limits
    *(
        Fault(f"{name}: {wrong}", _LIMIT_FILES[name], old, new, seeds)
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
        200,
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
        200,
    ),
    Fault(
        "an unknown order does not count",
        "core/orders.py",
        "return 0 if self.state in TERMINAL else self.intent.quantity - self.filled",
        'return 0 if self.state in TERMINAL or self.state == "unknown" else self.intent.quantity - self.filled',
        200,
    ),
    # ------------------------------------------------------------------ states and restarts
    Fault(
        "a halt is not written down",
        "core/step.py",
        "        self.outcomes.append(outcome)\n        self.state.apply_outcome(outcome)\n",
        "        if type(outcome).__name__ != 'TradingStateChanged':\n"
        "            self.outcomes.append(outcome)\n        self.state.apply_outcome(outcome)\n",
        200,
    ),
    Fault(
        "a start lifts a halt",
        "core/state.py",
        "        # Timers of the time before are set again by whoever still needs them.\n",
        "        self.trading_state = 'ACTIVE'\n",
        200,
    ),
    Fault(
        "a halt leaves what adds risk in the market",
        "core/stops.py",
        '    cancel_added_risk(step, why("state", state=state.trading_state), None)\n',
        "",
        200,
    ),
    Fault(
        "orders decided and not sent are forgotten by a start",
        "core/state.py",
        'self.blotter.mark(order.intent.client_order_id, "unknown", self.now)',
        'self.blotter.mark(order.intent.client_order_id, "rejected", self.now)',
        200,
    ),
    Fault(
        "recovery leaves the outcomes of a step out",
        "live/recovery.py",
        "kernel.recover_outcome(row.now, journal.decode_outcome(row))",
        "row.index > 3 or kernel.recover_outcome(row.now, journal.decode_outcome(row))",
        200,
    ),
    Fault(
        "a checkpoint is one step off",
        "live/recovery.py",
        "        seq, kernel.state = begun\n",
        "        seq, kernel.state = begun\n        seq += 1\n",
        200,
    ),
    Fault(
        "the reserve is not read",
        "live/recovery.py",
        "    if reserve is not None:\n",
        "    if reserve is not None and reserve.last_seq < 0:\n",
        200,
    ),
    # ------------------------------------------------------------------ from an outside examiner
    Fault(
        "max_order valued at mark, not at its limit",
        "core/size_limits.py",
        "    own = _notional(exposure, order.quantity, price)\n    after",
        "    own = _notional(exposure, order.quantity, exposure.mark or price)\n    after",
        200,
    ),
    Fault(
        "max_position forgets working orders",
        "core/size_limits.py",
        "    after = _notional(exposure, exposure.worst(extra), price)",
        "    after = _notional(exposure, exposure.quantity + extra, price)",
        200,
    ),
    Fault(
        "max_open_risk: met exactly is refused",
        "core/size_limits.py",
        "            bound.used <= bound.cap,",
        "            bound.used < bound.cap if bound.code == 'max_open_risk' else bound.used <= bound.cap,",
        200,
    ),
    Fault(
        "max_gross: met exactly is refused",
        "core/size_limits.py",
        "            bound.used <= bound.cap,",
        "            bound.used < bound.cap if bound.code == 'max_gross' else bound.used <= bound.cap,",
        250,
    ),
    Fault(
        "a paused sleeve trades on",
        "core/step.py",
        "sleeve_paused=intent.owner != HAND and (sleeve is None or sleeve.paused is not None),",
        "sleeve_paused=intent.owner != HAND and sleeve is None,",
        200,
    ),
    Fault(
        "not reconciled: risk before the first report",
        "core/accounts.py",
        "        self.started = started\n        self.reconciled = False\n        self.standing = {}",
        "        self.started = started\n        self.standing = {}",
        200,
    ),
    Fault(
        "stream down: risk goes on",
        "core/state.py",
        "            account.stream = event.state\n",
        "            account.stream = 'up'\n",
        200,
    ),
    Fault(
        "resume: with open differences",
        "core/stops.py",
        'if state.trading_state == "HALTED" and differing:',
        'if state.trading_state == "NEVER" and differing:',
        200,
    ),
    Fault(
        "a trailing stop follows down",
        "core/held.py",
        "return best if (best - trigger) * way >= pace else trigger",
        "return best if abs(best - trigger) >= pace else trigger",
        200,
    ),
    Fault(
        "a GTD order is never ended here",
        "core/expiry.py",
        "    step.cancel(intent, why(EXPIRED_HERE, tif=intent.tif))\n",
        "",
        200,
    ),
    Fault(
        "restart: expiries not set again",
        "core/kernel.py",
        "            set_expiries(step)\n",
        "",
        200,
    ),
    Fault(
        "effects are queued under the step before",
        "live/runtime.py",
        "self.outbox.put(self.seq, outcome)",
        "self.outbox.put(self.seq - 1, outcome)",
        200,
    ),
    Fault(
        "max_gross leaves others' working orders out",
        "core/size_limits.py",
        "            total += _worst_notional(exposure) or Decimal(0)",
        "            total += _notional(exposure, exposure.quantity, exposure.mark or Decimal(0))",
        200,
    ),
    Fault(
        "rejections in a row: > written as not <=",
        "core/marks.py",
        "if state.rejects_in_row >= rejects",
        "if not state.rejects_in_row <= rejects",
        200,
    ),
    Fault(
        "rate: the order a minute ago counts still",
        "core/step.py",
        "orders_last_minute=sum(1 for sent in times if sent > since),",
        "orders_last_minute=sum(1 for sent in times if sent >= since),",
        200,
    ),
    Fault(
        "rate: replacements do not count",
        "core/state.py",
        "            case Replace():\n                self._submitted(outcome.order)",
        "            case Replace():\n                self._submitted(outcome.order)\n"
        "                self.sent[outcome.order.owner].pop()",
        200,
    ),
    Fault(
        "collar: wide at the very spread",
        "core/price_collar.py",
        "/ mid > limits.wide_spread",
        "/ mid >= limits.wide_spread",
        200,
    ),
    Fault(
        "a fill after a cancel leaves the order's count",
        "core/orders.py",
        "    filled = order.filled + event.quantity\n    full",
        "    if order.state == 'cancelled':\n        return order\n"
        "    filled = order.filled + event.quantity\n    full",
        200,
    ),
    Fault(
        "legs are never placed",
        "core/legs.py",
        "            _more(step, entry, role, covered - total)",
        "            pass",
        200,
    ),
    Fault(
        "what was placed elsewhere is passed over",
        "core/reconcile.py",
        "    find_orders(step, event)\n",
        "",
        200,
    ),
    # ------------------------------------------------------------------ money
    Fault(
        "the fee is dropped",
        "core/ledger.py",
        "        amounts.append((event.fee_currency, MONEY.minus(event.fee)))\n    elif",
        "    elif",
        200,
    ),
    Fault(
        "the fee has the wrong sign",
        "core/ledger.py",
        "        amounts.append((event.fee_currency, MONEY.minus(event.fee)))\n    elif",
        "        amounts.append((event.fee_currency, event.fee))\n    elif",
        200,
    ),
    Fault(
        "the multiplier is forgotten",
        "core/ledger.py",
        "price = MONEY.multiply(instrument.price(event.price), instrument.multiplier)",
        "price = instrument.price(event.price)",
        200,
    ),
    Fault(
        "a partial close rounds the cost down",
        "core/ledger.py",
        "return raw.quantize(quantum, rounding=ROUND_HALF_EVEN, context=_ROUNDING)",
        "return raw.quantize(quantum, rounding='ROUND_DOWN', context=_ROUNDING)",
        200,
    ),
    Fault(
        "a partial close leaves the cost whole",
        "core/ledger.py",
        "rest_cost = rest_value if flipped else MONEY.subtract(position.cost, closed_cost)",
        "rest_cost = rest_value if flipped else position.cost",
        200,
    ),
    # ------------------------------------------------------------------ owners
    Fault(
        "a late fee is the hand's, whose ever the execution was",
        "core/booking.py",
        "            owner = execution.owner\n            told =",
        "            owner = Owner('hand')\n            told =",
        60,
    ),
    Fault(
        "a flatten closes the first owner's whole position first",
        "core/flatten.py",
        "    shares = {owner: lots * abs(held) // total for owner, held in same}\n",
        "    shares, left = {}, lots\n    for owner, held in same:\n"
        "        shares[owner] = min(left, abs(held) // lot)\n        left -= shares[owner]\n",
        100,
    ),
    Fault(
        "a deposit told twice counts twice",
        "core/ledger.py",
        "        if (account, movement_id) in self._movements:\n            return False\n",
        "",
        200,
    ),
)
