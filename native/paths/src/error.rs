//! What is refused.

use std::fmt;

/// A refusal, with the value and its bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// A figure outside its bound.
    Bound {
        /// What it is called.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it must be.
        bound: &'static str,
    },
    /// Whoever watched asked to stop.
    Cancelled,
}

impl Error {
    /// `Ok` if a condition on a figure holds; a figure that is not a number never holds.
    pub(crate) fn unless(
        holds: bool,
        name: &'static str,
        value: f64,
        bound: &'static str,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Bound { name, value, bound }) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound { name, value, bound } => write!(f, "{name} must be {bound}, was {value}"),
            Self::Cancelled => write!(f, "the simulation was cancelled"),
        }
    }
}

impl std::error::Error for Error {}
