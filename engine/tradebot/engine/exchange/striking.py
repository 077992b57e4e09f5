"""Faults that wait for no event: whose they are and who lets them happen."""

from collections.abc import Sequence

from tradebot.engine.exchange.face import Face, Floor
from tradebot.engine.exchange.faults import Fault, FaultRefused
from tradebot.engine.exchange.words import FaceName

_S = 1_000_000_000


class Striker:
    """Lets due faults happen, at the exchange or at a face."""

    def __init__(self, floor: Floor, faces: Sequence[Face]) -> None:
        self._floor = floor
        self._faces: dict[FaceName, Face] = {face.name: face for face in faces}

    def arm(self, fault: Fault) -> None:
        """Arm a fault, and let it happen if it waits for nothing.

        Raises:
            FaultRefused: If its venue is not spoken here, or there is nothing for it to strike.
        """
        if fault.venue not in self._faces:
            spoken = ", ".join(self._faces)
            raise FaultRefused(f"venue must be one of {spoken}, was {fault.venue}")
        self._floor.faults.arm(fault, self._floor.exchange.clock.now())
        self.strike_due()

    def strike_due(self) -> None:
        """Let the faults happen whose time has come."""
        for fault in self._floor.faults.due(self._floor.exchange.clock.now()):
            self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        match fault.fault:
            case "clock":
                self._floor.skew[fault.venue] = fault.seconds(-10.0)
            case "bust":
                self._floor.exchange.bust(self._execution(fault))
            case "correction":
                number = self._execution(fault)
                one = self._floor.exchange.books.executions[number - 1]
                listing = self._floor.exchange.listings[one.listing]
                moved = int(fault.args.get("ticks", 1)) * listing.tick
                quantity = int(fault.args.get("quantity", one.quantity))
                self._floor.exchange.correct(number, price=one.price + moved, quantity=quantity)
            case _:
                self._faces[fault.venue].strike(fault)

    def _execution(self, fault: Fault) -> int:
        """Return the execution a fault means: the one it names, or the venue's newest that counts."""
        books = self._floor.exchange.books
        if "execution" in fault.args:
            return int(fault.args["execution"])
        for one in reversed(books.standing_executions()):
            if books.accounts[one.account].terms.face == fault.venue:
                return one.number
        raise FaultRefused(f"{fault.fault} needs an execution at {fault.venue}, there is none yet")
