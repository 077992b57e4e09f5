"""What is traded in a simulation: two instruments whose figures make caps reachable to the last unit."""

from decimal import Decimal

from tradebot.data.instruments import Instrument, InstrumentId, Rules
from tradebot.engine.core.types import Owner

THIRD = Owner("gamma")
"""The sleeve that trades both instruments, beside the sleeves of each and the hand."""

CURRENCY = "USD"
"""Quote currency of both instruments, and the engine's."""

ALPHA = Instrument(
    id=InstrumentId("sim:ALPHA"),
    kind="spot",
    base="ALPHA",
    currency=CURRENCY,
    price_scale=2,
    quantity_scale=3,
    rules=(Rules(tick=1, lot=1, notional_min=Decimal(1)),),
)
"""Units of 0.01 and 0.001, near 100.00."""

BETA = Instrument(
    id=InstrumentId("sim:BETA"),
    kind="future",
    base="BETA",
    currency=CURRENCY,
    price_scale=1,
    quantity_scale=0,
    multiplier=Decimal("0.5"),
    rules=(Rules(tick=5, lot=1, quantity_max=5_000),),
)
"""Contracts of half a BETA, ticks of 0.5, near 400.0."""

INSTRUMENTS = (ALPHA, BETA)

START_PRICE: dict[InstrumentId, int] = {ALPHA.id: 100_00, BETA.id: 400_0}
"""In price units."""

BY_ID: dict[InstrumentId, Instrument] = {instrument.id: instrument for instrument in INSTRUMENTS}
