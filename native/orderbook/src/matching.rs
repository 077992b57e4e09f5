//! Price-time matching: an incoming order trades with the oldest order at the best price, at that order's price.
//!
//! A match costs what the L3 book's front and reduce cost; fill-or-kill first walks the orders it would trade with.
//! Orders of one owner never trade with each other: the incoming one ends where it meets a resting one (cancel
//! newest). Owner 0 is a crowd, which trades with itself.

use crate::error::Error;
use crate::event::{Event, EventKind, Liquidity, Reason};
use crate::l3::{L3Book, Order};
use crate::ladder::{Ladder, Level};
use crate::side::Side;

/// How the price of an order is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At its price or better.
    Limit,
    /// At any price, at once; never rests.
    Market,
}

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// Until cancelled (a market order: as immediate-or-cancel).
    GoodTillCancelled,
    /// What does not trade at once ends.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
}

/// An order as it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Unique among resting orders.
    pub order_id: u64,
    /// Bid buys, ask sells.
    pub side: Side,
    /// Limit or market.
    pub kind: Kind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Reject it rather than take; only with limit and good-till-cancelled.
    pub post_only: bool,
    /// Price units; ignored for a market order.
    pub price: i64,
    /// Quantity units, > 0.
    pub quantity: i64,
    /// Whose it is; 0 is the crowd.
    pub owner: u32,
}

impl Submission {
    /// Checks what does not depend on the market.
    ///
    /// # Errors
    /// [`Error::Quantity`] unless positive, [`Error::PostOnly`] for an order that cannot rest.
    pub fn check(&self) -> Result<(), Error> {
        if self.quantity < 1 {
            return Err(Error::Quantity { value: self.quantity, min: 1, max: i64::MAX });
        }
        if self.post_only && !self.can_rest() {
            return Err(Error::PostOnly);
        }
        Ok(())
    }

    /// Whether what does not trade at once stays in the book.
    pub fn can_rest(&self) -> bool {
        self.kind == Kind::Limit && self.time_in_force == TimeInForce::GoodTillCancelled
    }

    /// Whether it may trade at `price`.
    pub fn reaches(&self, price: i64) -> bool {
        self.kind == Kind::Market || self.side.reaches(self.price, price)
    }

    /// The price its events carry: 0 for a market order.
    pub fn shown_price(&self) -> i64 {
        match self.kind {
            Kind::Limit => self.price,
            Kind::Market => 0,
        }
    }

    /// Why what is left of an order that cannot rest ends.
    pub fn remainder_reason(&self) -> Reason {
        match self.kind {
            Kind::Limit => Reason::ImmediateRemainder,
            Kind::Market => Reason::NoLiquidity,
        }
    }
}

/// Matching engine of one instrument.
#[derive(Clone, Debug)]
pub struct MatchingEngine {
    book: L3Book,
    next_match_id: u64,
}

impl Default for MatchingEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl MatchingEngine {
    /// An engine with an empty book; its first match is number 1.
    pub fn new() -> Self {
        Self { book: L3Book::new(), next_match_id: 1 }
    }

    /// The resting orders.
    pub const fn book(&self) -> &L3Book {
        &self.book
    }

