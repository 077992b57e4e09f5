//! Candles from before the market opened for us.
//!
//! The same fair value walks first, from where it will end at the start price, and prints on both sides of it without a
//! book (some 40 ns a step, so a day takes under a tenth of a second); then the book is built around where it ended, so
//! that candles and book meet.

use super::fair::{floor, real};
use super::{STEP_NS, STEPS_PER_SECOND, SyntheticMarket};
use crate::error::Error;

/// Longest history: 400 days.
const SPAN_MAX_NS: i64 = 400 * 86_400 * 1_000_000_000;

/// Most candles of one call.
const BARS_MAX: i64 = 1_000_000;

/// Most levels one step is taken to have swept.
const SWEPT_LEVELS_MAX: i64 = 40;

/// Share of the levels a move passes that are hit before they are pulled: makes the volume of these candles that of the
/// live book at the default parameters (measured: 130 to 128 in ten minutes).
const HIT_BEFORE_PULLED: f64 = 0.25;

/// One candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it closed, relative to the market's start, ns, <= 0.
    pub close_offset_ns: i64,
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
    /// Quantity traded.
    pub volume: i64,
}

impl SyntheticMarket {
    /// Lets the market have lived `span_ns` before its start and returns `bars` equal candles of that time, oldest
    /// first. A candle without a print repeats the last price with volume 0.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless every bar lasts at least a step, there are at most 10^6, and the span is at most 400 days.
    pub fn history(&mut self, span_ns: i64, bars: i64) -> Result<Vec<Bar>, Error> {
        if !(STEP_NS..=SPAN_MAX_NS).contains(&span_ns) {
            let (name, bound) = ("span_ns", "at least a step (50 ms) and at most 400 days");
            return Err(Error::Parameter { name, bound, value: span_ns.to_string() });
        }
        let steps = span_ns / STEP_NS;
        if !(1..=steps.min(BARS_MAX)).contains(&bars) {
            let (name, bound) = ("bars", "in [1, 10^6] and at most one for each step (50 ms) of the span");
            return Err(Error::Parameter { name, bound, value: bars.to_string() });
        }
        self.fair.begin_so_as_to_end_here(steps);
        let mut last = floor(self.fair.ticks()) * self.parameters.tick;
        let mut touch = self.fair.quotes(self.parameters.spread_ticks).0;
        let mut candles = Vec::new();
        let mut done = 0;
        for number in 1..=bars {
            let until = share(steps, number, bars);
            let close_offset_ns = share(span_ns, number, bars) - span_ns;
            let mut bar = Bar { close_offset_ns, open: last, high: last, low: last, close: last, volume: 0 };
            while done < until {
                done += 1;
                touch = self.step_without_book(&mut bar, touch);
            }
            last = bar.close;
            candles.push(bar);
        }
        self.rebuild_book()?;
        Ok(candles)
    }

    /// Whether a step or an order has come, after which there can be no history.
    pub const fn began(&self) -> bool {
        self.began
    }

    /// The fair value moves from a best bid of `touch` ticks; the levels it moves through are hit, and takers print at
    /// the quotes around it. Returns the best bid after.
    fn step_without_book(&mut self, bar: &mut Bar, touch: i64) -> i64 {
        self.fair.advance();
        let takers = self.random.poisson(self.parameters.takes_per_second / STEPS_PER_SECOND);
        let (bid, ask) = self.fair.quotes(self.parameters.spread_ticks);
        for _ in 0..(bid - touch).abs().min(SWEPT_LEVELS_MAX) {
            if self.random.chance(HIT_BEFORE_PULLED) {
                self.print_one(bar, if bid > touch { ask } else { bid });
            }
        }
        for _ in 0..takers {
            let ticks = if self.random.chance(0.5) { bid } else { ask };
            self.print_one(bar, ticks);
        }
        bid
    }

    fn print_one(&mut self, bar: &mut Bar, ticks: i64) {
        let lots = floor(real(self.parameters.size_lots) * 0.5 * self.random.pareto()).max(1);
        print(bar, ticks * self.parameters.tick, lots * self.parameters.lot);
    }

    fn rebuild_book(&mut self) -> Result<(), Error> {
        self.engine = orderbook::MatchingEngine::new();
        self.began = true;
        self.fill_book()
    }
}

fn print(bar: &mut Bar, price: i64, quantity: i64) {
    if bar.volume == 0 {
        (bar.open, bar.high, bar.low) = (price, price, price);
    }
    bar.high = bar.high.max(price);
    bar.low = bar.low.min(price);
    bar.close = price;
    bar.volume = bar.volume.saturating_add(quantity);
}

/// `number` of `count` equal parts of a whole, rounded down.
fn share(whole: i64, number: i64, count: i64) -> i64 {
    let part = i128::from(whole) * i128::from(number) / i128::from(count);
    i64::try_from(part).unwrap_or(whole)
}
