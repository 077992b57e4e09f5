//! Own orders on a market that others made: a recording, or a live feed in paper trading.
//!
//! The feed cannot react to us, so each rule below takes the side that is worse for us.
//!
//! **Queue.** An order rests behind the whole displayed size at its price (`ahead`). Prints at that price by the
//! opposite aggressor eat what is ahead, then fill us. A display smaller than `ahead` lowers it to the display: what
//! was cancelled is assumed to have stood behind us as long as possible ([`QueueModel::RiskAverse`]; other models share
//! it by chance, and the front is then no whole number: it is rounded away from us). Where the feed does not show our price (no
//! book yet, or beyond the worst displayed level) `ahead` is unknown, or stays as it was, until it does; unknown means
//! that no print at our price fills us.
//!
//! **Through.** A print strictly through our price fills us at our price, whatever was ahead. The volume of one print
//! is shared among our orders in price-time order and never used twice.
//!
//! **Crossed.** When the displayed opposite side comes to or through our price and nothing is ahead of us, we fill at
//! our price as maker against that displayed quantity.
//!
//! **Taking.** A marketable order takes displayed levels, best first. What was taken is remembered per level and never
//! taken again; the memory shrinks with the display and goes when the level goes.
//!
//! **Ourselves.** An order that comes to one of our own on the other side ends there (cancel newest); the displayed
//! quantity ahead of our own is taken first.
//!
//! Not modelled: our orders move nobody; a level that left the display for a moment comes back in front of nobody.
//! If the feed shows a smaller book before the print that made it smaller, the print eats the queue a second time.

use std::collections::BTreeMap;

use orderbook::{Event, EventKind, L2Book, Ladder, Level, Liquidity, Reason, Side, Submission, TimeInForce};

use crate::error::Error;
use crate::queue::{Place, QueueModel};
use crate::venue::MatchIds;
use crate::walk::walk;

/// A resting order of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Own {
    id: u64,
    side: Side,
    price: i64,
    leaves: i64,
    /// Our place behind the displayed quantity; unknown where the feed does not show our price.
    place: Option<Place>,
    /// The displayed quantity at our price when it was last looked at.
    displayed: i64,
}

impl Own {
    /// Displayed quantity that trades before us, rounded away from us.
    fn ahead(&self) -> Option<i64> {
        self.place.map(|place| units(place.front().ceil()))
    }

    /// The feed shows a quantity at our price.
    fn shown(&mut self, displayed: i64, model: QueueModel) {
        match &mut self.place {
            None => self.place = Some(Place::behind(quantity(displayed))),
            Some(place) if displayed != self.displayed => {
                place.depth(quantity(self.displayed), quantity(displayed), model);
            }
            Some(_) => {}
        }
        self.displayed = displayed;
    }
}

/// A quantity for the queue's arithmetic; exact below 2^53.
#[allow(clippy::cast_precision_loss)]
const fn quantity(units: i64) -> f64 {
    units as f64
}

/// Whole units of a quantity that is whole and not negative.
#[allow(clippy::cast_possible_truncation)]
const fn units(quantity: f64) -> i64 {
    quantity as i64
}

/// How the walk of a taking order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Filled, or nothing more in reach.
    Done,
    /// At an order of ours.
    MetOwn,
}

/// One instrument's recorded book and our orders on it.
#[derive(Clone, Debug, Default)]
pub struct RecordedMarket {
    book: L2Book,
    /// Our bids, in price-time order.
    bids: Vec<Own>,
    /// Our asks, in price-time order.
    asks: Vec<Own>,
    /// What we took of displayed levels, in (0, displayed].
    taken: BTreeMap<(Side, i64), i64>,
    model: QueueModel,
}

impl RecordedMarket {
    /// A market whose feed has shown nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A market in whose queues our orders come forward by a model.
    pub fn with_queue(model: QueueModel) -> Self {
        Self { model, ..Self::default() }
    }

    /// The recorded book; our orders are not in it.
    pub const fn book(&self) -> &L2Book {
        &self.book
    }

    /// Applies a snapshot or absolute updates, then fills what the new book fills.
    ///
    /// # Errors
    /// [`Error::Order`] if a quantity is negative; then nothing changed.
    pub fn on_book(
        &mut self,
        bids: &[Level],
        asks: &[Level],
        snapshot: bool,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        if snapshot {
            self.book.replace(bids, asks)?;
        } else {
            self.book.apply_levels(bids, asks)?;
        }
        let book = &self.book;
        self.taken.retain(|&(side, price), taken| {
            *taken = (*taken).min(book.quantity_at(side, price));
            *taken > 0
        });
        for side in Side::BOTH {
            self.clamp_queues(side);
        }
        for side in Side::BOTH {
            self.fill_crossed(side, matches, events);
        }
        Ok(())
    }

