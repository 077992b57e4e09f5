"""What looks after a running engine: log, alerts, telemetry, heartbeat, and the words to systemd.

All of it hangs on the observers of a step and on the turns of the loop; nothing here waits for disk or network.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from tradebot.engine.alerts.heartbeat import Heartbeat, Pulse
from tradebot.engine.alerts.limit import Limiter
from tradebot.engine.alerts.notices import Notice, notices_of
from tradebot.engine.alerts.watch import Watch, unprotected_text
from tradebot.engine.config.models import Config
from tradebot.engine.core.events import Event
from tradebot.engine.core.execution import VenueEffect
from tradebot.engine.core.outcomes import AnyOutcome
from tradebot.engine.core.risk import RiskApproved
from tradebot.engine.core.types import SECOND
from tradebot.engine.extras import NO_OPS
from tradebot.engine.live.clock import Clock
from tradebot.engine.live.errors import CannotRun
from tradebot.engine.live.runtime import Runtime
from tradebot.engine.live.service import EngineService
from tradebot.engine.observability.lines import LogEvent
from tradebot.engine.observability.logs import LogSink
from tradebot.engine.observability.order_life import SUBMIT, order_steps
from tradebot.engine.observability.order_log import log_order_step
from tradebot.engine.observability.sample import sample
from tradebot.engine.state_folder import FolderFacts
from tradebot.engine.systemd.notify import Notifier

if TYPE_CHECKING:  # both load libraries of the extra `ops`, only where they are configured
    from tradebot.engine.alerts.sender import AlertSender
    from tradebot.engine.observability.otlp import Telemetry

LOOK_EVERY = SECOND
"""How often time alone is looked at, ns."""

log = structlog.get_logger()


class Operations:
    """Everything that watches one engine; made before its first event, closed after its last."""

    def __init__(
        self,
        runtime: Runtime,
        config: Config,
        logs: LogSink,
        *,
        name: str,
        clock: Clock,
        notifier: Notifier,
    ) -> None:
        """Prepare what is configured and hang it on the runtime; nothing is sent yet.

        Raises:
            CannotRun: If an alert's address is none, or a library that is needed is not installed.
        """
        self._runtime = runtime
        self._state = runtime.kernel.state
        self._clock = clock
        self._logs = logs
        self._notifier = notifier
        self._stack = ExitStack()
        self._stack.callback(notifier.close)
        self._service: EngineService | None = None
        self._limiter = Limiter(config.alerts.level)
        self._watch = Watch(config.alerts.quiet_minutes)
        self._title = f"tradebot {name} ({config.engine.mode})"
        self._sender = self._alerts(config)
        self._telemetry = self._exporters(config, name)
        self._pulse = Pulse(clock.monotonic_ns(), "starting", 0)
        self._heartbeat(config)
        self._undurable = 0
        self._look_at = 0
        self._why = "failed"
        runtime.observers.append(self._stepped)
        runtime.settled.append(self._settled)

    # ------------------------------------------------------------------------ a run's course

    def started(self, before: FolderFacts | None) -> None:
        """Tell that the engine has begun, and for how long it was down."""
        self._tell(
            Notice(kind="start", level="info", text=since_when(before, self._clock.system_ns()))
        )

    def ready(self, service: EngineService, doing: str) -> None:
        """Tell systemd that clients are answered, and watch the loop from now on.

        Args:
            service: The engine as clients see it.
            doing: What it does, in a few words.
        """
        self._service = service
        self._notifier.say("READY=1", f"STATUS={doing}")

    def turned(self) -> None:
        """Take that the loop has turned once more: the only place from which the watchdog is fed."""
        now = self._clock.monotonic_ns()
        if now < self._look_at:
            return
        self._look_at = now + self._every()
        state = self._state
        self._pulse = Pulse(now, state.trading_state, self._runtime.seq)
        status = f"STATUS={state.trading_state}, {len(state.blotter.open())} orders working"
        self._notifier.say("WATCHDOG=1", status)
        consoles = 0 if self._service is None else self._service.consoles
        for notice in (*self._watch.look(state, now, consoles), *self._limiter.digests(now)):
            self._tell(notice)
        if self._telemetry is not None:
            self._telemetry.sampled(
                sample(
                    state,
                    seq=self._runtime.seq,
                    now=self._runtime.now,
                    queues=self._queues(),
                    lag_ms=0.0 if self._service is None else self._service.lag_ms,
                )
            )

    def stopping(self, reason: str) -> None:
        """Take that the loop has ended, and why."""
        self._why = reason
        self._notifier.say("STOPPING=1", f"STATUS=stopping: {reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        failed = error is not None
        why = f"{type(error).__name__}: {error}" if failed else self._why
        text = f"the engine ended: {why}{unprotected_text(self._state)}"
        self._tell(Notice(kind="stop", level="error" if failed else "info", text=text))
        self._stack.close()

    # ------------------------------------------------------------------------ what it hangs on

    def _stepped(self, seq: int, now: int, event: Event, outcomes: list[AnyOutcome]) -> None:
        for step in order_steps(self._state, seq, now, event, outcomes):
            log_order_step(step)
            if self._telemetry is not None:
                self._telemetry.order(step)
                self._undurable = seq if step.word == SUBMIT else self._undurable
        if self._sender is not None:
            for notice in notices_of(self._state, event, outcomes):
                self._tell(notice)

    def _settled(self, now: int, durable_seq: int, effects: list[VenueEffect]) -> None:
        if self._telemetry is None:
            return
        sent = tuple(
            effect.item.order.client_order_id
            for effect in effects
            if isinstance(effect, RiskApproved)
        )
        if sent or 0 < self._undurable <= durable_seq:
            self._undurable = 0 if self._undurable <= durable_seq else self._undurable
            self._telemetry.durable(durable_seq, now, sent)

    def _tell(self, notice: Notice) -> None:
        if self._sender is not None and (
            notice.kind == "digest" or self._limiter.admit(notice, self._clock.monotonic_ns())
        ):
            self._sender.send(notice)

    def _every(self) -> int:
        """Return how long until the next look, ns: often enough for the watchdog."""
        watchdog = self._notifier.watchdog_ns
        return LOOK_EVERY if watchdog is None else min(LOOK_EVERY, watchdog // 2)

    def _queues(self) -> dict[str, int]:
        return {
            "inbox": len(self._runtime.inbox),
            "outbox": len(self._runtime.outbox),
            "journal": int(self._runtime.records.journal.pending),
            "log": self._logs.waiting,
            "telemetry": 0 if self._telemetry is None else self._telemetry.waiting,
            "alerts": 0 if self._sender is None else self._sender.waiting,
        }

    # ------------------------------------------------------------------------ what is configured

    def _alerts(self, config: Config) -> "AlertSender | None":
        if not config.alerts.to:
            return None
        try:
            from tradebot.engine.alerts.sender import AlertSender, UnknownAddress
        except ImportError as error:
            raise CannotRun(f"alerts.to {NO_OPS}", 3) from error
        try:
            sender = AlertSender(config.alerts.to, self._title)
        except UnknownAddress as error:
            raise CannotRun(str(error), 3) from error
        sender.start()
        self._stack.callback(sender.close)
        return sender

    def _exporters(self, config: Config, name: str) -> "Telemetry | None":
        endpoint = config.telemetry.endpoint
        if endpoint is None:
            return None
        try:
            from tradebot.engine.observability.otlp import Telemetry
        except ImportError as error:
            raise CannotRun(f"telemetry.endpoint {NO_OPS}", 3) from error
        resource = {
            "service.name": config.telemetry.service_name,
            "service.instance.id": self._state.engine_id,
            "tradebot.engine": name,
            "tradebot.mode": config.engine.mode,
        }
        telemetry = Telemetry(endpoint, resource, os.environ)
        telemetry.start()
        self._logs.also.append(_lines_to(telemetry, self._clock))
        self._stack.callback(telemetry.close)
        return telemetry

    def _heartbeat(self, config: Config) -> None:
        url = config.engine.heartbeat_url
        if url is not None:
            heartbeat = Heartbeat(url, lambda: self._pulse, self._clock.monotonic_ns)
            heartbeat.start()
            self._stack.callback(heartbeat.close)


def since_when(before: FolderFacts | None, now: int) -> str:
    """Return what to say of a start: how long the engine was down, and how it had ended.

    Args:
        before: The folder as it was found; None where there was none.
        now: System clock, ns UTC.
    """
    if before is None:
        return "the engine started for the first time"
    if before.last_exit is not None:
        down, why = now - before.last_exit.when, f"it had ended: {before.last_exit.reason}"
    elif before.last_written is not None:
        down, why = now - before.last_written, "it had been killed, or the machine went down"
    else:
        return "the engine started"
    return f"the engine started after {spoken(max(0, down))} down; {why}"


def spoken(ns: int) -> str:
    """Return a span as a person says it: `42 s`, `3 min`, `5 h 12 min`, `2 d 3 h`."""
    seconds = ns // SECOND
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _lines_to(telemetry: "Telemetry", clock: Clock) -> Callable[[LogEvent], None]:
    def line(event: LogEvent) -> None:
        telemetry.line(clock.system_ns(), event)

    return line
