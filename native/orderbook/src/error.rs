//! Why a call was refused: one line with the value and its bound.

use std::fmt;

/// A refused call. The book is as it was before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A side other than +1 or -1.
    Side(i64),
    /// A quantity outside `[min, max]`.
    Quantity {
        /// What was given.
        value: i64,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// No such order rests in the book.
    UnknownOrder(u64),
    /// The order id is already resting.
    DuplicateOrder(u64),
    /// The quantities at one price would not fit an `i64`.
    LevelTotal {
        /// The price of the level.
        price: i64,
        /// What was to be added to it.
        quantity: i64,
    },
    /// More orders than the book can number.
    TooManyOrders,
    /// An action code outside `[0, 3]`.
    Action(i64),
    /// Post-only asked of an order that must take.
    PostOnly,
    /// Columns of a bulk call differ in length.
    Lengths {
        /// Rows of the first column.
        expected: usize,
        /// Rows of the column that differs.
        got: usize,
    },
    /// A row of a bulk call was refused.
    Row {
        /// Index of the row, from 0.
        row: usize,
        /// Why.
        cause: Box<Error>,
    },
}

impl Error {
    /// This error as one of row `row` of a bulk call.
    #[must_use]
    pub fn at_row(self, row: usize) -> Self {
        Self::Row { row, cause: Box::new(self) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(value) => write!(f, "side must be 1 (bid, buy) or -1 (ask, sell), was {value}"),
            Self::Quantity { value, min, max } => {
                write!(f, "quantity must be in [{min}, {max}], was {value}")
            }
            Self::UnknownOrder(id) => write!(f, "order_id must be one that rests in the book, was {id}"),
            Self::DuplicateOrder(id) => write!(f, "order_id must not be in use, was {id}"),
            Self::LevelTotal { price, quantity } => {
                write!(
                    f,
                    "quantity must keep the total at price {price} at most {}, was {quantity}",
                    i64::MAX
                )
            }
            Self::TooManyOrders => write!(f, "orders in one book must be at most {}", u32::MAX - 1),
            Self::Action(value) => {
                write!(f, "kind must be 0 (add), 1 (reduce), 2 (delete) or 3 (replace), was {value}")
            }
            Self::PostOnly => {
                write!(f, "post_only must go with a limit order that is gtc, was True with another")
            }
            Self::Lengths { expected, got } => {
                write!(f, "columns must have equal length, were {expected} and {got}")
            }
            Self::Row { row, cause } => write!(f, "row {row}: {cause}"),
        }
    }
}

impl std::error::Error for Error {}