    /// Fills from a print. An unknown aggressor (`None`) is inferred from the book: at or beyond a touch, else from
    /// the side of the mid; a print exactly at the mid, or without a book, fills nobody.
    ///
    /// # Errors
    /// [`Error::Order`] unless the quantity is positive.
    pub fn on_trade(
        &mut self,
        price: i64,
        quantity: i64,
        aggressor: Option<Side>,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        if quantity < 1 {
            let error = orderbook::Error::Quantity { value: quantity, min: 1, max: i64::MAX };
            return Err(Error::Order(error));
        }
        let Some(aggressor) = aggressor.or_else(|| self.infer_aggressor(price)) else { return Ok(()) };
        let mut ours = 0;
        for own in self.own_mut(aggressor.opposite()) {
            if !aggressor.reaches(price, own.price) {
                break;
            }
            let through = if own.price == price {
                let Some(place) = &mut own.place else { continue };
                units(place.trade(self::quantity(quantity), self::quantity(ours)).floor())
            } else {
                // Whoever stood there is done, even if this print is not large enough for us.
                own.place.get_or_insert_default().clear();
                quantity - ours
            };
            ours += fill(own, through.min(quantity - ours), matches, events);
        }
        self.own_mut(aggressor.opposite()).retain(|own| own.leaves > 0);
        Ok(())
    }

    /// Takes what a new order takes and rests the remainder if it may rest. `restored` orders were accepted in an
    /// earlier life: no acceptance is said.
    ///
    /// # Errors
    /// As [`Submission::check`].
    pub fn submit(
        &mut self,
        order: &Submission,
        restored: bool,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        order.check()?;
        let (id, price, quantity) = (order.order_id, order.shown_price(), order.quantity);
        let (plan, end) = self.plan(order);
        if order.post_only && (!plan.is_empty() || end == End::MetOwn) {
            events.push(Event::rejected(id, price, quantity, Reason::PostOnlyWouldTake));
            return Ok(());
        }
        if !restored {
            events.push(Event::accepted(id, price, quantity));
        }
        let takes: i64 = plan.iter().map(|level| level.quantity).sum();
        if order.time_in_force == TimeInForce::FillOrKill && takes < quantity {
            events.push(Event::expired(id, price, quantity, Reason::FillOrKill));
            return Ok(());
        }
        let mut left = quantity;
        for level in plan {
            left -= level.quantity;
            *self.taken.entry((order.side.opposite(), level.price)).or_insert(0) += level.quantity;
            let number = matches.take();
            events.push(Event::filled(id, level.price, level.quantity, left, Liquidity::Taker, number));
        }
        if left == 0 {
            return Ok(());
        }
        if end == End::MetOwn {
            events.push(Event::expired(id, price, left, Reason::SelfCross));
        } else if order.can_rest() {
            self.rest(order, left);
        } else {
            events.push(Event::expired(id, price, left, order.remainder_reason()));
        }
        Ok(())
    }

    /// Takes an order of ours back, or answers that it does not rest.
    pub fn cancel(&mut self, order_id: u64) -> Event {
        for side in Side::BOTH {
            let resting = self.own_mut(side);
            if let Some(place) = resting.iter().position(|own| own.id == order_id) {
                let own = resting.remove(place);
                return Event::cancelled(order_id, own.price, own.leaves);
            }
        }
        Event::refused(EventKind::CancelRejected, order_id, 0, 0, Reason::UnknownOrder)
    }

    /// Leaves `leaves` of an order of ours, which keeps its place. Refused by event unless that is positive and less
    /// than it has.
    pub fn reduce(&mut self, order_id: u64, leaves: i64) -> Event {
        let refused =
            |price, has, reason| Event::refused(EventKind::ReduceRejected, order_id, price, has, reason);
        let Some(own) = self.bids.iter_mut().chain(&mut self.asks).find(|own| own.id == order_id) else {
            return refused(0, 0, Reason::UnknownOrder);
        };
        if leaves < 1 || leaves >= own.leaves {
            return refused(own.price, own.leaves, Reason::NotSmaller);
        }
        let off = own.leaves - leaves;
        own.leaves = leaves;
        Event::reduced(order_id, own.price, off, leaves)
    }

    /// Displayed quantity ahead of an order of ours; `None` if it does not rest or the feed does not show its price.
    pub fn queue_ahead(&self, order_id: u64) -> Option<i64> {
        self.find(order_id).and_then(Own::ahead)
    }

    /// Side, price and leaves of a resting order of ours.
    pub fn resting(&self, order_id: u64) -> Option<(Side, i64, i64)> {
        self.find(order_id).map(|own| (own.side, own.price, own.leaves))
    }

    fn find(&self, order_id: u64) -> Option<&Own> {
        self.bids.iter().chain(&self.asks).find(|own| own.id == order_id)
    }

