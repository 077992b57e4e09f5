//! Bars against a naive twin that keeps every trade.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use bars::{Bar, BarSeries, Error};
use proptest::prelude::*;

const SPAN: i64 = 10;

fn naive(trades: &[(i64, i64, i64)], now: i64) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for &(time, price, quantity) in trades {
        let end = (time.div_euclid(SPAN) + 1) * SPAN;
        match bars.last_mut() {
            Some(bar) if bar.end == end => {
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.close = price;
                bar.volume += quantity;
            }
            _ => bars.push(Bar { end, open: price, high: price, low: price, close: price, volume: quantity }),
        }
    }
    bars.retain(|bar| bar.end <= now);
    bars
}

fn trades() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
    prop::collection::vec((0_i64..25, 1_i64..1000, 0_i64..50), 1..120).prop_map(|steps| {
        let mut time = 0;
        steps
            .into_iter()
            .map(|(step, price, quantity)| {
                time += step;
                (time, price, quantity)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn bars_are_those_of_a_twin_that_keeps_every_trade(trades in trades(), later in 0_i64..25) {
        let mut series = BarSeries::new(SPAN, 1000).unwrap();
        for &(time, price, quantity) in &trades {
            series.trade(time, price, quantity).unwrap();
        }
        let now = trades.last().unwrap().0 + later;
        series.advance(now);
        let expected = naive(&trades, now);
        prop_assert_eq!(series.closed().iter().copied().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(series.count(), u64::try_from(expected.len()).unwrap());
        for n in 1..=expected.len() {
            let newest = &expected[expected.len() - n..];
            let closes: Vec<i128> = newest.iter().map(|bar| i128::from(bar.close)).collect();
            prop_assert_eq!(series.sum_of_closes(n).unwrap(), closes.iter().sum::<i128>());
            prop_assert_eq!(series.high(n).unwrap(), newest.iter().map(|b| b.high).max().unwrap());
            prop_assert_eq!(series.low(n).unwrap(), newest.iter().map(|b| b.low).min().unwrap());
            if n >= 2 {
                let count = i128::try_from(n).unwrap();
                let sum: i128 = closes.iter().sum();
                let squares: i128 = closes.iter().map(|close| close * close).sum();
                let spread = (count * squares - sum * sum, count * (count - 1));
                prop_assert_eq!(series.variance(n).unwrap(), spread);
            }
            if n < expected.len() {
                let pairs = expected[expected.len() - n - 1..].windows(2);
                let ranges: i128 = pairs
                    .map(|pair| {
                        let (before, bar) = (pair[0].close, pair[1]);
                        let inside = bar.high - bar.low;
                        let gap = (bar.high - before).abs().max((bar.low - before).abs());
                        i128::from(inside.max(gap))
                    })
                    .sum();
                prop_assert_eq!(series.sum_of_ranges(n).unwrap(), ranges);
            }
        }
    }

    #[test]
    fn a_series_warmed_in_the_middle_goes_on_as_one_that_was_there_all_along(
        trades in trades(), cut in 0_usize..120, later in 0_i64..25
    ) {
        let cut = cut.min(trades.len() - 1);
        let (before, after) = trades.split_at(cut);
        let mut whole = BarSeries::new(SPAN, 1000).unwrap();
        let mut fine = BarSeries::new(1, 10_000).unwrap();
        for &(time, price, quantity) in before {
            whole.trade(time, price, quantity).unwrap();
            fine.trade(time, price, quantity).unwrap();
        }
        if let Some(&(time, _, _)) = before.last() {
            fine.advance(time + 1);
        }
        let mut warmed = BarSeries::new(SPAN, 1000).unwrap();
        warmed.warm(1, &fine.closed().iter().copied().collect::<Vec<_>>()).unwrap();
        // What comes after was not in what was given: it is at least one instant later.
        for &(time, price, quantity) in after {
            whole.trade(time + 1, price, quantity).unwrap();
            warmed.trade(time + 1, price, quantity).unwrap();
        }
        let now = trades.last().unwrap().0 + 1 + later;
        whole.advance(now);
        warmed.advance(now);
        prop_assert_eq!(whole.closed(), warmed.closed());
        prop_assert_eq!(whole.forming(), warmed.forming());
    }
}

fn bar(end: i64, close: i64) -> Bar {
    Bar { end, open: close, high: close + 1, low: close - 1, close, volume: 2 }
}

#[test]
fn shorter_bars_close_the_longer_one_they_fill_and_no_timer_does() {
    let mut series = BarSeries::new(SPAN, 3).unwrap();
    series.bar(5, bar(5, 100)).unwrap();
    assert!(!series.advance(50));
    series.bar(5, bar(10, 90)).unwrap();
    assert_eq!(
        series.closed().back().copied(),
        Some(Bar { end: 10, open: 100, high: 101, low: 89, close: 90, volume: 4 })
    );
    series.trade(11, 7, 1).unwrap();
    assert_eq!(series.forming(), None);
}

#[test]
fn what_trades_make_no_bar_adds_to_and_what_is_late_is_passed_over() {
    let mut series = BarSeries::new(SPAN, 3).unwrap();
    series.trade(3, 100, 1).unwrap();
    series.bar(10, bar(10, 50)).unwrap();
    assert!(series.advance(10));
    series.trade(9, 1, 1).unwrap();
    assert_eq!(series.forming(), None);
    assert_eq!(series.high(1), Ok(100));
}

#[test]
fn the_oldest_bars_go_when_there_is_no_room() {
    let mut series = BarSeries::new(SPAN, 2).unwrap();
    for slot in 0..4 {
        series.trade(slot * SPAN, slot + 1, 1).unwrap();
    }
    assert_eq!(series.closed().len(), 2);
    assert_eq!(series.count(), 3);
    assert_eq!(series.low(2), Ok(2));
}

#[test]
fn what_is_no_bar_is_refused_and_changes_nothing() {
    let mut series = BarSeries::new(SPAN, 2).unwrap();
    assert_eq!(BarSeries::new(0, 1).unwrap_err(), Error::Span(0));
    assert_eq!(BarSeries::new(1, 0).unwrap_err(), Error::Capacity(0));
    assert_eq!(series.trade(0, 1, -1), Err(Error::Quantity(-1)));
    assert_eq!(series.trade(i64::MAX, 1, 1), Err(Error::Time(i64::MAX)));
    assert_eq!(series.bar(3, bar(3, 9)), Err(Error::SpanOfBar { given: 3, span: SPAN }));
    assert_eq!(series.bar(5, bar(7, 9)), Err(Error::End { end: 7, span: 5 }));
    let wrong = Bar { high: 1, ..bar(5, 9) };
    assert_eq!(series.bar(5, wrong), Err(Error::Prices));
    assert_eq!(series.warm(5, &[bar(5, 9), wrong]), Err(Error::Prices));
    assert_eq!(series.sum_of_closes(1), Err(Error::Window { wanted: 1, held: 0 }));
    assert_eq!((series.forming(), series.count()), (None, 0));
}

#[test]
fn a_past_that_comes_late_leaves_what_closed_and_what_forms_as_it_is() {
    let mut series = BarSeries::new(SPAN, 9).unwrap();
    series.trade(21, 7, 1).unwrap();
    series.trade(31, 8, 1).unwrap();
    series.warm(SPAN, &[bar(10, 100), bar(20, 200), bar(30, 300)]).unwrap();
    let ends: Vec<i64> = series.closed().iter().map(|bar| bar.end).collect();
    assert_eq!(ends, [10, 20, 30]);
    assert_eq!(series.closed().back().map(|bar| bar.close), Some(300));
    assert_eq!(series.forming().map(|bar| (bar.end, bar.close)), Some((40, 8)));
    assert_eq!(series.count(), 1);
}
