//! One block of paths, from its stream to its ends.

use crate::generator::{Generator, LANES, Lanes};
use crate::maths;
use crate::plan::Plan;

/// What moves wealth.
pub trait Model: Clone + Send + Sync {
    /// Wealth's log returns of the next step, one a lane.
    fn step(&mut self, generator: &mut Generator) -> Lanes;

    /// The variance of a step where barriers shall be looked for between steps by the Brownian bridge.
    fn variance(&self) -> Option<f64> {
        None
    }
}

/// A block to be walked; a value of its own, so that all of it is compiled for the processor at hand.
pub(crate) struct Walk<'a, M> {
    pub(crate) model: &'a M,
    pub(crate) plan: &'a Plan,
    pub(crate) index: u64,
}

impl<M: Model> pulp::NullaryFnOnce for Walk<'_, M> {
    type Output = Block;

    #[inline(always)]
    fn call(self) -> Block {
        Block::walk(self.model.clone(), self.plan, self.index)
    }
}

/// Where a block's paths ended.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) wealth: Lanes,
    pub(crate) drawdown: Lanes,
    pub(crate) target: Lanes,
    pub(crate) ruin: Lanes,
}

impl Block {
    /// Walk the block's paths; wealth is its logarithm, drawdown the share lost from the peak at steps, target and
    /// ruin the chance that the level was reached, 0 or 1 where only steps are looked at.
    #[inline(always)]
    pub(crate) fn walk<M: Model>(mut model: M, plan: &Plan, index: u64) -> Self {
        let mut generator = Generator::new(plan.seed, index, plan.antithetic);
        let variance = model.variance();
        let (mut x, mut peak, mut fall) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let (mut above, mut below) = ([1.0; LANES], [1.0; LANES]);
        for _ in 0..plan.steps {
            let moves = model.step(&mut generator);
            if let Some(level) = plan.target {
                survive(&mut above, &x, &moves, 1.0, level, variance);
            }
            if let Some(level) = plan.ruin {
                survive(&mut below, &x, &moves, -1.0, level, variance);
            }
            for ((x, by), (peak, fall)) in x.iter_mut().zip(&moves).zip(peak.iter_mut().zip(&mut fall)) {
                *x += by;
                *peak = maths::at_least(*peak, *x);
                *fall = maths::at_least(*fall, *peak - *x);
            }
        }
        Self {
            wealth: x,
            drawdown: fall.map(|depth| 1.0 - maths::exp(-depth)),
            target: above.map(|chance| 1.0 - chance),
            ruin: below.map(|chance| 1.0 - chance),
        }
    }
}

/// Multiply the chances of not having reached a level by those of this step: between steps a Brownian path from a to b
/// below a level reaches it with chance exp(-2 a b / variance), a and b its distances (Borodin, Salminen 2002).
#[inline(always)]
fn survive(chances: &mut Lanes, x: &Lanes, moves: &Lanes, side: f64, level: f64, variance: Option<f64>) {
    let scale = variance.map_or(0.0, |variance| -2.0 / variance);
    for (chance, (x, by)) in chances.iter_mut().zip(x.iter().zip(moves)) {
        let before = side * (level - x);
        let after = side * (level - x - by);
        let reached = if before > 0.0 && after > 0.0 {
            if variance.is_some() { maths::exp(scale * before * after) } else { 0.0 }
        } else {
            1.0
        };
        *chance *= 1.0 - reached;
    }
}
