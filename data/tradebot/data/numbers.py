"""Exact numbers from text: plain decimals to integer units, and the scale a column of texts needs.

No float anywhere: venues send prices and quantities as decimal text, and the books rest on integers.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from tradebot.data.errors import ScaleError
from tradebot.data.instruments import SCALE_MAX, UNITS_MAX

_PLAIN = re.compile(r"[0-9]{1,40}(?:\.[0-9]{0,40})?")
_DIGITS_MAX = 40
"""Longest whole or fractional part that is read at all; anything longer is junk, not a number."""
_TEXTS_CACHED = 65_536
"""Texts whose units are remembered: the same prices and sizes come again and again."""
_DIGITS_SAFE = 18
"""Any number of this many digits fits an i64."""
_OFF_STEP_ONE_IN = 1_000
_FOLD_AT = 100_000
"""Distinct texts kept before they are folded into the tally: bounds memory on long recordings."""


@lru_cache(maxsize=_TEXTS_CACHED)
def units_from_text(text: str, scale: int) -> int:
    """Return a plain non-negative decimal text as integer units of 10**-scale, exactly.

    Args:
        text: Digits, at most one point, no sign, no exponent: `"61837.63000000"`.
        scale: Decimals of a unit, in [0, SCALE_MAX].

    Raises:
        ScaleError: If the text is not a plain decimal, has more significant decimals than `scale`,
            or does not fit an i64.
    """
    whole, _, fraction = text.partition(".")
    if len(fraction) > scale:
        fraction = fraction.rstrip("0")
        if len(fraction) > scale:
            raise ScaleError(f"number must have at most {scale} decimals, was {text[:60]!r}")
    digits = whole + fraction.ljust(scale, "0")
    plain = whole and digits.isascii() and digits.isdigit()
    if not plain or len(whole) > _DIGITS_MAX:
        raise ScaleError(f"number must be plain decimal digits, was {text[:60]!r}")
    units = int(digits)
    if units > UNITS_MAX:
        raise ScaleError(f"number must be at most {UNITS_MAX}e-{scale}, was {text[:60]!r}")
    return units


def text_from_units(units: int, scale: int) -> str:
    """Return integer units of 10**-scale as the shortest exact decimal text.

    Args:
        units: The integer, of either sign.
        scale: Decimals of a unit, >= 0.
    """
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(scale + 1, "0")
    if scale == 0:
        return sign + digits
    fraction = digits[-scale:].rstrip("0")
    return sign + digits[:-scale] + ("." + fraction if fraction else "")


class NumberSurvey:
    """Learns from the texts of one column which scale and step they need."""

    def __init__(self) -> None:
        self._texts: Counter[str] = Counter()
        self._shapes: Counter[tuple[int, int]] = Counter()
        self._steps: dict[int, int] = {}  # by decimals: what all such numbers are multiples of

    def add(self, texts: Iterable[str]) -> None:
        """Take note of some numbers; texts that are not plain decimals are passed over."""
        self._texts.update(texts)
        if len(self._texts) > _FOLD_AT:
            self._fold()

    def scale(self) -> int:
        """Return the fewest decimals that hold every number seen, in [0, SCALE_MAX].

        Where the widest and the finest number cannot live in one i64, the rarer kind is given up,
        so that one damaged line cannot spoil the scale of all the others.
        """
        self._fold()
        shapes = {shape: count for shape, count in self._shapes.items() if shape[1] <= SCALE_MAX}
        while shapes:
            whole = max(shape[0] for shape in shapes)
            decimals = max(shape[1] for shape in shapes)
            if whole + decimals <= _DIGITS_SAFE:
                return decimals
            widest = [shape for shape in shapes if shape[0] == whole]
            finest = [shape for shape in shapes if shape[1] == decimals]
            rarer = min(widest, finest, key=lambda group: sum(shapes[shape] for shape in group))
            for shape in rarer:
                del shapes[shape]
        return 0

    def step(self, scale: int) -> int:
        """Return the step practically all numbers are multiples of, in units of 10**-scale, >= 1.

        One number in a thousand may lie off it: Binance's books hold a few quantities below its own lot.
        """
        self._fold()
        known = sum(count for shape, count in self._shapes.items() if shape[1] <= SCALE_MAX)
        seen, step = 0, 0
        for decimals in sorted(self._steps):
            seen += sum(count for shape, count in self._shapes.items() if shape[1] == decimals)
            step = math.gcd(step, self._steps[decimals])
            if (known - seen) * _OFF_STEP_ONE_IN <= known:
                break
        return max(1, step // 10 ** (SCALE_MAX - scale))

    def _fold(self) -> None:
        for text, count in self._texts.items():
            if _PLAIN.fullmatch(text) is None:
                continue
            whole, _, fraction = text.partition(".")
            decimals = len(fraction.rstrip("0"))
            self._shapes[len(whole.lstrip("0")), decimals] += count
            if decimals <= SCALE_MAX:
                units = int(whole + fraction[:SCALE_MAX].ljust(SCALE_MAX, "0"))
                self._steps[decimals] = math.gcd(self._steps.get(decimals, 0), units)
        self._texts.clear()
