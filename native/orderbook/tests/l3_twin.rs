//! The L3 book against a naive twin: one list in order of arrival, searched from end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use orderbook::{Error, L3Book, Ladder, Level, Order, Side};
use proptest::prelude::*;

#[derive(Default)]
struct Naive {
    orders: Vec<Order>,
}

impl Naive {
    fn find(&self, id: u64) -> Result<usize, Error> {
        self.orders.iter().position(|order| order.id == id).ok_or(Error::UnknownOrder(id))
    }

    fn add(&mut self, order: Order) -> Result<(), Error> {
        positive(order.quantity)?;
        if self.find(order.id).is_ok() {
            return Err(Error::DuplicateOrder(order.id));
        }
        self.room(order.side, order.price, order.quantity)?;
        self.orders.push(order);
        Ok(())
    }

    fn room(&self, side: Side, price: i64, quantity: i64) -> Result<(), Error> {
        let total: i128 = self.at(side, price).iter().map(|order| i128::from(order.quantity)).sum();
        if total + i128::from(quantity) > i128::from(i64::MAX) {
            return Err(Error::LevelTotal { price, quantity });
        }
        Ok(())
    }

    fn reduce(&mut self, id: u64, quantity: i64) -> Result<(), Error> {
        let place = self.find(id)?;
        let has = self.orders[place].quantity;
        if !(1..=has).contains(&quantity) {
            return Err(Error::Quantity { value: quantity, min: 1, max: has });
        }
        self.orders[place].quantity -= quantity;
        self.orders.retain(|order| order.quantity > 0);
        Ok(())
    }

    fn delete(&mut self, id: u64) -> Result<(), Error> {
        let place = self.find(id)?;
        self.orders.remove(place);
        Ok(())
    }

    fn replace(&mut self, id: u64, price: i64, quantity: i64) -> Result<(), Error> {
        positive(quantity)?;
        let place = self.find(id)?;
        let old = self.orders[place];
        if price == old.price && quantity <= old.quantity {
            self.orders[place].quantity = quantity;
            return Ok(());
        }
        let more = if price == old.price { quantity - old.quantity } else { quantity };
        self.room(old.side, price, more)?;
        self.orders.remove(place);
        self.orders.push(Order { price, quantity, ..old });
        Ok(())
    }

    fn at(&self, side: Side, price: i64) -> Vec<Order> {
        self.orders.iter().filter(|order| (order.side, order.price) == (side, price)).copied().collect()
    }

    fn top(&self, side: Side) -> Vec<Level> {
        let mut prices: Vec<i64> =
            self.orders.iter().filter(|order| order.side == side).map(|order| order.price).collect();
        prices.sort_unstable();
        prices.dedup();
        if side == Side::Bid {
            prices.reverse();
        }
        let total = |price| self.at(side, price).iter().map(|order| order.quantity).sum();
        prices.into_iter().map(|price| Level { price, quantity: total(price) }).collect()
    }
}

fn positive(value: i64) -> Result<(), Error> {
    if value < 1 { Err(Error::Quantity { value, min: 1, max: i64::MAX }) } else { Ok(()) }
}

/// (kind, id, side, price, quantity); quantities that are wrong, and so large that levels overflow, come too.
fn rows() -> impl Strategy<Value = Vec<(i8, u64, i8, i64, i64)>> {
    let side = prop_oneof![Just(1_i8), Just(-1_i8)];
    let quantity = prop_oneof![20 => 1_i64..8, 2 => -1_i64..1, 1 => Just(i64::MAX), 1 => Just(i64::MAX - 7)];
    let kind = prop_oneof![3 => Just(0_i8), 2 => Just(1_i8), 1 => Just(2_i8), 2 => Just(3_i8)];
    prop::collection::vec((kind, 0_u64..24, side, 0_i64..5, quantity), 0..200)
}

fn act(naive: &mut Naive, row: (i8, u64, i8, i64, i64)) -> Result<(), Error> {
    let (kind, id, sign, price, quantity) = row;
    let side = if sign > 0 { Side::Bid } else { Side::Ask };
    match kind {
        0 => naive.add(Order { id, side, price, quantity, owner: 0 }),
        1 => naive.reduce(id, quantity),
        2 => naive.delete(id),
        _ => naive.replace(id, price, quantity),
    }
}

fn compare(book: &L3Book, naive: &Naive) -> Result<(), TestCaseError> {
    for side in Side::BOTH {
        let expected = naive.top(side);
        prop_assert_eq!(book.best(side), expected.first().copied());
        prop_assert_eq!(book.level_count(side), expected.len());
        for level in &expected {
            let orders: Vec<Order> = book.orders_at(side, level.price).copied().collect();
            prop_assert_eq!(orders, naive.at(side, level.price));
            prop_assert_eq!(book.quantity_at(side, level.price), level.quantity);
        }
        prop_assert_eq!(book.top(side, usize::MAX), expected);
    }
    for order in &naive.orders {
        let queue = naive.at(order.side, order.price);
        let ahead: Vec<&Order> = queue.iter().take_while(|other| other.id != order.id).collect();
        let quantity = ahead.iter().map(|other| other.quantity).sum();
        prop_assert_eq!(book.queue_position(order.id), Some((ahead.len(), quantity)));
        prop_assert_eq!(book.order(order.id), Some(order));
    }
    prop_assert_eq!(book.len(), naive.orders.len());
    prop_assert_eq!(book.is_empty(), naive.orders.is_empty());
    Ok(())
}

proptest! {
    #[test]
    fn every_row_equals_the_naive_book(rows in rows()) {
        let (mut book, mut naive) = (L3Book::new(), Naive::default());
        for row in rows {
            let (kind, id, side, price, quantity) = row;
            let got = book.apply(&[kind], &[id], &[side], &[price], &[quantity]);
            let expected = act(&mut naive, row).map_err(|error| error.at_row(0));
            prop_assert_eq!(got, expected);
            compare(&book, &naive)?;
        }
    }

    #[test]
    fn a_bulk_call_stops_at_the_first_refused_row(rows in rows()) {
        let (mut book, mut naive) = (L3Book::new(), Naive::default());
        let kinds: Vec<i8> = rows.iter().map(|row| row.0).collect();
        let ids: Vec<u64> = rows.iter().map(|row| row.1).collect();
        let sides: Vec<i8> = rows.iter().map(|row| row.2).collect();
        let prices: Vec<i64> = rows.iter().map(|row| row.3).collect();
        let quantities: Vec<i64> = rows.iter().map(|row| row.4).collect();
        let got = book.apply(&kinds, &ids, &sides, &prices, &quantities);
        let expected = rows.iter().enumerate().try_for_each(|(row, &cells)| {
            act(&mut naive, cells).map_err(|error| error.at_row(row))
        });
        prop_assert_eq!(got, expected);
        compare(&book, &naive)?;
    }
}

#[test]
fn a_bad_code_and_a_bad_side_are_named() {
    let mut book = L3Book::new();
    assert_eq!(book.apply(&[4], &[1], &[1], &[1], &[1]), Err(Error::Action(4).at_row(0)));
    assert_eq!(book.apply(&[0], &[1], &[2], &[1], &[1]), Err(Error::Side(2).at_row(0)));
    assert_eq!(book.apply(&[0], &[1], &[], &[1], &[1]), Err(Error::Lengths { expected: 1, got: 0 }));
    assert!(book.is_empty());
    assert_eq!(book.queue_position(1), None);
}