    const fn own(&self, side: Side) -> &Vec<Own> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    const fn own_mut(&mut self, side: Side) -> &mut Vec<Own> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    /// What a level still has for us.
    fn available(&self, side: Side, level: Level) -> i64 {
        let taken = self.taken.get(&(side, level.price)).copied().unwrap_or(0);
        (level.quantity - taken).max(0)
    }

    /// What an order would take, level by level, and where that ends.
    fn plan(&self, order: &Submission) -> (Vec<Level>, End) {
        let makers = order.side.opposite();
        let barrier = self.own(makers).first().filter(|own| order.reaches(own.price));
        let offered = self
            .book
            .levels(makers)
            .take_while(|level| order.reaches(level.price))
            .take_while(|level| barrier.is_none_or(|own| !makers.is_better(own.price, level.price)))
            .map(|level| {
                let available = self.available(makers, level);
                let ahead = barrier.filter(|own| own.price == level.price).and_then(Own::ahead);
                Level { price: level.price, quantity: ahead.map_or(available, |ahead| available.min(ahead)) }
            });
        let (plan, left) = walk(offered, order.quantity);
        let end = if left > 0 && barrier.is_some() { End::MetOwn } else { End::Done };
        (plan, end)
    }

    fn rest(&mut self, order: &Submission, leaves: i64) {
        let (side, price) = (order.side, order.price);
        let displayed = self.book.quantity_at(side, price);
        let place = self.shows(side, price).then(|| Place::behind(quantity(displayed)));
        let resting = self.own_mut(side);
        let at = resting.partition_point(|own| !side.is_better(price, own.price));
        resting.insert(at, Own { id: order.order_id, side, price, leaves, place, displayed });
    }

    /// Whether the feed knows what is displayed at this price: not beyond the worst level.
    fn shows(&self, side: Side, price: i64) -> bool {
        self.book.worst(side).is_some_and(|worst| !side.is_better(worst.price, price))
    }

    fn clamp_queues(&mut self, side: Side) {
        let mut resting = std::mem::take(self.own_mut(side));
        let mut older: Option<(i64, f64)> = None;
        for own in &mut resting {
            if self.shows(side, own.price) {
                own.shown(self.book.quantity_at(side, own.price), self.model);
            }
            if let Some(place) = &mut own.place {
                // First in, first out also among our own, whatever the model makes of each.
                if let Some((_, front)) = older.filter(|&(price, _)| price == own.price) {
                    place.not_before(front);
                }
                older = Some((own.price, place.front()));
            }
        }
        *self.own_mut(side) = resting;
    }

    /// Fills our orders of `side` from the displayed opposite levels that have come to or through their price.
    fn fill_crossed(&mut self, side: Side, matches: &mut MatchIds, events: &mut Vec<Event>) {
        let makers = side.opposite();
        let mut resting = std::mem::take(self.own_mut(side));
        for own in &mut resting {
            let nobody_ahead = own.ahead() == Some(0) || self.book.quantity_at(side, own.price) == 0;
            if !nobody_ahead {
                continue;
            }
            let price = own.price;
            let crossed = self.book.levels(makers).take_while(|level| side.reaches(price, level.price));
            for level in crossed {
                let quantity = fill(own, self.available(makers, level), matches, events);
                if quantity > 0 {
                    *self.taken.entry((makers, level.price)).or_insert(0) += quantity;
                }
                if own.leaves == 0 {
                    break;
                }
            }
        }
        resting.retain(|own| own.leaves > 0);
        *self.own_mut(side) = resting;
    }

    fn infer_aggressor(&self, price: i64) -> Option<Side> {
        let bid = self.book.best(Side::Bid).map(|level| level.price);
        let ask = self.book.best(Side::Ask).map(|level| level.price);
        if ask.is_some_and(|ask| price >= ask) {
            return Some(Side::Bid);
        }
        if bid.is_some_and(|bid| price <= bid) {
            return Some(Side::Ask);
        }
        // Inside the spread: compare twice the price with twice the mid, in i128 because the sum may not fit.
        let twice_mid = i128::from(bid?) + i128::from(ask?);
        match (2 * i128::from(price)).cmp(&twice_mid) {
            std::cmp::Ordering::Greater => Some(Side::Bid),
            std::cmp::Ordering::Less => Some(Side::Ask),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// Fills an order of ours as maker at its price with at most `most`; returns how much.
fn fill(own: &mut Own, most: i64, matches: &mut MatchIds, events: &mut Vec<Event>) -> i64 {
    let quantity = own.leaves.min(most);
    if quantity > 0 {
        own.leaves -= quantity;
        let number = matches.take();
        events.push(Event::filled(own.id, own.price, quantity, own.leaves, Liquidity::Maker, number));
    }
    quantity
}
