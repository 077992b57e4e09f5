//! The fair value that nobody sees and everybody quotes around.
//!
//! A geometric random walk in ticks whose variance clusters (GARCH(1,1) on the step, half-life about a minute) and that
//! jumps now and then. It has its own random stream: what the crowd and we do to the book does not change it.
//!
//! Source: Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity", J. Econometrics 31(3).

use super::STEPS_PER_SECOND;
use super::parameters::Parameters;
use crate::random::Random;

/// Weights of the last squared move, of the last variance, and of the long-run variance 1; they sum to 1.
const GARCH_MOVE: f64 = 0.008;
const GARCH_VARIANCE: f64 = 0.991;
const GARCH_LONG_RUN: f64 = 0.001;

/// Variance multiplier stays in this range.
const VARIANCE_MIN: f64 = 0.25;
const VARIANCE_MAX: f64 = 9.0;

/// The value stays between this part of the start and this multiple of it.
const LOWEST: f64 = 0.3;
const HIGHEST: f64 = 100.0;

#[derive(Clone, Debug)]
pub(crate) struct Fair {
    random: Random,
    ticks: f64,
    variance: f64,
    lowest: f64,
    highest: f64,
    /// Relative standard deviation of one step at variance 1.
    sigma_step: f64,
    /// Relative size of an ordinary second, the unit of jumps.
    sigma_second: f64,
    jump_chance: f64,
}

impl Fair {
    pub(crate) fn new(random: Random, parameters: &Parameters) -> Self {
        let start = real(parameters.start_price / parameters.tick);
        Self {
            random,
            ticks: start,
            variance: 1.0,
            lowest: start * LOWEST,
            highest: start * HIGHEST,
            sigma_step: parameters.volatility / STEPS_PER_SECOND.sqrt(),
            sigma_second: parameters.volatility,
            jump_chance: parameters.jumps_per_hour / (3600.0 * STEPS_PER_SECOND),
        }
    }

    /// One step on.
    pub(crate) fn advance(&mut self) {
        let z = self.random.normal();
        let mut change = self.sigma_step * self.variance.sqrt() * z;
        self.variance = (GARCH_LONG_RUN + self.variance * (GARCH_VARIANCE + GARCH_MOVE * z * z))
            .clamp(VARIANCE_MIN, VARIANCE_MAX);
        if self.random.chance(self.jump_chance) {
            let size = self.sigma_second * (4.0 + 8.0 * self.random.uniform());
            change += if self.random.chance(0.5) { size } else { -size };
            self.variance = (self.variance * 3.0).min(VARIANCE_MAX);
        }
        let next = self.ticks * (1.0 + change);
        // Reflected at its bounds; the clamp is for a step that would overshoot the other bound.
        let inside = if next < self.lowest {
            2.0 * self.lowest - next
        } else if next > self.highest {
            2.0 * self.highest - next
        } else {
            next
        };
        self.ticks = inside.clamp(self.lowest, self.highest);
    }

    /// Moves the start of the walk so that after `steps` steps it is about where it now begins: a dry run says how far
    /// it goes, and the walk is geometric, so a factor at its start is the same factor at its end. (Where the walk is
    /// reflected at a bound it ends near the wanted value, not on it.)
    pub(crate) fn begin_so_as_to_end_here(&mut self, steps: i64) {
        let mut scout = self.clone();
        for _ in 0..steps {
            scout.advance();
        }
        self.ticks = (self.ticks * (self.ticks / scout.ticks)).clamp(self.lowest, self.highest);
    }

    /// The value in ticks, with fraction.
    pub(crate) const fn ticks(&self) -> f64 {
        self.ticks
    }

    /// Standard deviation now over its long-run mean.
    pub(crate) fn unrest(&self) -> f64 {
        self.variance.sqrt()
    }

    /// Where the crowd quotes: the highest bid and lowest ask in ticks around the value, `spread` ticks apart on
    /// average when calm (the two roundings outwards add one tick on average).
    pub(crate) fn quotes(&self, spread: f64) -> (i64, i64) {
        let half = (spread - 1.0) / 2.0 * self.unrest().clamp(0.7, 2.0);
        let bid = floor(self.ticks - half);
        let ask = -floor(-self.ticks - half);
        (bid, ask.max(bid + 1))
    }
}

#[allow(clippy::cast_precision_loss, reason = "callers pass at most 2^52")]
pub(crate) const fn real(value: i64) -> f64 {
    value as f64
}

#[allow(clippy::cast_possible_truncation, reason = "callers pass values far within i64")]
pub(crate) fn floor(value: f64) -> i64 {
    value.floor() as i64
}
