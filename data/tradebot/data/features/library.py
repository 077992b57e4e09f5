"""The named features. Prices enter as floats: a feature says where to look, money is never computed from it.

Sources: Wilder (1978) for `rsi` and `atr`, here with his smoothing 1/n begun at the first value; Parkinson (1980) for
`parkinson`; RiskMetrics (1996) for `ewma_volatility`; Stoikov (2018) for the first order of `micro_price`.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping

import polars as pl

from tradebot.data.features.feature import BadFeature, Feature, Row, Step, checked, checked_decay
from tradebot.data.features.steps import (
    Read,
    against_before,
    column,
    deviation,
    mean,
    quotient,
    recursion,
    windowed,
)

_CLOSE = pl.col("close")
_LOG_RETURN = (_CLOSE / _CLOSE.shift(1)).log()
_RANGE = pl.max_horizontal(
    pl.col("high") - pl.col("low"),
    (pl.col("high") - _CLOSE.shift(1)).abs(),
    (pl.col("low") - _CLOSE.shift(1)).abs(),
)


def _log_return() -> Read:
    return against_before("close", lambda now, last: math.log(now / last))


def _safe(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator != 0).then(numerator / denominator)


def simple_return() -> Feature:
    """Return close / close before - 1."""
    return Feature(
        "simple_return",
        ("close",),
        1,
        _CLOSE / _CLOSE.shift(1) - 1,
        lambda: against_before("close", lambda now, last: now / last - 1),
    )


def log_return() -> Feature:
    """Return ln(close / close before)."""
    return Feature("log_return", ("close",), 1, _LOG_RETURN, _log_return)


def momentum(n: int) -> Feature:
    """Return close / close n rows ago - 1; n >= 1."""
    n = checked("momentum", n, 1)

    def start() -> Step:
        return windowed(column("close"), n + 1, lambda window: window[-1] / window[0] - 1)

    return Feature(f"momentum_{n}", ("close",), n, _CLOSE / _CLOSE.shift(n) - 1, start)


def sma(n: int) -> Feature:
    """Return the mean of n closes; n >= 1."""
    n = checked("sma", n, 1)
    return Feature(
        f"sma_{n}",
        ("close",),
        n - 1,
        _CLOSE.rolling_mean(n),
        lambda: windowed(column("close"), n, mean),
    )


def ema(n: int) -> Feature:
    """Return the exponential mean of closes with alpha = 2 / (n + 1), begun at the first close; n >= 1."""
    n = checked("ema", n, 1)
    alpha = 2 / (n + 1)
    return Feature(
        f"ema_{n}",
        ("close",),
        0,
        _CLOSE.ewm_mean(alpha=alpha, adjust=False),
        lambda: recursion(column("close"), alpha),
        recursive=True,
    )


def zscore(n: int) -> Feature:
    """Return (close - mean) / standard deviation of n closes (n - 1); undefined where they do not differ; n >= 2."""
    n = checked("zscore", n, 2)
    middle, spread = _CLOSE.rolling_mean(n), _CLOSE.rolling_std(n)

    def score(window: deque[float]) -> float | None:
        # Closes that are all the same differ by rounding only.
        return (
            None if max(window) == min(window) else (window[-1] - mean(window)) / deviation(window)
        )

    flat = _CLOSE.rolling_max(n) == _CLOSE.rolling_min(n)
    expression = pl.when(~flat).then((_CLOSE - middle) / spread)
    return Feature(
        f"zscore_{n}", ("close",), n - 1, expression, lambda: windowed(column("close"), n, score)
    )


def volatility(n: int) -> Feature:
    """Return the standard deviation of n log returns (n - 1), per row; n >= 2."""
    n = checked("volatility", n, 2)
    return Feature(
        f"volatility_{n}",
        ("close",),
        n,
        _LOG_RETURN.rolling_std(n),
        lambda: windowed(_log_return(), n, deviation),
    )


def ewma_volatility(decay: float) -> Feature:
    """Return sqrt of the exponential mean of squared log returns, weight `decay` on the past; in (0, 1), often 0.94."""
    decay = checked_decay("ewma_volatility", decay)

    def start() -> Step:
        square = against_before("close", lambda now, last: math.log(now / last) ** 2)
        smooth = recursion(square, 1 - decay)

        def step(row: Row) -> float | None:
            variance = smooth(row)
            return None if variance is None else math.sqrt(variance)

        return step

    expression = (_LOG_RETURN**2).ewm_mean(alpha=1 - decay, adjust=False).sqrt()
    return Feature(f"ewma_volatility_{decay:g}", ("close",), 1, expression, start, recursive=True)


def parkinson(n: int) -> Feature:
    """Return Parkinson's volatility of n rows, sqrt(mean(ln(high / low)^2) / (4 ln 2)); n >= 1."""
    n = checked("parkinson", n, 1)
    factor = 4 * math.log(2)

    def start() -> Step:
        return windowed(
            lambda row: math.log(row["high"] / row["low"]) ** 2,
            n,
            lambda window: math.sqrt(mean(window) / factor),
        )

    squares = (pl.col("high") / pl.col("low")).log() ** 2
    # A rolling mean of squares may come out a rounding below 0.
    expression = (squares.rolling_mean(n).clip(0) / factor).sqrt()
    return Feature(f"parkinson_{n}", ("high", "low"), n - 1, expression, start)


