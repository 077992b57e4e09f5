//! What the crowd does in a step.
//!
//! 1. Stale quotes, better than the fair value allows, are hit by takers or withdrawn: this moves the touch.
//! 2. Takers arrive in clusters (a self-exciting process: half of all takers follow others), with sizes of a heavy
//!    tail, leaning the way the last ones went and towards the fair value.
//! 3. Makers fill empty levels soon (the touch sooner), add and cancel in the depth, and leave levels far away.
//!
//! The wanted size of a level grows away from the touch, is higher at round prices, and differs by price in a way
//! that stays the same, so that the ladder looks like one.
//!
//! Source of the clustering: Hawkes (1971), "Spectra of some self-exciting and mutually exciting point processes",
//! Biometrika 58(1).

use orderbook::{Event, Kind, Ladder, Order, Side, Submission, TimeInForce};

use super::fair::{floor, real};
use super::{STEPS_PER_SECOND, SyntheticMarket};
use crate::error::Error;
use crate::venue::MatchIds;

/// Part of the excitement left after a step, and what one taker adds: (1 - 0.93) / 2, so half of all takers follow.
const EXCITEMENT_KEPT: f64 = 0.93;
const EXCITEMENT_ADDED: f64 = 0.035;

/// How far beyond the touch a taker goes, in ticks.
const TAKER_REACH: i64 = 5;

/// Takers and makers of a step are at most this many, whatever the rates say.
const CROWD_MAX: u32 = 200;

impl SyntheticMarket {
    /// Everything after the move of the fair value.
    pub(super) fn crowd_step(
        &mut self,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let (bid, ask) = self.fair.quotes(self.parameters.spread_ticks);
        self.clear_stale(Side::Bid, bid, ask, matches, events)?;
        self.clear_stale(Side::Ask, ask, bid, matches, events)?;
        self.take(matches, events)?;
        for side in Side::BOTH {
            let quote = if side == Side::Bid { bid } else { ask };
            self.fill_holes(side, quote)?;
            self.churn(side, quote)?;
            self.leave_far(side, quote);
        }
        self.refill_thin_sides()
    }

    /// The first book.
    pub(super) fn fill_book(&mut self) -> Result<(), Error> {
        self.refill_thin_sides()?;
        for _ in 0..100 {
            let (bid, ask) = self.fair.quotes(self.parameters.spread_ticks);
            self.churn(Side::Bid, bid)?;
            self.churn(Side::Ask, ask)?;
        }
        Ok(())
    }

    /// Fills every hole of a side that has fewer levels than it should.
    pub(super) fn refill_thin_sides(&mut self) -> Result<(), Error> {
        let (bid, ask) = self.fair.quotes(self.parameters.spread_ticks);
        for (side, quote) in [(Side::Bid, bid), (Side::Ask, ask)] {
            if self.engine.book().level_count(side) >= self.level_target() {
                continue;
            }
            for offset in 0..i64::from(self.parameters.levels) {
                let ticks = self.quote_at(side, quote, offset);
                if self.crowd_quantity(side, ticks) == 0 {
                    let part = 0.5 + 0.5 * self.random.uniform();
                    self.post(side, ticks, part * self.wanted_lots(side, ticks, offset))?;
                }
            }
        }
        Ok(())
    }

    fn level_target(&self) -> usize {
        usize::try_from(self.parameters.levels).unwrap_or(usize::MAX) + self.ours.len()
    }

    /// Ends quotes of `side` better than `quote`. Ours have to be hit; through `other`, the opposite quote, they are hit
    /// whole at once.
    fn clear_stale(
        &mut self,
        side: Side,
        quote: i64,
        other: i64,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let tick = self.parameters.tick;
        let stale: Vec<i64> = self
            .engine
            .book()
            .levels(side)
            .map(|level| level.price.div_euclid(tick))
            .take_while(|&ticks| side.is_better(ticks, quote))
            .collect();
        // However many levels went stale, about half a taker gets there before they are withdrawn.
        let chance = 0.5 / f64::from(u32::try_from(stale.len()).unwrap_or(u32::MAX).max(1));
        for ticks in stale {
            if self.random.chance(chance) {
                let part = 0.3 + 0.7 * self.random.uniform();
                self.hit(side, ticks, part, matches, events)?;
            }
            self.withdraw_level(side, ticks);
            if !side.is_better(other, ticks) {
                // What still stands is ours, and beyond even the opposite quote: nobody leaves that lying.
                self.hit(side, ticks, 1.0, matches, events)?;
            }
        }
        Ok(())
    }

