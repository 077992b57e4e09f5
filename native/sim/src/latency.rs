//! Latencies replayed from recorded orders: between two of them by a straight line, the first and last held outside.

use crate::error::Error;

/// One recorded order: times in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// When it was sent.
    pub requested: i64,
    /// When the venue had it.
    pub exchange: i64,
    /// When its answer was back.
    pub answered: i64,
}

/// Recorded round trips, at least one, each later than the one before.
#[derive(Clone, Debug)]
pub struct RecordedLatency {
    rows: Vec<RoundTrip>,
}

impl RecordedLatency {
    /// Latencies of recorded orders.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none, they are not in order, or one came back before it was sent.
    pub fn new(rows: Vec<RoundTrip>) -> Result<Self, Error> {
        let wrong = |value: String| Error::Parameter {
            name: "recorded latencies",
            bound: "in order: at least one, each later than the one before, answered after it was sent",
            value,
        };
        if rows.is_empty() {
            return Err(wrong("0 rows".to_owned()));
        }
        let backwards = rows.iter().find(|row| row.exchange < row.requested || row.answered < row.exchange);
        if let Some(row) = backwards {
            return Err(wrong(format!("{} to {} to {}", row.requested, row.exchange, row.answered)));
        }
        for pair in rows.windows(2) {
            if let [one, next] = pair {
                if next.requested <= one.requested || next.exchange < one.exchange {
                    return Err(wrong(format!("{} after {}", next.requested, one.requested)));
                }
            }
        }
        Ok(Self { rows })
    }

    /// How long an order takes to the venue, ns.
    pub fn entry(&self, requested: i64) -> i64 {
        between(&self.rows, requested, |row| row.requested, |row| row.exchange - row.requested)
    }

    /// How long the answer takes back of an order that reaches the venue at an instant, ns.
    pub fn back(&self, exchange: i64) -> i64 {
        between(&self.rows, exchange, |row| row.exchange, |row| row.answered - row.exchange)
    }
}

fn between(
    rows: &[RoundTrip],
    at: i64,
    time: impl Fn(&RoundTrip) -> i64,
    latency: impl Fn(&RoundTrip) -> i64,
) -> i64 {
    let after = rows.partition_point(|row| time(row) <= at);
    let (left, right) = (after.checked_sub(1).and_then(|before| rows.get(before)), rows.get(after));
    match (left, right) {
        (Some(left), Some(right)) => {
            let rise = i128::from(latency(right) - latency(left)) * i128::from(at - time(left));
            // Towards zero, as integers divide; the part of a line between two i64 fits an i64.
            let part = rise / i128::from(time(right) - time(left));
            latency(left).saturating_add(i64::try_from(part).unwrap_or(0))
        }
        (Some(row), None) | (None, Some(row)) => latency(row),
        (None, None) => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that panics has failed
mod tests {
    use super::*;

    fn row(requested: i64, exchange: i64, answered: i64) -> RoundTrip {
        RoundTrip { requested, exchange, answered }
    }

    #[test]
    fn between_two_recorded_orders_the_latency_is_on_the_line_and_outside_it_is_held() {
        let latency = RecordedLatency::new(vec![row(0, 10, 30), row(100, 150, 160)]).unwrap();
        assert_eq!([-5, 0, 50, 100, 900].map(|at| latency.entry(at)), [10, 10, 30, 50, 50]);
        assert_eq!([0, 10, 80, 150, 900].map(|at| latency.back(at)), [20, 20, 15, 10, 10]);
    }

    #[test]
    fn rows_that_are_none_or_out_of_order_or_back_before_they_left_are_refused() {
        assert!(RecordedLatency::new(vec![]).is_err());
        assert!(RecordedLatency::new(vec![row(5, 6, 7), row(5, 8, 9)]).is_err());
        assert!(RecordedLatency::new(vec![row(5, 4, 7)]).is_err());
    }
}
