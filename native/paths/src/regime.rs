//! Markov regimes with Gaussian log returns (Hamilton 1989).

use crate::block::Model;
use crate::error::Error;
use crate::generator::{Generator, LANES, Lanes};
use crate::stake::Stake;

/// States, each with a mean and deviation of log returns; the first step draws from the start's law.
#[derive(Clone, Debug)]
pub struct Regime {
    start: Vec<f64>,
    rows: Vec<Vec<f64>>,
    laws: Vec<(f64, f64)>,
    now: Option<[usize; LANES]>,
    stake: Stake,
}

impl Regime {
    /// States by their chances at the start, the chances of the next from each, and (mean, deviation) of each.
    ///
    /// # Errors
    /// If there is no state, lengths differ, a row of chances does not add up to 1, or a figure is out of bound.
    pub fn new(
        start: &[f64],
        transition: &[Vec<f64>],
        laws: Vec<(f64, f64)>,
        stake: Stake,
    ) -> Result<Self, Error> {
        let states = laws.len();
        let fits = states > 0 && transition.len() == states;
        #[allow(clippy::cast_precision_loss, reason = "a count for a message")]
        Error::unless(fits, "states", transition.len() as f64, "one row of chances and one law each")?;
        for &(mean, deviation) in &laws {
            Error::unless(mean.is_finite(), "mean", mean, "finite")?;
            Error::unless(
                deviation >= 0.0 && deviation.is_finite(),
                "deviation",
                deviation,
                ">= 0 and finite",
            )?;
        }
        let rows: Result<_, _> = transition.iter().map(|row| cumulated(row, states)).collect();
        Ok(Self { start: cumulated(start, states)?, rows: rows?, laws, now: None, stake })
    }

    fn drawn(&self, before: Option<usize>, uniform: f64) -> usize {
        let row = before.and_then(|state| self.rows.get(state)).unwrap_or(&self.start);
        row.iter().position(|edge| uniform < *edge).unwrap_or(self.laws.len() - 1)
    }
}

/// Cumulated chances; the last possible state takes what rounding leaves.
fn cumulated(row: &[f64], states: usize) -> Result<Vec<f64>, Error> {
    let sum: f64 = row.iter().sum();
    Error::unless(
        row.len() == states && (sum - 1.0).abs() < 1e-9,
        "row of chances",
        sum,
        "one for each state, 1 in all",
    )?;
    for &chance in row {
        Error::unless((0.0..=1.0).contains(&chance), "chance", chance, "in [0, 1]")?;
    }
    let last = row.iter().rposition(|chance| *chance > 0.0).unwrap_or(0);
    let mut so_far = 0.0;
    Ok(row
        .iter()
        .enumerate()
        .map(|(state, chance)| {
            so_far += chance;
            if state >= last { 1.0 } else { so_far }
        })
        .collect())
}

impl Model for Regime {
    #[inline(always)]
    fn step(&mut self, generator: &mut Generator) -> Lanes {
        let uniforms = generator.uniforms();
        let mut out = generator.normals();
        let before = self.now;
        let mut now = [0; LANES];
        for (lane, (state, uniform)) in now.iter_mut().zip(&uniforms).enumerate() {
            *state = self.drawn(before.and_then(|all| all.get(lane).copied()), *uniform);
        }
        for (x, state) in out.iter_mut().zip(&now) {
            let (mean, deviation) = self.laws.get(*state).copied().unwrap_or_default();
            *x = mean + deviation * *x;
        }
        self.now = Some(now);
        self.stake.of_logs(&mut out);
        out
    }
}
