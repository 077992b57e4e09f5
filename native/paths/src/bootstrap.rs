//! Block bootstraps of recorded returns: stationary (Politis, Romano 1994) and circular (1992), both wrapping round.

use crate::block::Model;
use crate::error::Error;
use crate::generator::{Generator, LANES, Lanes};
use crate::stake::Stake;

/// Recorded simple returns, drawn in blocks.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    logs: Vec<f64>,
    length: u32,
    /// Below this, of 2^32, a block ends; None: every `block` steps.
    restart: Option<u64>,
    block: u32,
    at: [u32; LANES],
    left: u32,
}

impl Bootstrap {
    /// Blocks of mean (stationary) or fixed (circular, a whole number) length `block` >= 1.
    ///
    /// # Errors
    /// If a return is not finite or below -1, there are none or more than 2^31, or the block is out of bound.
    pub fn new(returns: &[f64], block: f64, circular: bool, stake: Stake) -> Result<Self, Error> {
        for &x in returns {
            Error::unless(x >= -1.0 && x.is_finite(), "a return", x, ">= -1 and finite")?;
        }
        let length = u32::try_from(returns.len()).unwrap_or(u32::MAX);
        Error::unless((1..=1 << 31).contains(&length), "returns", f64::from(length), "1 to 2^31 figures")?;
        Error::unless((1.0..=2_147_483_648.0).contains(&block), "block", block, "in [1, 2^31]")?;
        let whole = (block - block.round()).abs() < f64::EPSILON;
        Error::unless(!circular || whole, "block", block, "a whole number where blocks are circular")?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in [1, 2^31], checked above"
        )]
        let (whole, chance) = (block.round() as u32, (4_294_967_296.0 / block).round() as u64);
        Ok(Self {
            logs: returns.iter().map(|x| stake.of_simple(*x)).collect(),
            length,
            restart: (!circular).then_some(chance),
            block: whole,
            at: [0; LANES],
            left: 0,
        })
    }
}

/// A place in [0, length) from the upper 32 bits.
#[inline(always)]
fn place(bits: u64, length: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "below length, which is a u32")]
    let found = (((bits >> 32) * u64::from(length)) >> 32) as u32;
    found
}

impl Model for Bootstrap {
    #[inline(always)]
    fn step(&mut self, generator: &mut Generator) -> Lanes {
        let length = self.length;
        if let Some(restart) = self.restart {
            let first = self.left == 0;
            for (at, bits) in self.at.iter_mut().zip(generator.bits()) {
                let next = if *at + 1 == length { 0 } else { *at + 1 };
                let anew = first || (bits & 0xFFFF_FFFF) < restart;
                *at = if anew { place(bits, length) } else { next };
            }
            self.left = 1;
        } else if self.left == 0 {
            for (at, bits) in self.at.iter_mut().zip(generator.bits()) {
                *at = place(bits, length);
            }
            self.left = self.block - 1;
        } else {
            for at in &mut self.at {
                *at = if *at + 1 == length { 0 } else { *at + 1 };
            }
            self.left -= 1;
        }
        let mut out = [0.0; LANES];
        for (x, at) in out.iter_mut().zip(&self.at) {
            *x = self.logs.get(*at as usize).copied().unwrap_or_default();
        }
        out
    }
}
