//! All blocks of a plan, on as many threads as wished.

use std::slice::ChunksMut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::block::{Block, Model, Walk};
use crate::error::Error;
use crate::generator::LANES;
use crate::plan::Plan;

const LOOK: Duration = Duration::from_millis(50);

/// Where paths ended; see [`run`].
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// ln(wealth / start).
    pub wealth: Vec<f64>,
    /// Deepest share lost from a peak, looked at on steps.
    pub drawdown: Vec<f64>,
    /// Chance that the target was reached; empty without one.
    pub target: Vec<f64>,
    /// Chance that the ruin level was reached; empty without one.
    pub ruin: Vec<f64>,
}

type Part<'a> = (u64, [&'a mut [f64]; 4]);

/// What is left to do, taken block by block.
struct Work<'a> {
    next: u64,
    parts: [ChunksMut<'a, f64>; 4],
}

impl<'a> Iterator for Work<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let [wealth, drawdown, target, ruin] = &mut self.parts;
        let part = [
            wealth.next()?,
            drawdown.next()?,
            target.next().unwrap_or_default(),
            ruin.next().unwrap_or_default(),
        ];
        self.next += 1;
        Some((self.next - 1, part))
    }
}

/// Simulate a model. `watch` is told paths done and wanted about every 50 ms and says whether to go on.
///
/// # Errors
/// [`Error::Cancelled`] if `watch` says no.
pub fn run<M: Model>(
    model: &M,
    plan: &Plan,
    mut watch: impl FnMut(usize, usize) -> bool,
) -> Result<Ends, Error> {
    let count = plan.paths;
    let mut ends = Ends {
        wealth: vec![0.0; count],
        drawdown: vec![0.0; count],
        target: vec![0.0; if plan.target.is_some() { count } else { 0 }],
        ruin: vec![0.0; if plan.ruin.is_some() { count } else { 0 }],
    };
    let parts = [&mut ends.wealth, &mut ends.drawdown, &mut ends.target, &mut ends.ruin];
    let work = Mutex::new(Work { next: 0, parts: parts.map(|all| all.chunks_mut(LANES)) });
    let (done, cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
    let caller = thread::current();
    let threads = threads_of(plan);
    let running = AtomicUsize::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let arch = pulp::Arch::new();
                while let Some((index, part)) = take(&work) {
                    if cancelled.load(Ordering::Relaxed) {
                        break;
                    }
                    let paths = part[0].len();
                    store(&arch.dispatch(Walk { model, plan, index }), part, plan.antithetic);
                    done.fetch_add(paths, Ordering::Relaxed);
                }
                running.fetch_sub(1, Ordering::Release);
                caller.unpark();
            });
        }
        while running.load(Ordering::Acquire) > 0 {
            thread::park_timeout(LOOK);
            if !watch(done.load(Ordering::Relaxed), count) {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
    });
    if cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(ends) }
}

fn threads_of(plan: &Plan) -> usize {
    let there = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = if plan.threads == 0 { there } else { plan.threads };
    wanted.clamp(1, plan.paths.div_ceil(LANES))
}

fn take<'a>(work: &Mutex<Work<'a>>) -> Option<Part<'a>> {
    work.lock().ok()?.next()
}

/// Write a block's ends; partners stand next to each other.
fn store(block: &Block, part: [&mut [f64]; 4], antithetic: bool) {
    let lanes = [&block.wealth, &block.drawdown, &block.target, &block.ruin];
    for (to, from) in part.into_iter().zip(lanes) {
        if antithetic {
            let (low, high) = from.split_at(LANES / 2);
            for (slot, value) in to.iter_mut().zip(low.iter().zip(high).flat_map(|(a, b)| [*a, *b])) {
                *slot = value;
            }
        } else {
            for (slot, value) in to.iter_mut().zip(from) {
                *slot = *value;
            }
        }
    }
}