def atr(n: int) -> Feature:
    """Return Wilder's average true range, smoothing 1/n begun at the second row; n >= 1."""
    n = checked("atr", n, 1)

    def start() -> Step:
        before: float | None = None

        def true_range(row: Row) -> float | None:
            nonlocal before
            last, before = before, row["close"]
            if last is None:
                return None
            return max(row["high"] - row["low"], abs(row["high"] - last), abs(row["low"] - last))

        return recursion(true_range, 1 / n)

    known = pl.when(_CLOSE.shift(1).is_not_null()).then(_RANGE)
    expression = known.ewm_mean(alpha=1 / n, adjust=False)
    return Feature(f"atr_{n}", ("high", "low", "close"), 1, expression, start, recursive=True)


def rsi(n: int) -> Feature:
    """Return Wilder's relative strength index in [0, 100], smoothing 1/n; undefined while nothing moved; n >= 1."""
    n = checked("rsi", n, 1)

    def start() -> Step:
        up = recursion(against_before("close", lambda now, last: max(now - last, 0.0)), 1 / n)
        down = recursion(against_before("close", lambda now, last: max(last - now, 0.0)), 1 / n)

        def step(row: Row) -> float | None:
            gained, lost = up(row), down(row)
            return None if gained is None or lost is None else _index(gained, lost)

        return step

    change = _CLOSE.diff()
    gained = change.clip(lower_bound=0).ewm_mean(alpha=1 / n, adjust=False)
    lost = (-change).clip(lower_bound=0).ewm_mean(alpha=1 / n, adjust=False)
    expression = 100 * _safe(gained, gained + lost)
    return Feature(f"rsi_{n}", ("close",), 1, expression, start, recursive=True)


def _index(gained: float, lost: float) -> float | None:
    share = quotient(gained, gained + lost)
    return None if share is None else 100 * share


def drawdown() -> Feature:
    """Return close / highest close so far - 1, in (-1, 0]."""

    def start() -> Step:
        peak = -math.inf

        def step(row: Row) -> float | None:
            nonlocal peak
            peak = max(peak, row["close"])
            return row["close"] / peak - 1

        return step

    return Feature("drawdown", ("close",), 0, _CLOSE / _CLOSE.cum_max() - 1, start, recursive=True)


def range_position(n: int) -> Feature:
    """Return where the close stands between lowest low and highest high of n rows, in [0, 1]; undefined in no range."""
    n = checked("range_position", n, 1)

    def start() -> Step:
        low = windowed(column("low"), n, min)
        high = windowed(column("high"), n, max)

        def step(row: Row) -> float | None:
            bottom, top = low(row), high(row)
            return (
                None
                if bottom is None or top is None
                else quotient(row["close"] - bottom, top - bottom)
            )

        return step

    bottom, top = pl.col("low").rolling_min(n), pl.col("high").rolling_max(n)
    expression = _safe(_CLOSE - bottom, top - bottom)
    return Feature(f"range_position_{n}", ("high", "low", "close"), n - 1, expression, start)