    /// Matches an order and appends what happened, oldest first: acceptance, for each match the taker's fill and the
    /// maker's, then the end of an order that does not rest.
    ///
    /// # Errors
    /// As [`Submission::check`]; [`Error::DuplicateOrder`]; [`Error::LevelTotal`] if the order resting whole would not
    /// fit its level. Then nothing changed and no event was appended.
    pub fn submit(&mut self, order: &Submission, events: &mut Vec<Event>) -> Result<(), Error> {
        order.check()?;
        if self.book.contains(order.order_id) {
            return Err(Error::DuplicateOrder(order.order_id));
        }
        if order.can_rest() {
            self.book.check_room(order.side, order.price, order.quantity)?;
        }
        let (id, price, quantity) = (order.order_id, order.shown_price(), order.quantity);
        let touch = self.book.best(order.side.opposite());
        if order.post_only && touch.is_some_and(|best| order.reaches(best.price)) {
            events.push(Event::rejected(id, price, quantity, Reason::PostOnlyWouldTake));
            return Ok(());
        }
        events.push(Event::accepted(id, price, quantity));
        if order.time_in_force == TimeInForce::FillOrKill && !self.can_fill(order) {
            events.push(Event::expired(id, price, quantity, Reason::FillOrKill));
            return Ok(());
        }
        let (left, met_own) = self.take(order, events)?;
        if left == 0 {
            return Ok(());
        }
        if met_own {
            events.push(Event::expired(id, price, left, Reason::SelfCross));
        } else if order.can_rest() {
            self.book.add(Order { id, side: order.side, price, quantity: left, owner: order.owner })?;
        } else {
            events.push(Event::expired(id, price, left, order.remainder_reason()));
        }
        Ok(())
    }

    /// Takes an order out of the book, or answers that it does not rest.
    pub fn cancel(&mut self, order_id: u64) -> Event {
        match self.book.delete(order_id) {
            Ok(order) => Event::cancelled(order_id, order.price, order.quantity),
            Err(_) => Event::refused(EventKind::CancelRejected, order_id, 0, 0, Reason::UnknownOrder),
        }
    }

    /// Leaves `leaves` of an order, which keeps its place; 0 cancels it. Refused by event unless that is less than it
    /// has.
    ///
    /// # Errors
    /// [`Error::Quantity`] if `leaves` is negative.
    pub fn reduce(&mut self, order_id: u64, leaves: i64) -> Result<Event, Error> {
        if leaves < 0 {
            return Err(Error::Quantity { value: leaves, min: 0, max: i64::MAX });
        }
        let Some(&order) = self.book.order(order_id) else {
            return Ok(Event::refused(EventKind::ReduceRejected, order_id, 0, 0, Reason::UnknownOrder));
        };
        if leaves == 0 {
            return Ok(self.cancel(order_id));
        }
        if leaves >= order.quantity {
            let (kind, reason) = (EventKind::ReduceRejected, Reason::NotSmaller);
            return Ok(Event::refused(kind, order_id, order.price, order.quantity, reason));
        }
        let off = order.quantity - leaves;
        self.book.reduce(order_id, off)?;
        Ok(Event::reduced(order_id, order.price, off, leaves))
    }

    /// Whether the order can trade whole before it meets an order of its owner.
    fn can_fill(&self, order: &Submission) -> bool {
        let makers = order.side.opposite();
        let mut left = order.quantity;
        for Level { price, .. } in self.book.levels(makers) {
            if !order.reaches(price) {
                return false;
            }
            for maker in self.book.orders_at(makers, price) {
                if same_owner(order, maker) {
                    return false;
                }
                left -= left.min(maker.quantity);
                if left == 0 {
                    return true;
                }
            }
        }
        false
    }

    /// Trades until filled, out of reach, or before an order of the same owner (then true).
    fn take(&mut self, order: &Submission, events: &mut Vec<Event>) -> Result<(i64, bool), Error> {
        let mut left = order.quantity;
        while left > 0 {
            let Some(&maker) = self.book.front(order.side.opposite()) else { break };
            if !order.reaches(maker.price) {
                break;
            }
            if same_owner(order, &maker) {
                return Ok((left, true));
            }
            let quantity = left.min(maker.quantity);
            self.book.reduce(maker.id, quantity)?;
            left -= quantity;
            let (id, number) = (order.order_id, self.next_match_id);
            self.next_match_id += 1;
            let maker_left = maker.quantity - quantity;
            events.push(Event::filled(id, maker.price, quantity, left, Liquidity::Taker, number));
            events.push(Event::filled(maker.id, maker.price, quantity, maker_left, Liquidity::Maker, number));
        }
        Ok((left, false))
    }
}

const fn same_owner(order: &Submission, maker: &Order) -> bool {
    order.owner != 0 && order.owner == maker.owner
}
