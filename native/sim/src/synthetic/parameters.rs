//! What an invented market is made of, and the bounds of each number.

use crate::error::Error;

/// Largest start price in units: leaves room for a hundredfold rise within an `i64`, and is exact as an `f64`.
const PRICE_MAX: i64 = 1 << 52;

/// Largest mean order size in lots.
const SIZE_MAX: i64 = 1 << 30;

/// Settings of an invented market. Rates are per second of its own time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Fair price at the start (where a history ends), price units, a multiple of `tick`, at least `1000` ticks.
    pub start_price: i64,
    /// Price step, price units, > 0.
    pub tick: i64,
    /// Quantity step, quantity units, > 0.
    pub lot: i64,
    /// Mean quoted spread in ticks, in [1, 50].
    pub spread_ticks: f64,
    /// Standard deviation of the fair value's relative change over one second, in [0, 0.01].
    pub volatility: f64,
    /// Mean number of jumps of the fair value an hour, in [0, 3600].
    pub jumps_per_hour: f64,
    /// Mean number of new limit orders a second beyond those that rebuild the touch, in [0, 500].
    pub arrivals_per_second: f64,
    /// Mean number of cancels a second beyond those of stale orders, in [0, 500].
    pub cancels_per_second: f64,
    /// Mean number of orders a second that take, beyond those that hit stale quotes, in [0, 200].
    pub takes_per_second: f64,
    /// Mean size of an order in lots, in [1, 2^30].
    pub size_lots: i64,
    /// Price levels a side that are kept filled, in [30, 200].
    pub levels: u32,
}

impl Parameters {
    /// Usual settings around the three numbers that an instrument fixes.
    pub const fn usual(start_price: i64, tick: i64, lot: i64) -> Self {
        Self {
            start_price,
            tick,
            lot,
            spread_ticks: 1.6,
            volatility: 0.000_1,
            jumps_per_hour: 4.0,
            arrivals_per_second: 40.0,
            cancels_per_second: 30.0,
            takes_per_second: 3.0,
            size_lots: 20,
            levels: 40,
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first number outside its bound.
    pub fn check(&self) -> Result<(), Error> {
        whole("tick", "in [1, 2^52 / 1000]", self.tick, 1, PRICE_MAX / 1000)?;
        whole("lot", "in [1, 2^24]", self.lot, 1, 1 << 24)?;
        whole("size_lots", "in [1, 2^30]", self.size_lots, 1, SIZE_MAX)?;
        let name = "start_price";
        whole(name, "at least 1000 ticks and at most 2^52", self.start_price, 1000 * self.tick, PRICE_MAX)?;
        if self.start_price % self.tick != 0 {
            let bound = "a multiple of tick";
            return Err(Error::Parameter { name, bound, value: self.start_price.to_string() });
        }
        whole("levels", "in [30, 200]", i64::from(self.levels), 30, 200)?;
        real("spread_ticks", "in [1, 50]", self.spread_ticks, 1.0, 50.0)?;
        real("volatility", "in [0, 0.01]", self.volatility, 0.0, 0.01)?;
        real("jumps_per_hour", "in [0, 3600]", self.jumps_per_hour, 0.0, 3600.0)?;
        real("arrivals_per_second", "in [0, 500]", self.arrivals_per_second, 0.0, 500.0)?;
        real("cancels_per_second", "in [0, 500]", self.cancels_per_second, 0.0, 500.0)?;
        real("takes_per_second", "in [0, 200]", self.takes_per_second, 0.0, 200.0)
    }
}

fn whole(name: &'static str, bound: &'static str, value: i64, min: i64, max: i64) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, bound, value: value.to_string() })
}

/// Also refuses NaN, which is in no range.
fn real(name: &'static str, bound: &'static str, value: f64, min: f64, max: f64) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, bound, value: value.to_string() })
}
