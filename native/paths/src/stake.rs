//! What share of wealth is staked, and what that makes of an asset's return.

use crate::error::Error;
use crate::generator::Lanes;
use crate::maths;

/// Wealth that is lost whole falls to this factor; nothing brings it back within an `f64`.
const NOTHING: f64 = 1e-300;

/// A share of wealth in the asset, brought back to it at each step; the rest earns a rate.
#[derive(Clone, Copy, Debug)]
pub struct Stake {
    fraction: f64,
    cash: f64,
    whole: bool,
}

impl Stake {
    /// A share in [0, 1000] and what cash grows by in a step, > -1.
    ///
    /// # Errors
    /// If one is outside its bound.
    pub fn new(fraction: f64, cash: f64) -> Result<Self, Error> {
        Error::unless((0.0..=1_000.0).contains(&fraction), "fraction", fraction, "in [0, 1000]")?;
        Error::unless(cash > -1.0 && cash.is_finite(), "cash", cash, "> -1 and finite")?;
        Ok(Self { fraction, cash, whole: (fraction - 1.0).abs() < f64::EPSILON })
    }

    /// ln of wealth's growth, from the asset's simple return; a loss of all or more is a loss of all.
    #[inline(always)]
    pub(crate) fn of_simple(self, simple: f64) -> f64 {
        let growth = 1.0 + self.fraction * simple + (1.0 - self.fraction) * self.cash;
        maths::ln(maths::at_least(growth, NOTHING))
    }

    /// Turn log returns of the asset into those of wealth.
    #[inline(always)]
    pub(crate) fn of_logs(self, logs: &mut Lanes) {
        if !self.whole {
            for x in logs {
                *x = self.of_simple(maths::exp(*x) - 1.0);
            }
        }
    }
}
