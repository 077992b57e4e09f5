//! Many markets behind one door: one space of order ids, one sequence of match ids.

use std::collections::BTreeMap;

use orderbook::{Event, EventKind, Kind, Ladder, Level, Reason, Side, Submission, TimeInForce};

use crate::error::Error;
use crate::queue::QueueModel;
use crate::recorded::RecordedMarket;
use crate::synthetic::{Bar, Parameters, Progress, SyntheticMarket};

/// The venue's sequence of match ids, from 1.
#[derive(Clone, Debug)]
pub struct MatchIds {
    next: u64,
}

impl MatchIds {
    /// The next id; the sequence goes on.
    pub const fn take(&mut self) -> u64 {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        id
    }
}

impl Default for MatchIds {
    fn default() -> Self {
        Self { next: 1 }
    }
}

/// A resting order of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its id.
    pub order_id: u64,
    /// Where it rests.
    pub instrument: u32,
    /// Which side.
    pub side: Side,
    /// Price units.
    pub price: i64,
    /// Quantity left.
    pub leaves: i64,
}

#[derive(Clone, Debug)]
enum Market {
    Recorded(RecordedMarket),
    Synthetic(Box<SyntheticMarket>),
}

/// The venue that the sandbox and paper trading use.
#[derive(Clone, Debug, Default)]
pub struct Venue {
    markets: BTreeMap<u32, Market>,
    /// Resting order -> its instrument.
    open: BTreeMap<u64, u32>,
    matches: MatchIds,
}

/// A book of the venue to look at.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a>(&'a Market);

impl Ladder for Book<'_> {
    fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        // Two markets, two iterator types: one of the two is empty.
        let (recorded, synthetic) = match self.0 {
            Market::Recorded(market) => (Some(market.book().levels(side)), None),
            Market::Synthetic(market) => (None, Some(market.book().levels(side))),
        };
        recorded.into_iter().flatten().chain(synthetic.into_iter().flatten())
    }

    fn quantity_at(&self, side: Side, price: i64) -> i64 {
        match self.0 {
            Market::Recorded(market) => market.book().quantity_at(side, price),
            Market::Synthetic(market) => market.book().quantity_at(side, price),
        }
    }

    fn level_count(&self, side: Side) -> usize {
        match self.0 {
            Market::Recorded(market) => market.book().level_count(side),
            Market::Synthetic(market) => market.book().level_count(side),
        }
    }
}

impl Venue {
    /// A venue without markets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a market that will be fed by a recording or a live feed.
    ///
    /// # Errors
    /// [`Error::DuplicateInstrument`].
    pub fn add_recorded(&mut self, instrument: u32) -> Result<(), Error> {
        self.add_queued(instrument, QueueModel::RiskAverse)
    }

    /// The same with a model of how orders come forward in its queues.
    ///
    /// # Errors
    /// [`Error::DuplicateInstrument`].
    pub fn add_queued(&mut self, instrument: u32, model: QueueModel) -> Result<(), Error> {
        self.add(instrument, Market::Recorded(RecordedMarket::with_queue(model)))
    }

    /// Adds an invented market whose first step is due one step after `start_ns`.
    ///
    /// # Errors
    /// [`Error::DuplicateInstrument`], [`Error::Parameter`].
    pub fn add_synthetic(
        &mut self,
        instrument: u32,
        seed: u64,
        parameters: Parameters,
        start_ns: i64,
    ) -> Result<(), Error> {
        let market = SyntheticMarket::new(seed, parameters, start_ns)?;
        self.add(instrument, Market::Synthetic(Box::new(market)))
    }

