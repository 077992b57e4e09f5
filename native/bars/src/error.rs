//! What is refused, and why.

use std::fmt;

/// A refusal; the text names value and bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A span that is not positive.
    Span(i64),
    /// Room for no bar at all.
    Capacity(usize),
    /// A negative quantity.
    Quantity(i64),
    /// A bar whose span does not divide the span of the series.
    SpanOfBar {
        /// Of the bar, ns.
        given: i64,
        /// Of the series, ns.
        span: i64,
    },
    /// A bar that does not end at a multiple of its own span.
    End {
        /// Where it ends, ns.
        end: i64,
        /// Its span, ns.
        span: i64,
    },
    /// A bar whose high or low is not the highest or lowest of its prices.
    Prices,
    /// A figure over more bars than there are, or over none.
    Window {
        /// Bars wanted.
        wanted: usize,
        /// Bars there are.
        held: usize,
    },
    /// A time beyond what an `i64` of nanoseconds holds.
    Time(i64),
    /// A sum beyond what an `i128` holds.
    Overflow,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => write!(f, "span must be positive, was {span}"),
            Self::Capacity(capacity) => write!(f, "capacity must be at least 1, was {capacity}"),
            Self::Quantity(quantity) => write!(f, "quantity must be at least 0, was {quantity}"),
            Self::SpanOfBar { given, span } => {
                write!(f, "span of a bar must divide {span}, was {given}")
            }
            Self::End { end, span } => {
                write!(f, "end of a bar must be a multiple of its span {span}, was {end}")
            }
            Self::Prices => f.write_str("high must be the highest and low the lowest price of a bar"),
            Self::Window { wanted, held } => {
                write!(f, "bars must be in [1, {held}], was {wanted}")
            }
            Self::Time(time) => write!(f, "time must leave room for one span, was {time}"),
            Self::Overflow => f.write_str("the sum does not fit 128 bits"),
        }
    }
}

impl std::error::Error for Error {}
