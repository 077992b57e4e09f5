"""The exchange as a program: faces and control on 127.0.0.1, one line when ready, an end when asked."""

import asyncio
import importlib
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

import msgspec

from tradebot.engine.exchange.clock import Clock
from tradebot.engine.exchange.control import Control
from tradebot.engine.exchange.exchange import Exchange
from tradebot.engine.exchange.face import Face, Floor
from tradebot.engine.exchange.faults import Fault, Faults
from tradebot.engine.exchange.kept import Kept
from tradebot.engine.exchange.market import Flow, Listing
from tradebot.engine.exchange.opening import accounts, listings
from tradebot.engine.exchange.striking import Striker
from tradebot.engine.exchange.web import HOST, WebServer
from tradebot.engine.exchange.words import FaceName

_PACE_S = 0.01
"""Between two looks at what is due."""


class FaceMissing(ValueError):  # noqa: N818  (what happened, not a kind of error)
    """A face is asked for that is not built; the text is one line."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the program is started with."""

    ports: dict[FaceName, int]
    """Faces to speak as, and where; 0 lets the system choose."""
    seed: int
    always_open: bool = False
    faults: tuple[Fault, ...] = ()
    port_control: int = 0


class _Module(Protocol):
    def open_face(self, floor: Floor, port: int) -> Face: ...


def open_face(name: FaceName, floor: Floor, port: int) -> Face:
    """Return a face of the exchange.

    Raises:
        FaceMissing: If it is not built.
    """
    module = f"tradebot.engine.exchange.{name}.face"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in (module, module.rpartition(".")[0]):
            raise
        raise FaceMissing(
            f"the exchange does not speak {name} yet; leave it out of --speak"
        ) from error
    return cast(_Module, found).open_face(floor, port)


class Program:
    """The exchange with its servers.

    Args of the constructor:
        plan: What it is started with.
        clock: The venue's time.
        listed: What is traded in the place of the usual listings.
        flows: Crowds by listing key in the place of the seeded ones.
        kept: Keeps all that comes in and does it again at the start; `clock` is then its clock.
    """

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        listed: Sequence[Listing] | None = None,
        flows: Mapping[str, Flow] | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._plan = plan
        names = tuple(plan.ports)
        self.exchange = Exchange(
            clock,
            plan.seed,
            listings(names, always_open=plan.always_open) if listed is None else listed,
            accounts(names, plan.seed),
            flows,
        )
        self._kept = kept
        self.floor = Floor(self.exchange, Faults(), kept)
        self.faces = [open_face(name, self.floor, port) for name, port in plan.ports.items()]
        self.striker = Striker(self.floor, self.faces)
        self._control = WebServer(
            self.floor.doors.web("control", Control(self.floor, self.striker)), plan.port_control
        )
        self._pace: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the ports and let time pass. Raises OSError if a port is taken; then none stays open."""
        if self._kept is not None:
            self._kept.replay(self)
        try:
            await self._control.start()
            for face in self.faces:
                await face.start()
        except OSError:
            await self.close()
            raise
        for fault in self._plan.faults:
            if self._kept is not None:
                self._kept.armed(fault)
            self.arm(fault)
        self._pace = asyncio.create_task(self._keep_pace())

    async def close(self) -> None:
        """End faces, connections and time."""
        if self._pace is not None:
            self._pace.cancel()
            await asyncio.gather(self._pace, return_exceptions=True)
        for face in self.faces:
            await face.close()
        await self._control.close()

    def ready(self) -> dict[str, object]:
        """Return the ready line."""
        return {
            "ready": True,
            "seed": self._plan.seed,
            "time": self.exchange.clock.now(),
            **{face.name: face.facts() for face in self.faces},
            "control": f"http://{HOST}:{self._control.port}",
        }

    @property
    def pace(self) -> asyncio.Task[None] | None:
        """Return the task that lets time pass; it ends only by a fault of ours."""
        return self._pace

    async def _keep_pace(self) -> None:
        while True:
            if self._kept is not None:
                self._kept.ticked()
            self.step()
            await asyncio.sleep(_PACE_S)

    def arm(self, fault: Fault) -> None:
        """Arm a fault."""
        self.striker.arm(fault)

    def step(self) -> None:
        """Do all that is due."""
        now = self.exchange.clock.now()
        self.exchange.advance(now)
        for face in self.faces:
            face.advance(now)
        self.striker.strike_due()


async def serve(program: Program, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; say the ready line once.

    Raises:
        OSError: If a port is taken.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    await program.start()
    try:
        say(msgspec.json.encode(program.ready()).decode())
        asked = asyncio.create_task(ending.wait())
        pace = program.pace
        tasks = {asked} if pace is None else {asked, pace}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if pace is not None and pace in done:
            pace.result()
        asked.cancel()
    finally:
        await program.close()