    /// A taker takes this part of what stands at `ticks` or better, at least a lot.
    fn hit(
        &mut self,
        side: Side,
        ticks: i64,
        part: f64,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let price = ticks * self.parameters.tick;
        let standing: i64 = self
            .engine
            .book()
            .levels(side)
            .take_while(|level| !side.is_better(price, level.price))
            .fold(0, |sum, level| sum.saturating_add(level.quantity));
        if standing == 0 {
            return Ok(());
        }
        let lots = floor(real(standing / self.parameters.lot) * part).max(1);
        let quantity = lots.saturating_mul(self.parameters.lot).min(standing);
        let quantity = if part >= 1.0 { standing } else { quantity };
        self.send(side.opposite(), TimeInForce::ImmediateOrCancel, price, quantity, matches, events)
    }

    /// Ordinary takers of this step.
    fn take(&mut self, matches: &mut MatchIds, events: &mut Vec<Event>) -> Result<(), Error> {
        let own = self.parameters.takes_per_second / STEPS_PER_SECOND / 2.0;
        let takers = self.random.poisson((own + self.excitement).min(10.0)).min(CROWD_MAX);
        self.excitement = self.excitement * EXCITEMENT_KEPT + EXCITEMENT_ADDED * f64::from(takers);
        self.lean *= 0.98;
        for _ in 0..takers {
            let book = self.engine.book();
            let (Some(bid), Some(ask)) = (book.best(Side::Bid), book.best(Side::Ask)) else { break };
            let mid = f64::midpoint(real(bid.price), real(ask.price)) / real(self.parameters.tick);
            let pull = ((self.fair.ticks() - mid) / 4.0).clamp(-0.25, 0.25);
            let buys = self.random.chance(0.5 + 0.3 * self.lean + pull);
            self.lean = (self.lean + if buys { 0.15 } else { -0.15 }).clamp(-1.0, 1.0);
            let reach = TAKER_REACH * self.parameters.tick;
            let (side, price) =
                if buys { (Side::Bid, ask.price + reach) } else { (Side::Ask, bid.price - reach) };
            let lots = floor(real(self.parameters.size_lots) * 0.5 * self.random.pareto()).max(1);
            let quantity = lots * self.parameters.lot;
            self.send(side, TimeInForce::ImmediateOrCancel, price, quantity, matches, events)?;
        }
        Ok(())
    }

    /// Makers fill empty levels, the touch sooner than the depth.
    fn fill_holes(&mut self, side: Side, quote: i64) -> Result<(), Error> {
        for offset in 0..i64::from(self.parameters.levels) {
            let ticks = self.quote_at(side, quote, offset);
            let chance = match offset {
                0 => 0.8,
                1..=4 => 0.6,
                _ => 0.4,
            };
            if self.crowd_quantity(side, ticks) == 0 && self.random.chance(chance) {
                let part = 0.2 + 0.6 * self.random.uniform();
                self.post(side, ticks, part * self.wanted_lots(side, ticks, offset))?;
            }
        }
        Ok(())
    }

    /// Makers add where there is too little and cancel where there is much.
    fn churn(&mut self, side: Side, quote: i64) -> Result<(), Error> {
        let arrivals = self.parameters.arrivals_per_second / STEPS_PER_SECOND / 2.0;
        for _ in 0..self.random.poisson(arrivals).min(CROWD_MAX) {
            let offset = self.random_offset();
            let ticks = self.quote_at(side, quote, offset);
            let wanted = self.wanted_lots(side, ticks, offset);
            let has = real(self.crowd_quantity(side, ticks) / self.parameters.lot);
            if has < 1.3 * wanted {
                let part = 0.5 * self.random.pareto().min(8.0);
                self.post(side, ticks, (part * real(self.parameters.size_lots)).min(wanted))?;
            }
        }
        let cancels = self.parameters.cancels_per_second / STEPS_PER_SECOND / 2.0;
        for _ in 0..self.random.poisson(cancels).min(CROWD_MAX) {
            let offset = self.random_offset();
            let ticks = self.quote_at(side, quote, offset);
            let has = real(self.crowd_quantity(side, ticks) / self.parameters.lot);
            if has > 0.7 * self.wanted_lots(side, ticks, offset) {
                self.withdraw_one(side, ticks);
            }
        }
        Ok(())
    }

