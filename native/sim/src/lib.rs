//! The venue in the process: own orders on a market that is recorded, live elsewhere, or invented.
//!
//! - [`RecordedMarket`]: a market that others made. Own orders queue behind the displayed size and fill from prints.
//! - [`SyntheticMarket`]: an invented crowd in a matching engine; own orders stand in the true queue among it.
//! - [`Venue`]: many of both, with one space of order ids and one sequence of match ids.
//!
//! No clock, no files, no randomness but a seed: the same calls give the same events, on every machine (floating point
//! only adds, subtracts, multiplies, divides and takes square roots, which IEEE 754 fixes to the bit).
#![forbid(unsafe_code)]

mod error;
mod latency;
mod queue;
mod random;
mod recorded;
mod synthetic;
mod venue;
mod walk;

pub use error::Error;
pub use latency::{RecordedLatency, RoundTrip};
pub use queue::{Place, QueueModel};
pub use random::Random;
pub use recorded::RecordedMarket;
pub use synthetic::{Bar, Parameters, Progress, STEP_NS, SyntheticMarket, Trade};
pub use venue::{Book, MatchIds, OpenOrder, Venue};
pub use walk::walk;
