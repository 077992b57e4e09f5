"""The planted faults: each a few words changed in the real modules, with the seeds within which it must be found."""

from tests.engine.simulation.planted.planting import Fault

FAULTS: tuple[Fault, ...] = (
    Fault(
        "fills are told apart by their order, not by their execution",
        "core/orders.py",
        "return execution_id in self._executions",
        "return execution_id.partition(':')[0] in self._executions",
        20,
    ),
)
