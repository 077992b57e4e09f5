//! Bars of one instrument, made from trades or from shorter bars, and exact rolling figures of them.
//!
//! A bar covers `[end - span, end)`, its ends are multiples of its span, and it exists only where something traded. A
//! price or quantity is an `i64` in the instrument's scale, a time an `i64` of nanoseconds. Every sum is exact, in
//! `i128`; divisions and roots are left to whoever asks. Nothing panics on bad input: every refusal is an [`Error`]
//! that names value and bound, and leaves the series as it was.
#![forbid(unsafe_code)]

mod error;
mod figures;
mod series;

pub use error::Error;
pub use series::{Bar, BarSeries};
