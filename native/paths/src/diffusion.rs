//! Geometric Brownian motion: exact at its steps.

use crate::block::Model;
use crate::error::Error;
use crate::generator::{Generator, Lanes};

/// A log drift and a volatility a step, those of wealth itself: a share that is kept all the time is in them.
#[derive(Clone, Copy, Debug)]
pub struct Diffusion {
    drift: f64,
    deviation: f64,
    bridge: bool,
}

impl Diffusion {
    /// A diffusion; with `bridge` barriers count as reached between steps too.
    ///
    /// # Errors
    /// If the drift is not finite or the deviation is negative or not finite.
    pub fn new(drift: f64, deviation: f64, bridge: bool) -> Result<Self, Error> {
        Error::unless(drift.is_finite(), "drift", drift, "finite")?;
        Error::unless(deviation >= 0.0 && deviation.is_finite(), "deviation", deviation, ">= 0 and finite")?;
        Ok(Self { drift, deviation, bridge })
    }
}

impl Model for Diffusion {
    #[inline(always)]
    fn step(&mut self, generator: &mut Generator) -> Lanes {
        let mut out = generator.normals();
        for x in &mut out {
            *x = self.drift + self.deviation * *x;
        }
        out
    }

    fn variance(&self) -> Option<f64> {
        (self.bridge && self.deviation > 0.0).then_some(self.deviation * self.deviation)
    }
}
