//! Quantity by price: the book as venues publish it in snapshots and absolute updates.
//!
//! An update of a known level is a binary search; see [`crate::rungs`] for the cost of new and vanishing levels.
//! A feed may publish a book that is crossed for a moment; it is kept as published and [`Ladder::is_crossed`] says so.

use crate::error::Error;
use crate::ladder::{Ladder, Level};
use crate::rungs::Rungs;
use crate::side::Side;

/// Aggregated book of one instrument.
#[derive(Clone, Debug)]
pub struct L2Book {
    bids: Rungs<i64>,
    asks: Rungs<i64>,
}

impl Default for L2Book {
    fn default() -> Self {
        Self::new()
    }
}

impl L2Book {
    /// An empty book.
    pub const fn new() -> Self {
        Self { bids: Rungs::new(Side::Bid), asks: Rungs::new(Side::Ask) }
    }

    /// Sets the quantity at a price; 0 removes the level.
    ///
    /// # Errors
    /// [`Error::Quantity`] if the quantity is negative.
    pub fn set_level(&mut self, side: Side, price: i64, quantity: i64) -> Result<(), Error> {
        check_quantity(quantity)?;
        self.put(side, price, quantity);
        Ok(())
    }

    /// Applies absolute updates of both sides; all or nothing.
    ///
    /// # Errors
    /// [`Error::Row`] with the index within its side if a quantity is negative; then nothing changed.
    pub fn apply_levels(&mut self, bids: &[Level], asks: &[Level]) -> Result<(), Error> {
        check_levels(bids)?;
        check_levels(asks)?;
        for (side, levels) in [(Side::Bid, bids), (Side::Ask, asks)] {
            for level in levels {
                self.put(side, level.price, level.quantity);
            }
        }
        Ok(())
    }

    /// Replaces the whole book by a snapshot; a level of quantity 0 is left out.
    ///
    /// # Errors
    /// As [`L2Book::apply_levels`]; then the old book stays.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) -> Result<(), Error> {
        check_levels(bids)?;
        check_levels(asks)?;
        self.clear();
        self.apply_levels(bids, asks)
    }

    /// Applies columns of absolute updates in row order; all or nothing.
    ///
    /// # Errors
    /// [`Error::Lengths`] if the columns differ in length, [`Error::Row`] for a bad side or quantity; then nothing
    /// changed.
    pub fn apply(&mut self, sides: &[i8], prices: &[i64], quantities: &[i64]) -> Result<(), Error> {
        for got in [prices.len(), quantities.len()] {
            if got != sides.len() {
                return Err(Error::Lengths { expected: sides.len(), got });
            }
        }
        for (row, (&sign, &quantity)) in sides.iter().zip(quantities).enumerate() {
            if Side::from_sign(i64::from(sign)).is_none() {
                return Err(Error::Side(i64::from(sign)).at_row(row));
            }
            check_quantity(quantity).map_err(|error| error.at_row(row))?;
        }
        for ((&sign, &price), &quantity) in sides.iter().zip(prices).zip(quantities) {
            let side = if sign > 0 { Side::Bid } else { Side::Ask };
            self.put(side, price, quantity);
        }
        Ok(())
    }

    /// Forgets every level.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// The worst level of `side`: the edge of what is known.
    pub fn worst(&self, side: Side) -> Option<Level> {
        self.side(side).worst().map(|(price, &quantity)| Level { price, quantity })
    }

    fn put(&mut self, side: Side, price: i64, quantity: i64) {
        let rungs = match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        if quantity == 0 {
            rungs.remove(price);
        } else {
            rungs.set(price, quantity);
        }
    }

    const fn side(&self, side: Side) -> &Rungs<i64> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }
}

impl Ladder for L2Book {
    fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        self.side(side).iter().map(|(price, &quantity)| Level { price, quantity })
    }

    fn quantity_at(&self, side: Side, price: i64) -> i64 {
        self.side(side).get(price).copied().unwrap_or(0)
    }

    fn level_count(&self, side: Side) -> usize {
        self.side(side).len()
    }

    fn best(&self, side: Side) -> Option<Level> {
        self.side(side).best().map(|(price, &quantity)| Level { price, quantity })
    }
}

const fn check_quantity(value: i64) -> Result<(), Error> {
    if value < 0 {
        return Err(Error::Quantity { value, min: 0, max: i64::MAX });
    }
    Ok(())
}

fn check_levels(levels: &[Level]) -> Result<(), Error> {
    for (row, level) in levels.iter().enumerate() {
        check_quantity(level.quantity).map_err(|error| error.at_row(row))?;
    }
    Ok(())
}
