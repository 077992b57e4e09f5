//! The price levels of one side: a vector sorted so that the best level is last.
//!
//! Lookup is a binary search, O(log n). Insert and remove move the levels between the place and the best price, so the
//! cost grows with the distance from the touch, and nearly all updates of a real book are near the touch. A vector was
//! preferred to a tree because walking the best levels is walking memory backwards. The worst case, a new worst level
//! under n others, moves n small records.

use crate::side::Side;

/// Levels of one side with a payload `T` each.
#[derive(Clone, Debug)]
pub(crate) struct Rungs<T> {
    side: Side,
    /// (key, payload), ascending by key; see [`Side::key`].
    rungs: Vec<(i64, T)>,
}

impl<T> Rungs<T> {
    pub(crate) const fn new(side: Side) -> Self {
        Self { side, rungs: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rungs.len()
    }

    pub(crate) fn clear(&mut self) {
        self.rungs.clear();
    }

    pub(crate) fn get(&self, price: i64) -> Option<&T> {
        let place = self.place(price).ok()?;
        self.rungs.get(place).map(|(_, payload)| payload)
    }

    pub(crate) fn get_mut(&mut self, price: i64) -> Option<&mut T> {
        let place = self.place(price).ok()?;
        self.rungs.get_mut(place).map(|(_, payload)| payload)
    }

    /// Sets the level at `price`.
    pub(crate) fn set(&mut self, price: i64, payload: T) {
        match self.place(price) {
            Ok(place) => {
                if let Some(rung) = self.rungs.get_mut(place) {
                    rung.1 = payload;
                }
            }
            Err(place) => self.rungs.insert(place, (self.side.key(price), payload)),
        }
    }

    /// Removes the level at `price`, if it exists.
    pub(crate) fn remove(&mut self, price: i64) {
        if let Ok(place) = self.place(price) {
            self.rungs.remove(place);
        }
    }

    /// The best level.
    pub(crate) fn best(&self) -> Option<(i64, &T)> {
        self.rungs.last().map(|(key, payload)| (self.side.key(*key), payload))
    }

    /// The worst level.
    pub(crate) fn worst(&self) -> Option<(i64, &T)> {
        self.rungs.first().map(|(key, payload)| (self.side.key(*key), payload))
    }

    /// Levels from the best on.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &T)> {
        self.rungs.iter().rev().map(|(key, payload)| (self.side.key(*key), payload))
    }

    fn place(&self, price: i64) -> Result<usize, usize> {
        let key = self.side.key(price);
        self.rungs.binary_search_by(|rung| rung.0.cmp(&key))
    }
}
