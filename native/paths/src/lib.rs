//! Simulated paths of the logarithm of wealth.
//!
//! Paths go in blocks of [`LANES`]; block `b` of a seed has a stream of its own, so that neither the number of threads
//! nor the processor changes a result: the arithmetic is written out (no libm, no fused multiply-add), and the wider
//! instructions that `pulp` chooses at run time give the same bits. The generator is xoshiro256++ (Blackman, Vigna
//! 2021), one a lane, its state spread by `SplitMix64`.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]
#![allow(clippy::many_single_char_names, reason = "the letters of the formulas")]

mod block;
mod bootstrap;
mod diffusion;
mod error;
mod generator;
mod jump;
mod maths;
mod plan;
mod regime;
mod run;
mod stake;
mod student;

pub use block::Model;
pub use bootstrap::Bootstrap;
pub use diffusion::Diffusion;
pub use error::Error;
pub use generator::{Generator, LANES, Lanes};
pub use jump::Jump;
pub use plan::Plan;
pub use regime::Regime;
pub use run::{Ends, run};
pub use stake::Stake;
pub use student::Student;
