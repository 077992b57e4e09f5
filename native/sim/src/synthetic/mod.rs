//! An invented market: a crowd of limit orders, cancels and takers around a hidden fair value, in a real matching
//! engine, in which our own orders stand in the true queue.
//!
//! Time goes in steps of [`STEP_NS`]. In a step the fair value moves, quotes that became stale are withdrawn or hit,
//! clustered takers take, and makers refill the touch and churn the depth (`crowd`). A step costs a few microseconds.
//! Guarantees after every step: at least [`Parameters::levels`] bid and ask levels of the crowd, never crossed. The
//! fair value does not react to our orders, the book does.

mod crowd;
mod fair;
mod history;
mod parameters;

use std::collections::BTreeMap;

use orderbook::{
    Event, EventKind, Ladder, Level, Liquidity, MatchingEngine, Order, Reason, Side, Submission,
};

pub use self::history::Bar;
pub use self::parameters::Parameters;

use self::fair::{Fair, real};
use crate::error::Error;
use crate::random::Random;
use crate::venue::MatchIds;

/// Length of a step, ns.
pub const STEP_NS: i64 = 50_000_000;

/// Steps in a second.
const STEPS_PER_SECOND: f64 = 20.0;

/// Owner of our orders in the engine; the crowd is 0.
const OURS: u32 = 1;

/// Limits farther than this factor from the fair value are refused, as venues do with a percent-price filter.
const PRICE_BAND: f64 = 5.0;

/// A public print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Price units.
    pub price: i64,
    /// Quantity units.
    pub quantity: i64,
    /// Who took.
    pub aggressor: Side,
}

/// What a step made public, and what it did to our orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bid levels that differ from the last step's, best first, absolute, ours included; quantity 0 = gone.
    pub bids: Vec<Level>,
    /// Ask levels alike.
    pub asks: Vec<Level>,
    /// Prints since the last step, oldest first, ours included.
    pub trades: Vec<Trade>,
    /// What happened to our orders.
    pub events: Vec<Event>,
}

/// An invented market of one instrument.
#[derive(Clone, Debug)]
pub struct SyntheticMarket {
    parameters: Parameters,
    fair: Fair,
    random: Random,
    engine: MatchingEngine,
    next_order: u64,
    /// Our order id -> the engine's.
    ours: BTreeMap<u64, u64>,
    /// The engine's -> our order id.
    theirs: BTreeMap<u64, u64>,
    start_ns: i64,
    steps: i64,
    /// Expected extra takers of a step because others just took.
    excitement: f64,
    /// Which way takers have been leaning, in [-1, 1].
    lean: f64,
    published_bids: Vec<Level>,
    published_asks: Vec<Level>,
    trades: Vec<Trade>,
    began: bool,
}

impl SyntheticMarket {
    /// A market with a full book, whose first step is due at `start_ns` + [`STEP_NS`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for a number outside its bound.
    pub fn new(seed: u64, parameters: Parameters, start_ns: i64) -> Result<Self, Error> {
        parameters.check()?;
        let fair = Fair::new(Random::new(seed, 0), &parameters);
        let mut market = Self {
            parameters,
            fair,
            random: Random::new(seed, 1),
            engine: MatchingEngine::new(),
            next_order: 1,
            ours: BTreeMap::new(),
            theirs: BTreeMap::new(),
            start_ns,
            steps: 0,
            excitement: 0.0,
            lean: 0.0,
            published_bids: Vec::new(),
            published_asks: Vec::new(),
            trades: Vec::new(),
            began: false,
        };
        market.fill_book()?;
        Ok(market)
    }

    /// The book with our orders in it.
    pub const fn book(&self) -> &impl Ladder {
        self.engine.book()
    }

    /// When the next step is due, ns; it stops at the end of time.
    pub const fn next_time(&self) -> i64 {
        self.start_ns.saturating_add((self.steps + 1).saturating_mul(STEP_NS))
    }

    /// One step on.
    ///
    /// # Errors
    /// [`Error::Order`] only if our own orders leave no room in a level.
    pub fn advance(&mut self, matches: &mut MatchIds) -> Result<Progress, Error> {
        self.began = true;
        self.steps += 1;
        self.fair.advance();
        let mut events = Vec::new();
        self.crowd_step(matches, &mut events)?;
        let bids = publish(Side::Bid, &mut self.published_bids, self.engine.book());
        let asks = publish(Side::Ask, &mut self.published_asks, self.engine.book());
        Ok(Progress { bids, asks, trades: std::mem::take(&mut self.trades), events })
    }

    /// Matches an order of ours among the crowd. `restored` orders were accepted in an earlier life: no acceptance is
    /// said; they queue last and take what they cross. The venue's rules hold for them too, which also keeps every price
    /// of this book far from the ends of `i64`.
    ///
    /// # Errors
    /// [`Error::Order`] as [`MatchingEngine::submit`].
    pub fn submit(
        &mut self,
        order: &Submission,
        restored: bool,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        order.check()?;
        self.began = true;
        if let Some(reason) = self.refusal(order) {
            events.push(Event::rejected(order.order_id, order.shown_price(), order.quantity, reason));
            return Ok(());
        }
        let engine_id = self.next_id();
        let inner = Submission { order_id: engine_id, owner: OURS, ..*order };
        self.ours.insert(order.order_id, engine_id);
        self.theirs.insert(engine_id, order.order_id);
        let outcome = self.run(&inner, matches, events);
        self.forget(engine_id);
        outcome?;
        if restored {
            events.retain(|event| event.kind != EventKind::Accepted);
        }
        // A sweep must not leave a side empty until the next step.
        self.refill_thin_sides()
    }

