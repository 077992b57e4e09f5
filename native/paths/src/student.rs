//! Student-t returns: simple ones, floored at -1, since e^t has no mean.

use crate::block::Model;
use crate::error::Error;
use crate::generator::{Generator, Lanes};
use crate::maths;
use crate::stake::Stake;

/// Simple returns mean + deviation sqrt((nu - 2) / nu) t, each on its own.
#[derive(Clone, Copy, Debug)]
pub struct Student {
    mean: f64,
    scale: f64,
    degrees: f64,
    stake: Stake,
}

impl Student {
    /// Returns of a mean and a standard deviation with `degrees` > 2 of freedom.
    ///
    /// # Errors
    /// If a figure is outside its bound.
    pub fn new(mean: f64, deviation: f64, degrees: f64, stake: Stake) -> Result<Self, Error> {
        Error::unless(mean.is_finite(), "mean", mean, "finite")?;
        Error::unless(deviation >= 0.0 && deviation.is_finite(), "deviation", deviation, ">= 0 and finite")?;
        Error::unless(degrees > 2.0 && degrees.is_finite(), "degrees", degrees, "> 2 and finite")?;
        Ok(Self { mean, scale: deviation * ((degrees - 2.0) / degrees).sqrt(), degrees, stake })
    }
}

impl Model for Student {
    /// Bailey's polar form (1994, Math.Comp. 62:779): sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V) is exactly t.
    #[inline(always)]
    fn step(&mut self, generator: &mut Generator) -> Lanes {
        let radii = generator.uniforms();
        let turns = generator.uniforms();
        let mut out = [0.0; crate::generator::LANES];
        let power = -2.0 / self.degrees;
        for (x, (a, b)) in out.iter_mut().zip(radii.iter().zip(&turns)) {
            let grown = maths::exp(power * maths::ln(1.0 - *a)) - 1.0;
            let (_, cos) = maths::sin_cos_turn(*b);
            *x = (self.degrees * maths::at_least(grown, 0.0)).sqrt() * cos;
        }
        if generator.is_mirrored() {
            let (low, high) = out.split_at_mut(crate::generator::LANES / 2);
            for (x, y) in low.iter().zip(high) {
                *y = -*x;
            }
        }
        for x in &mut out {
            *x = self.stake.of_simple(maths::at_least(self.mean + self.scale * *x, -1.0));
        }
        out
    }
}
