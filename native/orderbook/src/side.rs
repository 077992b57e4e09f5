//! The two sides of a book, and the one trick by which both are sorted the same way.

/// Which side of the book an order rests on, or which way an aggressor trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buyers; +1 at the boundaries. The best price is the highest.
    Bid,
    /// Sellers; -1 at the boundaries. The best price is the lowest.
    Ask,
}

impl Side {
    /// Both sides, bid first.
    pub const BOTH: [Self; 2] = [Self::Bid, Self::Ask];

    /// The side whose sign is `sign` (+1 bid, -1 ask), or `None`.
    pub const fn from_sign(sign: i64) -> Option<Self> {
        match sign {
            1 => Some(Self::Bid),
            -1 => Some(Self::Ask),
            _ => None,
        }
    }

    /// +1 for bid, -1 for ask.
    pub const fn sign(self) -> i64 {
        match self {
            Self::Bid => 1,
            Self::Ask => -1,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Ask => Self::Bid,
        }
    }

    /// Whether an order of this side limited at `limit` may trade at `price`.
    pub const fn reaches(self, limit: i64, price: i64) -> bool {
        match self {
            Self::Bid => price <= limit,
            Self::Ask => price >= limit,
        }
    }

    /// Whether `price` has priority over `other` on this side.
    pub const fn is_better(self, price: i64, other: i64) -> bool {
        match self {
            Self::Bid => price > other,
            Self::Ask => price < other,
        }
    }

    /// `price` as a key that grows towards the best price.
    ///
    /// Asks use the bitwise complement (`-price - 1`): it reverses the order of all of `i64` and, unlike the negation,
    /// cannot overflow. The mapping is its own inverse.
    pub(crate) const fn key(self, price: i64) -> i64 {
        match self {
            Self::Bid => price,
            Self::Ask => !price,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Side;

    #[test]
    fn keys_reverse_asks_and_never_overflow() {
        let prices = [i64::MIN, -1, 0, 1, i64::MAX];
        for pair in prices.windows(2) {
            assert!(Side::Bid.key(pair[0]) < Side::Bid.key(pair[1]));
            assert!(Side::Ask.key(pair[0]) > Side::Ask.key(pair[1]));
        }
        for price in prices {
            assert_eq!(Side::Ask.key(Side::Ask.key(price)), price);
        }
    }

    #[test]
    fn signs_map_both_ways() {
        for side in Side::BOTH {
            assert_eq!(Side::from_sign(side.sign()), Some(side));
            assert_eq!(side.opposite().sign(), -side.sign());
        }
        assert_eq!(Side::from_sign(0), None);
    }
}