    /// Takes an order of ours back, or answers that it does not rest.
    pub fn cancel(&mut self, order_id: u64) -> Event {
        let Some(&engine_id) = self.ours.get(&order_id) else {
            return Event::refused(EventKind::CancelRejected, order_id, 0, 0, Reason::UnknownOrder);
        };
        let event = self.engine.cancel(engine_id);
        self.forget(engine_id);
        Event { order_id, ..event }
    }

    /// Leaves `leaves` of an order of ours, which keeps its place. Refused by event unless that is less than it has and
    /// whole lots; 0 is for [`Self::cancel`].
    ///
    /// # Errors
    /// [`Error::Order`] if `leaves` is negative.
    pub fn reduce(&mut self, order_id: u64, leaves: i64) -> Result<Event, Error> {
        let refused = |reason| Ok(Event::refused(EventKind::ReduceRejected, order_id, 0, 0, reason));
        let Some(&engine_id) = self.ours.get(&order_id) else {
            return refused(Reason::UnknownOrder);
        };
        if leaves % self.parameters.lot != 0 {
            return refused(Reason::QuantityOffLot);
        }
        if leaves == 0 {
            return refused(Reason::NotSmaller);
        }
        Ok(Event { order_id, ..self.engine.reduce(engine_id, leaves)? })
    }

    /// Quantity ahead of a resting order of ours at its price.
    pub fn queue_ahead(&self, order_id: u64) -> Option<i64> {
        let (_, quantity) = self.engine.book().queue_position(*self.ours.get(&order_id)?)?;
        Some(quantity)
    }

    /// Side, price and leaves of a resting order of ours.
    pub fn resting(&self, order_id: u64) -> Option<(Side, i64, i64)> {
        let order = self.engine.book().order(*self.ours.get(&order_id)?)?;
        Some((order.side, order.price, order.quantity))
    }

    /// Why the venue's rules refuse this order.
    fn refusal(&self, order: &Submission) -> Option<Reason> {
        if order.quantity % self.parameters.lot != 0 {
            return Some(Reason::QuantityOffLot);
        }
        if order.kind == orderbook::Kind::Market {
            return None;
        }
        if order.price % self.parameters.tick != 0 {
            return Some(Reason::PriceOffTick);
        }
        // Compared in floating point: an absurd price may lose digits, never its size.
        let fair = self.fair.ticks() * real(self.parameters.tick);
        let price = real(order.price);
        (price < fair / PRICE_BAND || price > fair * PRICE_BAND).then_some(Reason::PriceOutOfRange)
    }

    /// Submits to the engine; keeps the prints, and of the events those of our orders, under our ids and match ids.
    fn run(
        &mut self,
        order: &Submission,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let mut all = Vec::new();
        self.engine.submit(order, &mut all)?;
        for event in all {
            if event.liquidity == Liquidity::Taker {
                let Event { price, quantity, .. } = event;
                self.trades.push(Trade { price, quantity, aggressor: order.side });
            }
            let Some(&order_id) = self.theirs.get(&event.order_id) else { continue };
            let match_id = if event.kind == EventKind::Filled { matches.take() } else { 0 };
            events.push(Event { order_id, match_id, ..event });
            if event.leaves == 0 && event.liquidity == Liquidity::Maker {
                self.forget(event.order_id);
            }
        }
        Ok(())
    }

    /// Drops the names of an order of ours that no longer rests.
    fn forget(&mut self, engine_id: u64) {
        if !self.engine.book().contains(engine_id) {
            if let Some(order_id) = self.theirs.remove(&engine_id) {
                self.ours.remove(&order_id);
            }
        }
    }

    const fn next_id(&mut self) -> u64 {
        let id = self.next_order;
        self.next_order += 1;
        id
    }

    fn is_ours(order: &Order) -> bool {
        order.owner == OURS
    }
}

/// The levels that differ from what was published, and publishes the book.
fn publish(side: Side, published: &mut Vec<Level>, book: &impl Ladder) -> Vec<Level> {
    let now = book.top(side, usize::MAX);
    let changed = difference(side, published, &now);
    *published = now;
    changed
}

/// Merges two best-first lists into the updates that lead from one to the other.
fn difference(side: Side, old: &[Level], new: &[Level]) -> Vec<Level> {
    let mut changed = Vec::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some(was), Some(is)) if was.price == is.price => {
                if was.quantity != is.quantity {
                    changed.push(**is);
                }
                old.next();
                new.next();
            }
            (Some(was), is) if is.is_none_or(|is| side.is_better(was.price, is.price)) => {
                changed.push(Level { price: was.price, quantity: 0 });
                old.next();
            }
            (_, Some(is)) => {
                changed.push(**is);
                new.next();
            }
            (_, None) => return changed,
        }
    }
}
