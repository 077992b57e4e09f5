"""Rolling figures by name, so that a policy's inputs can be named by a parameter, logged and swept."""

from collections.abc import Callable
from decimal import Decimal

from tradebot.engine.core.snapshot import BarsView, MarketSnapshot

_FIGURES: dict[str, Callable[[BarsView, int], Decimal]] = {
    "mean": BarsView.mean,
    "atr": BarsView.atr,
    "high": BarsView.high,
    "low": BarsView.low,
    "deviation": BarsView.deviation,
    "close": lambda bars, back: bars[-1 - back].close,
    "volume": lambda bars, back: bars[-1 - back].volume,
}
"""What a name may ask for; `close` and `volume` count bars back, 0 is the last."""


class Features:
    """Figures of the bars a policy needs, by name: `features["1h mean 50"]`."""

    def __init__(self, snapshot: MarketSnapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, name: str) -> Decimal:
        """Return a figure.

        Args:
            name: `[SYMBOL] SPAN FIGURE N`; the symbol may be left out with one instrument.

        Raises:
            ValueError: If the name cannot be read, or there are too few bars.
        """
        *symbol, span, figure, n = name.split()
        known = _FIGURES.get(figure)
        if known is None or len(symbol) > 1 or not n.isdigit():
            raise ValueError(
                f"a feature is `[SYMBOL] SPAN FIGURE N` with one of {', '.join(_FIGURES)}, is {name!r}"
            )
        return known(self._snapshot.bars(span, symbol[0] if symbol else None), int(n))
