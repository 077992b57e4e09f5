//! What a venue answers.

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The venue has the order.
    Accepted,
    /// The venue refused the order; it never existed.
    Rejected,
    /// Part or all of it traded.
    Filled,
    /// It left the book because its owner asked.
    Cancelled,
    /// What was left of it ended by its own terms.
    Expired,
    /// Its owner made it smaller.
    Reduced,
    /// The cancel was refused; nothing changed.
    CancelRejected,
    /// The reduction was refused; nothing changed.
    ReduceRejected,
}

impl EventKind {
    /// The word used outside.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Reduced => "reduced",
            Self::CancelRejected => "cancel_rejected",
            Self::ReduceRejected => "reduce_rejected",
        }
    }
}

/// Which part an order had in a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Liquidity {
    /// Not a match.
    None,
    /// It rested and was hit.
    Maker,
    /// It came and took.
    Taker,
}

impl Liquidity {
    /// The word used outside; empty where there was no match.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }
}

/// Why an order was refused or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing to explain.
    None,
    /// A post-only order would have traded at once.
    PostOnlyWouldTake,
    /// An immediate-or-cancel order found no more at its price.
    ImmediateRemainder,
    /// A fill-or-kill order could not be filled whole.
    FillOrKill,
    /// A market order found an empty side.
    NoLiquidity,
    /// It came to an order of the same owner; the newer one ends.
    SelfCross,
    /// No such order is resting.
    UnknownOrder,
    /// A reduction must leave less than there is.
    NotSmaller,
    /// The price is not a multiple of the tick.
    PriceOffTick,
    /// The quantity is not a multiple of the lot.
    QuantityOffLot,
    /// The price is too far from the market.
    PriceOutOfRange,
}

impl Reason {
    /// The word used outside; empty where there is nothing to explain.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::PostOnlyWouldTake => "post_only_would_take",
            Self::ImmediateRemainder => "ioc_remainder",
            Self::FillOrKill => "fok_unfillable",
            Self::NoLiquidity => "no_liquidity",
            Self::SelfCross => "self_cross",
            Self::UnknownOrder => "unknown_order",
            Self::NotSmaller => "not_smaller",
            Self::PriceOffTick => "price_off_tick",
            Self::QuantityOffLot => "quantity_off_lot",
            Self::PriceOutOfRange => "price_out_of_range",
        }
    }
}

/// One answer of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To which order.
    pub order_id: u64,
    /// Fill price for a fill, else the order's price; 0 for a market order and where the order is unknown.
    pub price: i64,
    /// Quantity this event is about: accepted, refused, traded or taken off.
    pub quantity: i64,
    /// What is left working after it.
    pub leaves: i64,
    /// Which part it had in the match.
    pub liquidity: Liquidity,
    /// Number of the match, the same for both sides; 0 where there was none.
    pub match_id: u64,
    /// Why, where there is something to explain.
    pub reason: Reason,
}

impl Event {
    /// The venue has the order.
    #[must_use]
    pub const fn accepted(order_id: u64, price: i64, quantity: i64) -> Self {
        Self::plain(EventKind::Accepted, order_id, price, quantity, quantity, Reason::None)
    }

    /// The venue refused the order.
    #[must_use]
    pub const fn rejected(order_id: u64, price: i64, quantity: i64, reason: Reason) -> Self {
        Self::plain(EventKind::Rejected, order_id, price, quantity, 0, reason)
    }

    /// The owner took the order back.
    #[must_use]
    pub const fn cancelled(order_id: u64, price: i64, quantity: i64) -> Self {
        Self::plain(EventKind::Cancelled, order_id, price, quantity, 0, Reason::None)
    }

    /// What was left ended by its own terms.
    #[must_use]
    pub const fn expired(order_id: u64, price: i64, quantity: i64, reason: Reason) -> Self {
        Self::plain(EventKind::Expired, order_id, price, quantity, 0, reason)
    }

    /// The owner made the order smaller by `quantity`.
    #[must_use]
    pub const fn reduced(order_id: u64, price: i64, quantity: i64, leaves: i64) -> Self {
        Self::plain(EventKind::Reduced, order_id, price, quantity, leaves, Reason::None)
    }

    /// A cancel or a reduction was refused.
    #[must_use]
    pub const fn refused(kind: EventKind, order_id: u64, price: i64, leaves: i64, reason: Reason) -> Self {
        Self::plain(kind, order_id, price, 0, leaves, reason)
    }

    /// The order traded.
    #[must_use]
    pub const fn filled(
        order_id: u64,
        price: i64,
        quantity: i64,
        leaves: i64,
        liquidity: Liquidity,
        match_id: u64,
    ) -> Self {
        let kind = EventKind::Filled;
        Self { kind, order_id, price, quantity, leaves, liquidity, match_id, reason: Reason::None }
    }

    const fn plain(
        kind: EventKind,
        order_id: u64,
        price: i64,
        quantity: i64,
        leaves: i64,
        reason: Reason,
    ) -> Self {
        Self { kind, order_id, price, quantity, leaves, liquidity: Liquidity::None, match_id: 0, reason }
    }
}
