//! How many paths, how long, from which seed, and what is watched on the way.

use crate::error::Error;

/// What to simulate, whatever the model.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub(crate) paths: usize,
    pub(crate) steps: u32,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) antithetic: bool,
    pub(crate) target: Option<f64>,
    pub(crate) ruin: Option<f64>,
}

impl Plan {
    /// A plan; `threads` 0 takes what the machine has; with `antithetic` paths 2i and 2i + 1 are partners.
    ///
    /// # Errors
    /// If paths or steps are out of bound, or antithetic paths are not even in number.
    pub fn new(paths: usize, steps: u32, seed: u64, threads: usize, antithetic: bool) -> Result<Self, Error> {
        #[allow(clippy::cast_precision_loss, reason = "a figure for a message")]
        let count = paths as f64;
        Error::unless((1..=1 << 30).contains(&paths), "paths", count, "in [1, 2^30]")?;
        Error::unless(!antithetic || paths % 2 == 0, "paths", count, "even where they are antithetic")?;
        Error::unless(steps > 0, "steps", f64::from(steps), ">= 1")?;
        Ok(Self { paths, steps, seed, threads, antithetic, target: None, ruin: None })
    }

    /// Watch levels of wealth as multiples of its start: a target above 1, a ruin level below 1.
    ///
    /// # Errors
    /// If one is on the wrong side of 1.
    pub fn watching(mut self, target: Option<f64>, ruin: Option<f64>) -> Result<Self, Error> {
        if let Some(level) = target {
            Error::unless(level > 1.0 && level.is_finite(), "target", level, "> 1, a multiple of the start")?;
        }
        if let Some(level) = ruin {
            Error::unless(level > 0.0 && level < 1.0, "ruin", level, "in (0, 1), a share of the start")?;
        }
        self.target = target.map(f64::ln);
        self.ruin = ruin.map(f64::ln);
        Ok(self)
    }
}
