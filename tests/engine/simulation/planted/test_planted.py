"""Prove the prover: each planted fault is found within its number of seeds, and the copy without one is clean."""

from pathlib import Path

import pytest
from tests.engine.simulation.planted.faults import FAULTS
from tests.engine.simulation.planted.planting import Fault, plant, simulate

QUICK = {"a fill told twice is booked twice", "an unknown order is taken for rejected"}
"""Planted in every run; the others where there is time."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if fault.name in QUICK else pytest.mark.slow)
        for fault in FAULTS
    ],
)
def test_a_planted_fault_is_found_within_its_number_of_seeds(fault: Fault, tmp_path: Path) -> None:
    found = simulate(plant(fault, tmp_path), fault.seeds)
    assert found.failed, f"{fault.name}: not found within {fault.seeds} seeds"


def test_at_least_twenty_five_faults_are_planted() -> None:
    assert len({fault.name for fault in FAULTS}) >= 25
