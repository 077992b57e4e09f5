//! What can be asked of every book, by price.

use crate::side::Side;

/// Price and total quantity of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level {
    /// Price units.
    pub price: i64,
    /// Quantity units, > 0 in a book.
    pub quantity: i64,
}

/// Questions by price that L2 and L3 books answer alike.
pub trait Ladder {
    /// Levels of `side` from the best on.
    fn levels(&self, side: Side) -> impl Iterator<Item = Level>;

    /// Total quantity at `price`, 0 where no level is. O(log levels).
    fn quantity_at(&self, side: Side, price: i64) -> i64;

    /// Number of levels of `side`.
    fn level_count(&self, side: Side) -> usize;

    /// The best level of `side`. O(1).
    fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// At most `count` levels of `side`, best first.
    fn top(&self, side: Side, count: usize) -> Vec<Level> {
        self.levels(side).take(count).collect()
    }

    /// Whether the best bid is at or above the best ask.
    fn is_crossed(&self) -> bool {
        match (self.best(Side::Bid), self.best(Side::Ask)) {
            (Some(bid), Some(ask)) => bid.price >= ask.price,
            _ => false,
        }
    }
}