    /// Feeds a recorded market with its book; see [`RecordedMarket::on_book`].
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`], [`Error::NotRecorded`], [`Error::Order`].
    pub fn on_book(
        &mut self,
        instrument: u32,
        bids: &[Level],
        asks: &[Level],
        snapshot: bool,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let (market, matches) = self.recorded(instrument)?;
        market.on_book(bids, asks, snapshot, matches, &mut events)?;
        self.settle(&events);
        Ok(events)
    }

    /// Feeds a recorded market with a print; aggressor +1, -1, or 0 for unknown. See [`RecordedMarket::on_trade`].
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`], [`Error::NotRecorded`], [`Error::Aggressor`], [`Error::Order`].
    pub fn on_trade(
        &mut self,
        instrument: u32,
        price: i64,
        quantity: i64,
        aggressor: i64,
    ) -> Result<Vec<Event>, Error> {
        let side = Side::from_sign(aggressor);
        if side.is_none() && aggressor != 0 {
            return Err(Error::Aggressor(aggressor));
        }
        let mut events = Vec::new();
        let (market, matches) = self.recorded(instrument)?;
        market.on_trade(price, quantity, side, matches, &mut events)?;
        self.settle(&events);
        Ok(events)
    }

    /// When the next step of an invented market is due, ns.
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`], [`Error::NotSynthetic`].
    pub fn next_time(&self, instrument: u32) -> Result<i64, Error> {
        match self.market(instrument)? {
            Market::Synthetic(market) => Ok(market.next_time()),
            Market::Recorded(_) => Err(Error::NotSynthetic(instrument)),
        }
    }

    /// One step of an invented market.
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`], [`Error::NotSynthetic`].
    pub fn advance(&mut self, instrument: u32) -> Result<Progress, Error> {
        let (market, matches) = self.synthetic(instrument)?;
        let progress = market.advance(matches)?;
        self.settle(&progress.events);
        Ok(progress)
    }

    /// Candles of an invented market from before its start; see [`SyntheticMarket::history`].
    ///
    /// # Errors
    /// [`Error::Started`] after the first step, order or history; [`Error::UnknownInstrument`],
    /// [`Error::NotSynthetic`], [`Error::Parameter`].
    pub fn history(&mut self, instrument: u32, span_ns: i64, bars: i64) -> Result<Vec<Bar>, Error> {
        let (market, _) = self.synthetic(instrument)?;
        if market.began() {
            return Err(Error::Started(instrument));
        }
        market.history(span_ns, bars)
    }

    /// An order of ours.
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`]; [`Error::Order`] for a malformed order or an id that rests. Then nothing happened.
    pub fn submit(&mut self, instrument: u32, order: &Submission) -> Result<Vec<Event>, Error> {
        self.enter(instrument, order, false)
    }

    /// Puts an order back that rested before a restart. It queues last. Where the market has come to it meanwhile it
    /// takes, and the fills are returned; an acceptance is not said again.
    ///
    /// # Errors
    /// As [`Venue::submit`].
    pub fn restore(
        &mut self,
        instrument: u32,
        order_id: u64,
        side: Side,
        price: i64,
        leaves: i64,
    ) -> Result<Vec<Event>, Error> {
        let order = Submission {
            order_id,
            side,
            kind: Kind::Limit,
            time_in_force: TimeInForce::GoodTillCancelled,
            post_only: false,
            price,
            quantity: leaves,
            owner: 0,
        };
        self.enter(instrument, &order, true)
    }

    /// Takes an order back; one `cancelled`, or one `cancel_rejected` if it does not rest.
    pub fn cancel(&mut self, order_id: u64) -> Event {
        let market = self.open.remove(&order_id).and_then(|number| self.markets.get_mut(&number));
        match market {
            Some(Market::Recorded(market)) => market.cancel(order_id),
            Some(Market::Synthetic(market)) => market.cancel(order_id),
            None => Event::refused(EventKind::CancelRejected, order_id, 0, 0, Reason::UnknownOrder),
        }
    }

    /// Leaves `leaves` of an order, which keeps its place; 0 cancels it. One `reduced` or `cancelled`, or one
    /// `reduce_rejected` if it does not rest or has no more than that.
    ///
    /// # Errors
    /// [`Error::Order`] if `leaves` is negative; then nothing happened.
    pub fn reduce(&mut self, order_id: u64, leaves: i64) -> Result<Event, Error> {
        if leaves < 0 {
            let error = orderbook::Error::Quantity { value: leaves, min: 0, max: i64::MAX };
            return Err(Error::Order(error));
        }
        let market = self.open.get(&order_id).and_then(|number| self.markets.get_mut(number));
        match market {
            Some(_) if leaves == 0 => Ok(self.cancel(order_id)),
            Some(Market::Recorded(market)) => Ok(market.reduce(order_id, leaves)),
            Some(Market::Synthetic(market)) => market.reduce(order_id, leaves),
            None => {
                let (kind, reason) = (EventKind::ReduceRejected, Reason::UnknownOrder);
                Ok(Event::refused(kind, order_id, 0, 0, reason))
            }
        }
    }

    /// Quantity that trades before an order of ours; `None` if it does not rest or its place is not known.
    pub fn queue_ahead(&self, order_id: u64) -> Option<i64> {
        match self.markets.get(self.open.get(&order_id)?)? {
            Market::Recorded(market) => market.queue_ahead(order_id),
            Market::Synthetic(market) => market.queue_ahead(order_id),
        }
    }

    /// Our resting orders by id.
    pub fn open_orders(&self) -> impl Iterator<Item = OpenOrder> {
        self.open.iter().filter_map(|(&order_id, &instrument)| {
            let (side, price, leaves) = self.resting(instrument, order_id)?;
            Some(OpenOrder { order_id, instrument, side, price, leaves })
        })
    }

    /// The book of a market: the recorded one without our orders, or the invented one with them.
    ///
    /// # Errors
    /// [`Error::UnknownInstrument`].
    pub fn book(&self, instrument: u32) -> Result<Book<'_>, Error> {
        self.market(instrument).map(Book)
    }

    /// The next match id; it is kept over a restart by whoever stores the venue's ledger.
    pub const fn next_match_id(&self) -> u64 {
        self.matches.next
    }

    /// Goes on with match ids after a restart; they stay within an `i64`.
    ///
    /// # Errors
    /// [`Error::MatchId`] if that would use an id twice or is beyond an `i64`.
    pub const fn set_next_match_id(&mut self, value: u64) -> Result<(), Error> {
        if value < self.matches.next || value > u64::MAX >> 1 {
            return Err(Error::MatchId { min: self.matches.next, value });
        }
        self.matches.next = value;
        Ok(())
    }

    fn add(&mut self, instrument: u32, market: Market) -> Result<(), Error> {
        if self.markets.contains_key(&instrument) {
            return Err(Error::DuplicateInstrument(instrument));
        }
        self.markets.insert(instrument, market);
        Ok(())
    }

    fn enter(&mut self, instrument: u32, order: &Submission, restored: bool) -> Result<Vec<Event>, Error> {
        if self.open.contains_key(&order.order_id) {
            return Err(Error::Order(orderbook::Error::DuplicateOrder(order.order_id)));
        }
        let mut events = Vec::new();
        let market = self.markets.get_mut(&instrument).ok_or(Error::UnknownInstrument(instrument))?;
        match market {
            Market::Recorded(market) => market.submit(order, restored, &mut self.matches, &mut events)?,
            Market::Synthetic(market) => market.submit(order, restored, &mut self.matches, &mut events)?,
        }
        if self.resting(instrument, order.order_id).is_some() {
            self.open.insert(order.order_id, instrument);
        }
        Ok(events)
    }

    /// Forgets orders that were filled to the end.
    fn settle(&mut self, events: &[Event]) {
        for event in events {
            if event.leaves == 0 {
                self.open.remove(&event.order_id);
            }
        }
    }

    fn resting(&self, instrument: u32, order_id: u64) -> Option<(Side, i64, i64)> {
        match self.markets.get(&instrument)? {
            Market::Recorded(market) => market.resting(order_id),
            Market::Synthetic(market) => market.resting(order_id),
        }
    }

    fn market(&self, instrument: u32) -> Result<&Market, Error> {
        self.markets.get(&instrument).ok_or(Error::UnknownInstrument(instrument))
    }

    fn recorded(&mut self, instrument: u32) -> Result<(&mut RecordedMarket, &mut MatchIds), Error> {
        match self.markets.get_mut(&instrument) {
            Some(Market::Recorded(market)) => Ok((market, &mut self.matches)),
            Some(Market::Synthetic(_)) => Err(Error::NotRecorded(instrument)),
            None => Err(Error::UnknownInstrument(instrument)),
        }
    }

    fn synthetic(&mut self, instrument: u32) -> Result<(&mut SyntheticMarket, &mut MatchIds), Error> {
        match self.markets.get_mut(&instrument) {
            Some(Market::Synthetic(market)) => Ok((market, &mut self.matches)),
            Some(Market::Recorded(_)) => Err(Error::NotSynthetic(instrument)),
            None => Err(Error::UnknownInstrument(instrument)),
        }
    }
}
