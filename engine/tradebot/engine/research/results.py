"""What a backtest came to, and the same as tables: trades, orders, fills, equity and benchmark in Parquet."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl

from tradebot.data.instruments import Instrument, InstrumentId
from tradebot.engine.core.events import OrderFilled
from tradebot.engine.core.outcomes import OrderIntent
from tradebot.engine.research.trades import Trade
from tradebot.engine.trial.run import Ran

_MONEY = pl.Decimal(38, 12)
_TIME = pl.Datetime("ns", "UTC")

_TRADES = {
    "instrument": pl.String,
    "owner": pl.String,
    "side": pl.String,
    "quantity": _MONEY,
    "entry_time": _TIME,
    "entry_price": _MONEY,
    "exit_time": _TIME,
    "exit_price": _MONEY,
    "fees": _MONEY,
    "pnl": _MONEY,
}
_ORDERS = {
    "client_order_id": pl.String,
    "instrument": pl.String,
    "owner": pl.String,
    "side": pl.String,
    "type": pl.String,
    "tif": pl.String,
    "quantity": _MONEY,
    "limit_price": _MONEY,
    "trigger_price": _MONEY,
    "because": pl.String,
    "created": _TIME,
}
_FILLS = {
    "execution_id": pl.String,
    "client_order_id": pl.String,
    "instrument": pl.String,
    "side": pl.String,
    "quantity": _MONEY,
    "price": _MONEY,
    "fee": _MONEY,
    "fee_currency": pl.String,
    "liquidity": pl.String,
    "ts_event": _TIME,
}
_EQUITY = {"ts": _TIME, "equity": _MONEY, "cash": _MONEY}
_BENCHMARK = {"ts": _TIME, "worth": _MONEY}

_SCALE = Decimal("1e-12")

TABLES = ("trades", "orders", "fills", "equity", "benchmark")
"""Names of the tables, each a Parquet file in the run's folder."""


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """A finished backtest."""

    ran: Ran
    trades: tuple[Trade, ...]
    equity: tuple[tuple[int, Decimal], ...]
    """(ns UTC, the account's equity): at each bar's close, else once a minute; the first point is the cash it began
    with."""
    benchmark: tuple[tuple[int, Decimal], ...] | None
    """What holding the instruments would have made, at the same moments but the first; None without a price."""

    @property
    def equity_final(self) -> Decimal:
        """Return what the account was worth at the end."""
        return self.equity[-1][1]

    @property
    def cash_final(self) -> Decimal:
        """Return what of it was cash."""
        return self.ran.moments[-1].cash if self.ran.moments else self.equity_final


def frames(result: Backtest) -> dict[str, pl.DataFrame]:
    """Return trades, orders, fills, equity and benchmark as tables; times UTC, money and quantities to 12 decimals."""
    known: dict[InstrumentId, Instrument] = {each.id: each for each in result.ran.instruments}
    _, capital = result.equity[0]
    cash = [capital, *(moment.cash for moment in result.ran.moments)]
    equity = [
        (ts, _fits(worth), _fits(held))
        for (ts, worth), held in zip(result.equity, cash, strict=True)
    ]
    line = [(ts, _fits(worth)) for ts, worth in result.benchmark or ()]
    return {
        "trades": _frame([_trade(trade) for trade in result.trades], _TRADES),
        "orders": _frame([_order(o, known[o.instrument]) for o in result.ran.submitted], _ORDERS),
        "fills": _frame([_fill(f, known[f.instrument]) for f in result.ran.fills], _FILLS),
        "equity": _frame(equity, _EQUITY),
        "benchmark": _frame(line, _BENCHMARK),
    }


def write_tables(result: Backtest, folder: Path) -> tuple[Path, ...]:
    """Write the tables as Parquet (zstd), one file each; the folder is made.

    Raises:
        OSError: If it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, frame in frames(result).items():
        path = folder / f"{name}.parquet"
        frame.write_parquet(path, compression="zstd")
        written.append(path)
    return tuple(written)


type _Cell = str | int | Decimal | None


def _frame(
    rows: Iterable[tuple[_Cell, ...]], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


def _fits(value: Decimal) -> Decimal:
    return value.quantize(_SCALE)


def _trade(trade: Trade) -> tuple[_Cell, ...]:
    return (
        trade.instrument,
        trade.owner,
        trade.side,
        _fits(trade.quantity),
        trade.entry_time,
        _fits(trade.entry_price),
        trade.exit_time,
        _fits(trade.exit_price),
        _fits(trade.fees),
        _fits(trade.pnl),
    )


def _order(order: OrderIntent, what: Instrument) -> tuple[_Cell, ...]:
    return (
        order.client_order_id,
        order.instrument,
        order.owner,
        order.side,
        order.type,
        order.tif,
        _fits(what.quantity(order.quantity)),
        None if order.limit_price is None else _fits(what.price(order.limit_price)),
        None if order.trigger_price is None else _fits(what.price(order.trigger_price)),
        None if order.because is None else order.because.text(),
        order.created,
    )


def _fill(fill: OrderFilled, what: Instrument) -> tuple[_Cell, ...]:
    return (
        fill.execution_id,
        fill.client_order_id,
        fill.instrument,
        fill.side,
        _fits(what.quantity(fill.quantity)),
        _fits(what.price(fill.price)),
        _fits(fill.fee),
        fill.fee_currency,
        fill.liquidity,
        fill.ts_event,
    )
