//! Order books and price-time matching on integer units.
//!
//! - [`L2Book`]: quantity by price, as most venues publish it.
//! - [`L3Book`]: every order in its queue, as full-depth feeds publish it and as a matching engine needs it.
//! - [`MatchingEngine`]: price-time priority on an `L3Book`.
//!
//! A price or quantity is an `i64` in the instrument's scale; this crate knows no decimals, clocks, files or
//! instruments. Nothing here panics on bad input: every refusal is an [`Error`] that names value and bound, and leaves
//! the book as it was.
#![forbid(unsafe_code)]

mod error;
mod event;
mod l2;
mod l3;
mod ladder;
mod matching;
mod rungs;
mod side;

pub use error::Error;
pub use event::{Event, EventKind, Liquidity, Reason};
pub use l2::L2Book;
pub use l3::{Action, L3Book, Order};
pub use ladder::{Ladder, Level};
pub use matching::{Kind, MatchingEngine, Submission, TimeInForce};
pub use side::Side;