def volume_ratio(n: int) -> Feature:
    """Return volume over the mean of n volumes, this row's among them; undefined where nothing traded; n >= 1."""
    n = checked("volume_ratio", n, 1)

    def ratio(window: deque[float]) -> float | None:
        return quotient(window[-1], mean(window)) if any(window) else None

    volume = pl.col("volume")
    expression = pl.when(volume.rolling_max(n) > 0).then(volume / volume.rolling_mean(n))
    return Feature(
        f"volume_ratio_{n}",
        ("volume",),
        n - 1,
        expression,
        lambda: windowed(column("volume"), n, ratio),
    )


def vwap_gap(n: int) -> Feature:
    """Return close / volume-weighted typical price of n rows - 1; undefined where nothing traded; n >= 1."""
    n = checked("vwap_gap", n, 1)

    def start() -> Step:
        worth = windowed(lambda row: _typical(row) * row["volume"], n, math.fsum)
        amount = windowed(column("volume"), n, math.fsum)

        def step(row: Row) -> float | None:
            paid, traded = worth(row), amount(row)
            if paid is None or not traded:
                return None
            return row["close"] * traded / paid - 1

        return step

    typical, volume = (pl.col("high") + pl.col("low") + _CLOSE) / 3, pl.col("volume")
    paid, traded = (typical * volume).rolling_sum(n), volume.rolling_sum(n)
    expression = pl.when(volume.rolling_max(n) > 0).then(_CLOSE * traded / paid - 1)
    return Feature(f"vwap_gap_{n}", ("high", "low", "close", "volume"), n - 1, expression, start)


def _typical(row: Row) -> float:
    return (row["high"] + row["low"] + row["close"]) / 3


def spread() -> Feature:
    """Return (ask - bid) / mid, as a fraction; negative where the quote is crossed."""

    def step(row: Row) -> float:
        return 2 * (row["ask"] - row["bid"]) / (row["ask"] + row["bid"])

    bid, ask = pl.col("bid"), pl.col("ask")
    return Feature("spread", ("bid", "ask"), 0, 2 * (ask - bid) / (ask + bid), lambda: step)


def imbalance() -> Feature:
    """Return (bid size - ask size) / (bid size + ask size), in [-1, 1]; undefined where both are 0."""

    def step(row: Row) -> float | None:
        bid, ask = row["bid_size"], row["ask_size"]
        return quotient(bid - ask, bid + ask)

    bid, ask = pl.col("bid_size"), pl.col("ask_size")
    columns = ("bid_size", "ask_size")
    return Feature("imbalance", columns, 0, _safe(bid - ask, bid + ask), lambda: step)


def micro_price() -> Feature:
    """Return bid and ask weighted by the other side's size; undefined where both sizes are 0."""

    def step(row: Row) -> float | None:
        worth = row["bid"] * row["ask_size"] + row["ask"] * row["bid_size"]
        return quotient(worth, row["bid_size"] + row["ask_size"])

    near, far = pl.col("bid_size"), pl.col("ask_size")
    expression = _safe(pl.col("bid") * far + pl.col("ask") * near, near + far)
    columns = ("bid", "ask", "bid_size", "ask_size")
    return Feature("micro_price", columns, 0, expression, lambda: step)


FEATURES: Mapping[str, Callable[..., Feature]] = {
    each.__name__: each
    for each in (
        *(simple_return, log_return, momentum, sma, ema, zscore, volatility, ewma_volatility),
        *(parkinson, atr, rsi, drawdown, range_position, volume_ratio, vwap_gap),
        *(spread, imbalance, micro_price),
    )
}
"""All of them by name; what is called with a window n, a decay or nothing returns the feature."""


def feature(name: str, *settings: float) -> Feature:
    """Return a feature by its name and settings: `feature("sma", 20)`.

    Raises:
        BadFeature: If there is none of that name, or a setting is wrong.
    """
    make = FEATURES.get(name)
    if make is None:
        raise BadFeature(f"there is no feature {name!r}; there are {', '.join(FEATURES)}")
    try:
        return make(*settings)
    except TypeError as error:
        raise BadFeature(f"{name}: {error}") from error
