"""The moving-average cross in backtesting.py and in backtrader, on a CSV of daily bars; prints their trades as JSON.

Run in an environment of its own:
`uv run --no-project --with backtesting --with backtrader python sma_cross.py bars.csv`.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import backtesting
import backtrader
import pandas as pd

SHARES, FAST, SLOW, CASH = 100, 20, 50, 10_000_000


def mean(values, window):
    return pd.Series(values).rolling(window).mean()


class Cross(backtesting.Strategy):
    def init(self):
        self.fast = self.I(mean, self.data.Close, FAST)
        self.slow = self.I(mean, self.data.Close, SLOW)

    def next(self):
        if self.fast[-1] > self.slow[-1]:
            if not self.position:
                self.buy(size=SHARES)
        elif self.position:
            self.position.close()


class CrossToo(backtrader.Strategy):
    def __init__(self):
        self.fast = backtrader.indicators.SimpleMovingAverage(self.data.close, period=FAST)
        self.slow = backtrader.indicators.SimpleMovingAverage(self.data.close, period=SLOW)
        self.done = []
        self.entry = None

    def next(self):
        if self.fast[0] > self.slow[0]:
            if not self.position:
                self.buy(size=SHARES)
        elif self.position:
            self.close()

    def notify_order(self, order):
        if order.status != order.Completed:
            return
        at = [backtrader.num2date(order.executed.dt).date().isoformat(), order.executed.price]
        if order.isbuy():
            self.entry = at
        else:
            self.done.append([*self.entry, *at])


def main(path):
    frame = pd.read_csv(path, index_col="Date", parse_dates=True)
    stats = backtesting.Backtest(frame, Cross, cash=CASH, commission=0).run()
    trades = stats["_trades"]
    one = [
        [a.date().isoformat(), b, c.date().isoformat(), d]
        for a, b, c, d in zip(
            trades.EntryTime, trades.EntryPrice, trades.ExitTime, trades.ExitPrice, strict=True
        )
    ]
    cerebro = backtrader.Cerebro()
    cerebro.addstrategy(CrossToo)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame))
    cerebro.broker.setcash(CASH)
    (other,) = cerebro.run()
    print(json.dumps({"backtesting": one, "backtrader": other.done}))


main(sys.argv[1])
