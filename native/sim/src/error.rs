//! Why a call to the venue was refused.

use std::fmt;

/// A refused call. The venue is as it was before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The order itself is not well formed.
    Order(orderbook::Error),
    /// No market of this number.
    UnknownInstrument(u32),
    /// The number is taken.
    DuplicateInstrument(u32),
    /// A recorded feed for an invented market.
    NotRecorded(u32),
    /// A step of a recorded market.
    NotSynthetic(u32),
    /// History after the first step or order.
    Started(u32),
    /// An aggressor other than +1, -1, 0.
    Aggressor(i64),
    /// Match ids must not go back, and fit an `i64` for whoever stores them.
    MatchId {
        /// Smallest allowed.
        min: u64,
        /// What was given.
        value: u64,
    },
    /// A parameter outside its bound.
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its bound in words.
        bound: &'static str,
        /// What was given.
        value: String,
    },
}

impl From<orderbook::Error> for Error {
    fn from(error: orderbook::Error) -> Self {
        Self::Order(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(error) => error.fmt(f),
            Self::UnknownInstrument(number) => {
                write!(f, "instrument must be one added to this venue, was {number}")
            }
            Self::DuplicateInstrument(number) => write!(f, "instrument must not be in use, was {number}"),
            Self::NotRecorded(number) => {
                write!(f, "instrument must be a recorded market, was {number}, a synthetic one")
            }
            Self::NotSynthetic(number) => {
                write!(f, "instrument must be a synthetic market, was {number}, a recorded one")
            }
            Self::Started(number) => {
                write!(f, "history must come before the first step and order, instrument {number} has begun")
            }
            Self::Aggressor(value) => {
                write!(f, "aggressor must be 1 (buyer), -1 (seller) or 0 (unknown), was {value}")
            }
            Self::MatchId { min, value } => {
                write!(f, "match_id must be in [{min}, {}], was {value}", i64::MAX)
            }
            Self::Parameter { name, bound, value } => write!(f, "{name} must be {bound}, was {value}"),
        }
    }
}

impl std::error::Error for Error {}