    /// The crowd leaves levels farther than twice the wanted depth.
    fn leave_far(&mut self, side: Side, quote: i64) {
        let edge = quote - side.sign() * 2 * i64::from(self.parameters.levels);
        let tick = self.parameters.tick;
        let far: Vec<u64> = self
            .engine
            .book()
            .levels(side)
            .filter(|level| side.is_better(edge, level.price.div_euclid(tick)))
            .flat_map(|level| self.engine.book().orders_at(side, level.price))
            .filter(|order| !Self::is_ours(order))
            .map(|order| order.id)
            .collect();
        for id in far {
            self.engine.cancel(id);
        }
    }

    /// Near the touch half of the time, anywhere in the depth otherwise.
    fn random_offset(&mut self) -> i64 {
        let bound = if self.random.chance(0.5) { 6 } else { self.parameters.levels };
        i64::from(self.random.below(bound))
    }

    /// The price in ticks `offset` behind the quote, pushed back where it would cross what stands.
    fn quote_at(&self, side: Side, quote: i64, offset: i64) -> i64 {
        let first = match self.engine.book().best(side.opposite()) {
            Some(level) if side == Side::Bid => quote.min((level.price - 1).div_euclid(self.parameters.tick)),
            Some(level) => quote.max(level.price.div_euclid(self.parameters.tick) + 1),
            None => quote,
        };
        first - side.sign() * offset
    }

    /// What the crowd wants at a level, in lots.
    fn wanted_lots(&self, side: Side, ticks: i64, offset: i64) -> f64 {
        let round = match ticks {
            t if t % 100 == 0 => 2.5,
            t if t % 10 == 0 => 1.7,
            t if t % 5 == 0 => 1.3,
            _ => 1.0,
        };
        // The same price keeps its taste: 16 bits of a multiplicative hash give a factor in [0.6, 1.6).
        let mixed = (ticks ^ side.sign()).wrapping_mul(0x1E37_79B9_7F4A_7C15) >> 40;
        let taste = 0.6 + real(mixed & 0xFFFF) / 65_536.0;
        real(self.parameters.size_lots) * (2.0 + 0.3 * real(offset.min(60))) * round * taste
    }

    /// What stands at a price without our orders.
    fn crowd_quantity(&self, side: Side, ticks: i64) -> i64 {
        let price = ticks * self.parameters.tick;
        let book = self.engine.book();
        let ours: i64 = self
            .theirs
            .keys()
            .filter_map(|&id| book.order(id))
            .filter(|order| order.side == side && order.price == price)
            .map(|order| order.quantity)
            .sum();
        book.quantity_at(side, price) - ours
    }

    /// The crowd's limit order, at least a lot; post-only, so that it cannot take.
    fn post(&mut self, side: Side, ticks: i64, lots: f64) -> Result<(), Error> {
        let price = ticks * self.parameters.tick;
        let quantity = floor(lots).max(1).saturating_mul(self.parameters.lot);
        if self.engine.book().check_room(side, price, quantity).is_err() {
            return Ok(()); // our own order nearly fills the level's i64: the crowd stays away
        }
        let order_id = self.next_id();
        let order = Submission {
            order_id,
            side,
            kind: Kind::Limit,
            time_in_force: TimeInForce::GoodTillCancelled,
            post_only: true,
            price,
            quantity,
            owner: 0,
        };
        self.engine.submit(&order, &mut Vec::new())?;
        Ok(())
    }

    /// The crowd's taking order.
    fn send(
        &mut self,
        side: Side,
        time_in_force: TimeInForce,
        price: i64,
        quantity: i64,
        matches: &mut MatchIds,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let order_id = self.next_id();
        let (kind, post_only, owner) = (Kind::Limit, false, 0);
        let order = Submission { order_id, side, kind, time_in_force, post_only, price, quantity, owner };
        self.run(&order, matches, events)
    }

    fn withdraw_level(&mut self, side: Side, ticks: i64) {
        for id in self.crowd_orders(side, ticks) {
            self.engine.cancel(id);
        }
    }

    /// Cancels one order of the crowd at a level that has several.
    fn withdraw_one(&mut self, side: Side, ticks: i64) {
        let orders = self.crowd_orders(side, ticks);
        let Ok(count) = u32::try_from(orders.len()) else { return };
        if count < 2 {
            return;
        }
        let pick = self.random.below(count);
        if let Some(&id) = usize::try_from(pick).ok().and_then(|pick| orders.get(pick)) {
            self.engine.cancel(id);
        }
    }

    fn crowd_orders(&self, side: Side, ticks: i64) -> Vec<u64> {
        let price = ticks * self.parameters.tick;
        let crowd = |order: &&Order| !Self::is_ours(order);
        self.engine.book().orders_at(side, price).filter(crowd).map(|order| order.id).collect()
    }
}
