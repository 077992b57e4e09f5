//! Merton's jump diffusion (1976).

use crate::block::Model;
use crate::error::Error;
use crate::generator::{Generator, Lanes};
use crate::stake::Stake;

/// So many jumps a step at most are counted.
const JUMPS_MAX: u32 = 10_000;

/// Log returns of a diffusion with jumps of log size N(mean, deviation^2), Poisson in number.
#[derive(Clone, Copy, Debug)]
pub struct Jump {
    drift: f64,
    deviation: f64,
    none: f64,
    intensity: f64,
    size: f64,
    spread: f64,
    stake: Stake,
}

impl Jump {
    /// A log drift (compensated already) and volatility a step, jumps a step, and their sizes.
    ///
    /// # Errors
    /// If a figure is outside its bound.
    pub fn new(
        (drift, deviation): (f64, f64),
        intensity: f64,
        (jump_mean, jump_deviation): (f64, f64),
        stake: Stake,
    ) -> Result<Self, Error> {
        Error::unless(drift.is_finite(), "drift", drift, "finite")?;
        Error::unless(deviation >= 0.0 && deviation.is_finite(), "deviation", deviation, ">= 0 and finite")?;
        Error::unless((0.0..=100.0).contains(&intensity), "intensity", intensity, "in [0, 100] a step")?;
        Error::unless(jump_mean.is_finite(), "jump_mean", jump_mean, "finite")?;
        let spread = jump_deviation;
        Error::unless(spread >= 0.0 && spread.is_finite(), "jump_deviation", spread, ">= 0 and finite")?;
        let none = (-intensity).exp();
        Ok(Self { drift, deviation, none, intensity, size: jump_mean, spread, stake })
    }

    /// The number of jumps by inversion: the least count whose cumulated chance is not below a uniform.
    fn count(&self, uniform: f64) -> f64 {
        let (mut chance, mut sum, mut count) = (self.none, self.none, 0);
        while uniform > sum && count < JUMPS_MAX {
            count += 1;
            chance *= self.intensity / f64::from(count);
            sum += chance;
        }
        f64::from(count)
    }
}

impl Model for Jump {
    #[inline(always)]
    fn step(&mut self, generator: &mut Generator) -> Lanes {
        let mut out = generator.normals();
        let sizes = generator.normals();
        let uniforms = generator.uniforms();
        for (x, (normal, uniform)) in out.iter_mut().zip(sizes.iter().zip(&uniforms)) {
            *x = self.drift + self.deviation * *x;
            if *uniform > self.none {
                let count = self.count(*uniform);
                *x += count * self.size + count.sqrt() * self.spread * normal;
            }
        }
        self.stake.of_logs(&mut out);
        out
    }
}
