//! The L2 book against a naive twin: an unsorted list searched from end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use orderbook::{Error, L2Book, Ladder, Level, Side};
use proptest::prelude::*;

#[derive(Default)]
struct Naive {
    levels: Vec<(Side, i64, i64)>,
}

impl Naive {
    fn set(&mut self, side: Side, price: i64, quantity: i64) {
        self.levels.retain(|&(s, p, _)| (s, p) != (side, price));
        if quantity > 0 {
            self.levels.push((side, price, quantity));
        }
    }

    fn top(&self, side: Side) -> Vec<Level> {
        let mut found: Vec<Level> = self
            .levels
            .iter()
            .filter(|level| level.0 == side)
            .map(|&(_, price, quantity)| Level { price, quantity })
            .collect();
        found.sort_by_key(|level| level.price);
        if side == Side::Bid {
            found.reverse();
        }
        found
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn price() -> impl Strategy<Value = i64> {
    prop_oneof![12 => -20_i64..20, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

fn rows() -> impl Strategy<Value = Vec<(Side, i64, i64)>> {
    prop::collection::vec((side(), price(), 0_i64..4), 0..120)
}

proptest! {
    #[test]
    fn single_updates_equal_the_naive_book(rows in rows()) {
        let (mut book, mut naive) = (L2Book::new(), Naive::default());
        for (side, price, quantity) in rows {
            book.set_level(side, price, quantity).unwrap();
            naive.set(side, price, quantity);
            let expected = naive.top(side);
            prop_assert_eq!(book.best(side), expected.first().copied());
            prop_assert_eq!(book.worst(side), expected.last().copied());
            prop_assert_eq!(book.top(side, usize::MAX), expected);
            prop_assert_eq!(book.quantity_at(side, price), quantity);
            prop_assert_eq!(book.level_count(side), naive.top(side).len());
        }
    }

    #[test]
    fn columns_and_lists_equal_single_updates(rows in rows()) {
        let (mut single, mut columns, mut lists) = (L2Book::new(), L2Book::new(), L2Book::new());
        for &(side, price, quantity) in &rows {
            single.set_level(side, price, quantity).unwrap();
        }
        let sides: Vec<i8> = rows.iter().map(|row| i8::try_from(row.0.sign()).unwrap()).collect();
        let prices: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let quantities: Vec<i64> = rows.iter().map(|row| row.2).collect();
        columns.apply(&sides, &prices, &quantities).unwrap();
        let of = |side: Side| -> Vec<Level> {
            let one = rows.iter().filter(|row| row.0 == side);
            one.map(|row| Level { price: row.1, quantity: row.2 }).collect()
        };
        lists.apply_levels(&of(Side::Bid), &of(Side::Ask)).unwrap();
        for side in Side::BOTH {
            let expected = single.top(side, usize::MAX);
            prop_assert_eq!(columns.top(side, usize::MAX), expected.clone());
            prop_assert_eq!(lists.top(side, usize::MAX), expected);
        }
        prop_assert_eq!(single.is_crossed(), columns.is_crossed());
    }

    #[test]
    fn a_refused_row_changes_nothing(rows in rows(), bad in 0_usize..120) {
        let mut book = L2Book::new();
        book.replace(&[Level { price: 5, quantity: 1 }], &[Level { price: 6, quantity: 2 }]).unwrap();
        let before = book.clone();
        let mut sides: Vec<i8> = rows.iter().map(|row| i8::try_from(row.0.sign()).unwrap()).collect();
        let mut prices: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let mut quantities: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let row = bad.min(rows.len());
        sides.insert(row, 1);
        prices.insert(row, 0);
        quantities.insert(row, -1);
        let error = Error::Quantity { value: -1, min: 0, max: i64::MAX }.at_row(row);
        prop_assert_eq!(book.apply(&sides, &prices, &quantities), Err(error));
        quantities[row] = 1;
        sides[row] = 0;
        prop_assert_eq!(book.apply(&sides, &prices, &quantities), Err(Error::Side(0).at_row(row)));
        for side in Side::BOTH {
            prop_assert_eq!(book.top(side, usize::MAX), before.top(side, usize::MAX));
        }
    }
}

#[test]
fn a_crossed_feed_is_kept_and_named() {
    let mut book = L2Book::new();
    book.set_level(Side::Bid, 10, 1).unwrap();
    assert!(!book.is_crossed());
    book.set_level(Side::Ask, 10, 1).unwrap();
    assert!(book.is_crossed());
    book.set_level(Side::Bid, 10, 0).unwrap();
    assert!(!book.is_crossed());
}

#[test]
fn columns_of_unequal_length_are_refused() {
    let mut book = L2Book::new();
    assert_eq!(book.apply(&[1, 1], &[5], &[1, 1]), Err(Error::Lengths { expected: 2, got: 1 }));
    assert_eq!(book.level_count(Side::Bid), 0);
}
