//! The bars themselves: one forming, the newest closed ones kept.

use std::collections::VecDeque;

use crate::Error;

/// One bar, prices and volume in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// The instant it closes, ns: a multiple of its span.
    pub end: i64,
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
    /// Traded quantity.
    pub volume: i64,
}

impl Bar {
    const fn of_trade(end: i64, price: i64, quantity: i64) -> Self {
        Self { end, open: price, high: price, low: price, close: price, volume: quantity }
    }

    const fn is_whole(&self) -> bool {
        let (top, bottom) =
            if self.open > self.close { (self.open, self.close) } else { (self.close, self.open) };
        self.high >= top && self.low <= bottom && self.volume >= 0
    }

    /// Goes on with what came later.
    fn extend(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.saturating_add(later.volume);
    }
}

/// What a series is made of; the first to come decides, so that nothing is counted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Trades,
    Bars,
}

/// Bars of one instrument and span, oldest first.
#[derive(Debug, Clone)]
pub struct BarSeries {
    span: i64,
    capacity: usize,
    closed: VecDeque<Bar>,
    forming: Option<Bar>,
    source: Option<Source>,
    /// Bars closed as time went on.
    count: u64,
}

impl BarSeries {
    /// An empty series of bars of `span` ns that keeps the newest `capacity`.
    ///
    /// # Errors
    /// Where the span is not positive or there is room for none.
    pub const fn new(span: i64, capacity: usize) -> Result<Self, Error> {
        if span <= 0 {
            return Err(Error::Span(span));
        }
        if capacity == 0 {
            return Err(Error::Capacity(capacity));
        }
        let closed = VecDeque::new();
        Ok(Self { span, capacity, closed, forming: None, source: None, count: 0 })
    }

    /// The closed bars that are kept, oldest first.
    #[must_use]
    pub const fn closed(&self) -> &VecDeque<Bar> {
        &self.closed
    }

    /// The bar that is not over yet.
    #[must_use]
    pub const fn forming(&self) -> Option<Bar> {
        self.forming
    }

    /// How many bars have closed as time went on, those that were dropped too; those of the past are not among them.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The length of a bar, ns.
    #[must_use]
    pub const fn span(&self) -> i64 {
        self.span
    }

    /// Keeps at least so many bars from here on.
    pub fn grow(&mut self, capacity: usize) {
        self.capacity = self.capacity.max(capacity);
    }

    /// Takes a trade in; one from before the newest closed bar's end is passed over.
    ///
    /// # Errors
    /// Where the quantity is negative or the time does not leave room for a span.
    pub fn trade(&mut self, time: i64, price: i64, quantity: i64) -> Result<(), Error> {
        if quantity < 0 {
            return Err(Error::Quantity(quantity));
        }
        let end = time
            .div_euclid(self.span)
            .checked_add(1)
            .and_then(|slot| slot.checked_mul(self.span))
            .ok_or(Error::Time(time))?;
        if self.source == Some(Source::Bars) {
            return Ok(());
        }
        self.source = Some(Source::Trades);
        self.merge(Bar::of_trade(end, price, quantity));
        Ok(())
    }

    /// Takes a market's own bar of the same or a shorter span in; passed over where trades make the series.
    ///
    /// # Errors
    /// Where it does not fit the series or is no bar.
    pub fn bar(&mut self, span: i64, bar: Bar) -> Result<(), Error> {
        let end = self.slot_of(span, &bar)?;
        if self.source == Some(Source::Trades) {
            return Ok(());
        }
        self.source = Some(Source::Bars);
        self.take(end, bar);
        Ok(())
    }

    /// Takes bars of the past in, oldest first; the last may be left forming. What closed since then, and what is
    /// forming already, stays where the past does not reach.
    ///
    /// # Errors
    /// Where one does not fit; the series is then as it was.
    pub fn warm(&mut self, span: i64, bars: &[Bar]) -> Result<(), Error> {
        let mut warmed = Self::new(self.span, self.capacity)?;
        for bar in bars {
            let end = warmed.slot_of(span, bar)?;
            warmed.take(end, *bar);
        }
        for later in self.closed.iter().chain(self.forming.iter()) {
            let known = warmed.closed.back().map_or(i64::MIN, |last| last.end);
            if later.end > known {
                warmed.forming = Some(*later);
                if Some(later) != self.forming.as_ref() {
                    warmed.close();
                }
            }
        }
        warmed.source = self.source;
        warmed.count = self.count;
        *self = warmed;
        Ok(())
    }

    /// Closes what is over by an instant; returns whether a bar closed. What bars make, bars close.
    pub fn advance(&mut self, now: i64) -> bool {
        let over = self.forming.is_some_and(|bar| bar.end <= now);
        let closes = over && self.source != Some(Source::Bars);
        if closes {
            self.close();
        }
        closes
    }

    /// Where the slot of this series ends that a bar lies in.
    fn slot_of(&self, span: i64, bar: &Bar) -> Result<i64, Error> {
        if span <= 0 || self.span % span != 0 {
            return Err(Error::SpanOfBar { given: span, span: self.span });
        }
        if bar.end.rem_euclid(span) != 0 {
            return Err(Error::End { end: bar.end, span });
        }
        if !bar.is_whole() {
            return Err(Error::Prices);
        }
        let begin = bar.end.checked_sub(span).ok_or(Error::Time(bar.end))?;
        begin
            .div_euclid(self.span)
            .checked_add(1)
            .and_then(|slot| slot.checked_mul(self.span))
            .ok_or(Error::Time(bar.end))
    }

    /// Takes a bar into the slot that ends at `end`, and closes it where it is the slot's last.
    fn take(&mut self, end: i64, bar: Bar) {
        let last = bar.end == end;
        if self.merge(Bar { end, ..bar }) && last {
            self.close();
        }
    }

    /// Goes on with the forming bar or begins the next; returns false for what comes too late.
    fn merge(&mut self, part: Bar) -> bool {
        if self.closed.back().is_some_and(|last| part.end <= last.end) {
            return false;
        }
        match &mut self.forming {
            Some(forming) if part.end < forming.end => return false,
            Some(forming) if part.end == forming.end => forming.extend(&part),
            _ => {
                self.close();
                self.forming = Some(part);
            }
        }
        true
    }

    fn close(&mut self) {
        let Some(bar) = self.forming.take() else { return };
        if self.closed.len() >= self.capacity {
            self.closed.pop_front();
        }
        self.closed.push_back(bar);
        self.count += 1;
    }
}
