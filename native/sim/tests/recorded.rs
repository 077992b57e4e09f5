//! What must hold on any recording, whatever it contains, with our orders in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use std::collections::BTreeMap;

use orderbook::{Event, EventKind, Kind, Ladder, Level, Liquidity, Reason, Side, Submission, TimeInForce};
use proptest::prelude::*;
use sim::{Book, QueueModel, Venue};

const MARKET: u32 = 7;

#[derive(Clone, Debug)]
enum Input {
    Level(Side, i64, i64),
    Snapshot(Vec<(i64, i64)>, Vec<(i64, i64)>),
    Print(i64, i64, i64),
    Order(Submission),
    Cancel(u64),
    Reduce(u64, i64),
}

fn order(order_id: u64, side: Side, price: i64, quantity: i64) -> Submission {
    let (kind, time_in_force) = (Kind::Limit, TimeInForce::GoodTillCancelled);
    Submission { order_id, side, kind, time_in_force, post_only: false, price, quantity, owner: 0 }
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let side = || prop_oneof![Just(Side::Bid), Just(Side::Ask)];
    // Bids mostly below 100 and asks mostly above, with an overlap so that feeds cross now and then.
    let level = (side(), 0_i64..7, 0_i64..12).prop_map(|(side, depth, quantity)| {
        let price = if side == Side::Bid { 101 - depth } else { 99 + depth };
        Input::Level(side, price, quantity)
    });
    let ladder = |first: i64, step: i64| {
        prop::collection::vec(1_i64..12, 0..5).prop_map(move |quantities| {
            (0..).zip(quantities).map(|(depth, quantity)| (first + step * depth, quantity)).collect()
        })
    };
    let snapshot = (ladder(99, -1), ladder(101, 1)).prop_map(|(bids, asks)| Input::Snapshot(bids, asks));
    let print = (95_i64..106, 1_i64..12, -1_i64..2).prop_map(|(p, q, a)| Input::Print(p, q, a));
    let terms = prop_oneof![
        5 => Just((Kind::Limit, TimeInForce::GoodTillCancelled, false)),
        3 => Just((Kind::Limit, TimeInForce::GoodTillCancelled, true)),
        1 => Just((Kind::Limit, TimeInForce::ImmediateOrCancel, false)),
        1 => Just((Kind::Limit, TimeInForce::FillOrKill, false)),
        1 => Just((Kind::Market, TimeInForce::GoodTillCancelled, false)),
    ];
    let enter = (terms, side(), 95_i64..106, 1_i64..9).prop_map(|(terms, side, price, quantity)| {
        let (kind, time_in_force, post_only) = terms;
        Input::Order(Submission { kind, time_in_force, post_only, ..order(0, side, price, quantity) })
    });
    let cancel = (0_u64..120).prop_map(Input::Cancel);
    let reduce = (0_u64..120, 0_i64..9).prop_map(|(id, leaves)| Input::Reduce(id, leaves));
    let one = prop_oneof![4 => level, 1 => snapshot, 5 => print, 4 => enter, 1 => cancel, 1 => reduce];
    prop::collection::vec(one, 1..120).prop_map(|mut inputs| {
        for (number, input) in (0..).zip(&mut inputs) {
            if let Input::Order(order) = input {
                order.order_id = number;
            }
        }
        inputs
    })
}

fn models() -> impl Strategy<Value = QueueModel> {
    prop_oneof![
        2 => Just(QueueModel::RiskAverse),
        1 => (0.3_f64..4.0).prop_map(QueueModel::Power),
        1 => (0.3_f64..4.0).prop_map(QueueModel::Power2),
        1 => (0.3_f64..4.0).prop_map(QueueModel::Power3),
        1 => Just(QueueModel::Log),
        1 => Just(QueueModel::Log2),
    ]
}

/// What a watcher without the venue's insight knows.
#[derive(Default)]
struct Watcher {
    orders: BTreeMap<u64, (Submission, i64)>,
    /// How much may ever have been taken from a level since it was last empty: the sum of its rises.
    offered: BTreeMap<(Side, i64), i64>,
    shown: BTreeMap<(Side, i64), i64>,
    taken: BTreeMap<(Side, i64), i64>,
    last_match: u64,
}

impl Watcher {
    fn book(&mut self, book: Book<'_>) {
        for side in Side::BOTH {
            for price in 90..111 {
                let now = book.quantity_at(side, price);
                let was = self.shown.insert((side, price), now).unwrap_or(0);
                if now == 0 {
                    self.offered.remove(&(side, price));
                    self.taken.remove(&(side, price));
                } else {
                    *self.offered.entry((side, price)).or_insert(0) += (now - was).max(0);
                }
            }
        }
    }

    fn took(&mut self, side: Side, price: i64, quantity: i64) -> Result<(), TestCaseError> {
        let taken = self.taken.entry((side, price)).or_insert(0);
        *taken += quantity;
        let offered = self.offered.get(&(side, price)).copied().unwrap_or(0);
        prop_assert!(*taken <= offered, "took {} of {} ever offered at {}", taken, offered, price);
        Ok(())
    }

    /// Leaves go down by exactly what was filled; match ids rise; nothing unknown is named.
    fn events(&mut self, events: &[Event]) -> Result<(), TestCaseError> {
        for event in events {
            let (order, leaves) = *self.orders.get(&event.order_id).unwrap();
            let left = match event.kind {
                EventKind::Accepted => leaves,
                EventKind::Filled => {
                    prop_assert!(event.match_id > self.last_match);
                    self.last_match = event.match_id;
                    prop_assert!(order.reaches(event.price));
                    leaves - event.quantity
                }
                _ => {
                    prop_assert_eq!(event.quantity, leaves);
                    0
                }
            };
            prop_assert_eq!(event.leaves, left);
            prop_assert!(left >= 0);
            self.orders.insert(event.order_id, (order, left));
        }
        self.orders.retain(|_, (_, leaves)| *leaves > 0);
        Ok(())
    }
}

fn levels(pairs: &[(i64, i64)]) -> Vec<Level> {
    pairs.iter().map(|&(price, quantity)| Level { price, quantity }).collect()
}

fn on_feed(venue: &mut Venue, watcher: &mut Watcher, input: &Input) -> Result<(), TestCaseError> {
    let events = match input {
        Input::Snapshot(bids, asks) => venue.on_book(MARKET, &levels(bids), &levels(asks), true).unwrap(),
        Input::Level(Side::Bid, price, quantity) => {
            venue.on_book(MARKET, &levels(&[(*price, *quantity)]), &[], false).unwrap()
        }
        Input::Level(Side::Ask, price, quantity) => {
            venue.on_book(MARKET, &[], &levels(&[(*price, *quantity)]), false).unwrap()
        }
        _ => return Ok(()),
    };
    watcher.book(venue.book(MARKET).unwrap());
    // As maker we get our price; what pays for it is the opposite display at that price or better.
    for event in &events {
        prop_assert_eq!(event.liquidity, Liquidity::Maker);
        let (order, _) = watcher.orders[&event.order_id];
        prop_assert_eq!(event.price, order.price);
    }
    for side in Side::BOTH {
        let own = events.iter().filter(|event| watcher.orders[&event.order_id].0.side == side);
        let filled: i64 = own.clone().map(|event| event.quantity).sum();
        let reach = own.map(|event| event.price);
        let reach = if side == Side::Bid { reach.max() } else { reach.min() };
        let Some(reach) = reach else { continue };
        let book = venue.book(MARKET).unwrap();
        let crossing = book.levels(side.opposite()).take_while(|level| side.reaches(reach, level.price));
        prop_assert!(filled <= crossing.map(|level| level.quantity).sum());
    }
    watcher.events(&events)
}

fn on_print(venue: &mut Venue, watcher: &mut Watcher, print: (i64, i64, i64)) -> Result<(), TestCaseError> {
    let (price, quantity, aggressor) = print;
    let before: BTreeMap<u64, Option<i64>> =
        watcher.orders.keys().map(|&id| (id, venue.queue_ahead(id))).collect();
    let events = venue.on_trade(MARKET, price, quantity, aggressor).unwrap();
    let filled: i64 = events.iter().map(|event| event.quantity).sum();
    prop_assert!(filled <= quantity, "a print of {} filled {}", quantity, filled);
    for event in &events {
        let (order, _) = watcher.orders[&event.order_id];
        prop_assert_eq!((event.liquidity, event.price), (Liquidity::Maker, order.price));
        prop_assert!(aggressor == 0 || order.side.sign() == -aggressor);
        prop_assert!(order.side.opposite().reaches(price, order.price));
        if order.price == price {
            let ahead = before[&event.order_id];
            prop_assert!(ahead.is_some(), "filled from a print although its place was unknown");
            prop_assert!(
                event.quantity <= quantity - ahead.unwrap(),
                "filled before the queue ahead was eaten"
            );
        }
    }
    // Price-time: an order of ours trades only if those before it are done.
    for event in &events {
        let (order, _) = watcher.orders[&event.order_id];
        let better = watcher.orders.iter().filter(|(_, (other, _))| {
            other.side == order.side && order.side.is_better(other.price, order.price)
        });
        for (id, (_, leaves)) in better {
            let got: i64 = events.iter().filter(|e| e.order_id == *id).map(|e| e.quantity).sum();
            prop_assert_eq!(got, *leaves, "a better priced order of ours was passed over");
        }
    }
    watcher.events(&events)
}

fn on_order(venue: &mut Venue, watcher: &mut Watcher, order: &Submission) -> Result<(), TestCaseError> {
    let shown: Vec<Level> = venue.book(MARKET).unwrap().top(order.side, usize::MAX);
    watcher.orders.insert(order.order_id, (*order, order.quantity));
    let events = venue.submit(MARKET, order).unwrap();
    let mut touch = None;
    for event in events.iter().filter(|event| event.kind == EventKind::Filled) {
        prop_assert_eq!(event.liquidity, Liquidity::Taker);
        prop_assert!(!order.post_only);
        prop_assert!(touch.is_none_or(|last| order.side.opposite().is_better(last, event.price)));
        touch = Some(event.price);
        watcher.took(order.side.opposite(), event.price, event.quantity)?;
    }
    let taken: i64 = events.iter().filter(|e| e.kind == EventKind::Filled).map(|e| e.quantity).sum();
    if order.time_in_force == TimeInForce::FillOrKill {
        prop_assert!(taken == 0 || taken == order.quantity);
    }
    watcher.events(&events)?;
    let rests = watcher.orders.contains_key(&order.order_id);
    prop_assert!(!rests || order.can_rest());
    let ahead = venue.queue_ahead(order.order_id);
    if rests && shown.last().is_some_and(|worst| !order.side.is_better(worst.price, order.price)) {
        let displayed =
            shown.iter().find(|level| level.price == order.price).map_or(0, |level| level.quantity);
        prop_assert_eq!(ahead, Some(displayed));
    } else {
        prop_assert_eq!(ahead, None);
    }
    Ok(())
}

/// Less of an order keeps its place and everybody else's; as much or more is refused and changes nothing.
fn on_reduce(venue: &mut Venue, watcher: &mut Watcher, id: u64, leaves: i64) -> Result<(), TestCaseError> {
    let places = |venue: &Venue, watcher: &Watcher| -> Vec<(u64, Option<i64>)> {
        watcher.orders.keys().map(|&id| (id, venue.queue_ahead(id))).collect()
    };
    let mut before = places(venue, watcher);
    let event = venue.reduce(id, leaves).unwrap();
    let Some((order, had)) = watcher.orders.get(&id).copied() else {
        prop_assert_eq!((event.kind, event.reason), (EventKind::ReduceRejected, Reason::UnknownOrder));
        return Ok(());
    };
    if leaves == 0 {
        prop_assert_eq!((event.kind, event.quantity), (EventKind::Cancelled, had));
        watcher.orders.remove(&id);
        before.retain(|&(other, _)| other != id);
    } else if leaves < had {
        prop_assert_eq!(
            (event.kind, event.quantity, event.leaves),
            (EventKind::Reduced, had - leaves, leaves)
        );
        watcher.orders.insert(id, (order, leaves));
    } else {
        prop_assert_eq!((event.kind, event.reason), (EventKind::ReduceRejected, Reason::NotSmaller));
    }
    prop_assert_eq!(places(venue, watcher), before);
    Ok(())
}

fn on_input(venue: &mut Venue, watcher: &mut Watcher, input: &Input) -> Result<(), TestCaseError> {
    match input {
        Input::Print(price, quantity, aggressor) => on_print(venue, watcher, (*price, *quantity, *aggressor)),
        Input::Order(order) => on_order(venue, watcher, order),
        Input::Cancel(id) => {
            let event = venue.cancel(*id);
            let known = watcher.orders.remove(id);
            prop_assert_eq!(event.kind == EventKind::Cancelled, known.is_some());
            prop_assert_eq!(event.quantity, known.map_or(0, |(_, leaves)| leaves));
            Ok(())
        }
        Input::Reduce(id, leaves) => on_reduce(venue, watcher, *id, *leaves),
        Input::Level(..) | Input::Snapshot(..) => on_feed(venue, watcher, input),
    }
}

/// Histories that are tried, about 60 operations each: 600, or as `VENUE_CASES` says.
fn cases() -> u32 {
    std::env::var("VENUE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn nothing_is_filled_that_the_market_did_not_offer(inputs in inputs(), model in models()) {
        let mut venue = Venue::new();
        venue.add_queued(MARKET, model).unwrap();
        let mut watcher = Watcher::default();
        for input in &inputs {
            on_input(&mut venue, &mut watcher, input)?;
            let open: Vec<(u64, i64)> = venue.open_orders().map(|open| (open.order_id, open.leaves)).collect();
            let expected: Vec<(u64, i64)> =
                watcher.orders.iter().map(|(&id, &(_, leaves))| (id, leaves)).collect();
            prop_assert_eq!(open, expected);
            // Of the displayed queue at most the display is ahead, where the display is known.
            let book = venue.book(MARKET).unwrap();
            for (&id, (order, _)) in &watcher.orders {
                let worst = book.levels(order.side).last();
                if worst.is_some_and(|worst| !order.side.is_better(worst.price, order.price)) {
                    prop_assert!(venue.queue_ahead(id).unwrap() <= book.quantity_at(order.side, order.price));
                }
            }
            // First in, first out: of two of ours at one price the younger is never before the older.
            for (id, (order, _)) in &watcher.orders {
                let later = watcher.orders.range(id + 1..);
                for (young, _) in later.filter(|(_, (o, _))| (o.side, o.price) == (order.side, order.price)) {
                    if let (Some(front), Some(back)) = (venue.queue_ahead(*id), venue.queue_ahead(*young)) {
                        prop_assert!(front <= back, "{} is before the older {}", young, id);
                    }
                }
            }
            // Our bids stay below our asks.
            let best = |side| {
                let prices = watcher.orders.values().filter(move |(order, _)| order.side == side);
                prices.map(|(order, _)| side.sign() * order.price).max()
            };
            if let (Some(bid), Some(ask)) = (best(Side::Bid), best(Side::Ask)) {
                prop_assert!(bid < -ask, "our own orders cross");
            }
        }
    }
}

fn venue() -> Venue {
    let mut venue = Venue::new();
    venue.add_recorded(MARKET).unwrap();
    let (bids, asks) = (levels(&[(99, 10), (98, 5)]), levels(&[(101, 4), (102, 6)]));
    assert!(venue.on_book(MARKET, &bids, &asks, true).unwrap().is_empty());
    venue
}

fn fills(events: &[Event]) -> Vec<(u64, i64, i64)> {
    let fills = events.iter().filter(|event| event.kind == EventKind::Filled);
    fills.map(|event| (event.order_id, event.price, event.quantity)).collect()
}

#[test]
fn a_print_eats_the_queue_ahead_and_then_fills_us() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 5)).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(10));
    assert!(venue.on_trade(MARKET, 99, 7, -1).unwrap().is_empty());
    assert_eq!(venue.queue_ahead(1), Some(3));
    assert_eq!(fills(&venue.on_trade(MARKET, 99, 5, -1).unwrap()), [(1, 99, 2)]);
    assert_eq!(fills(&venue.on_trade(MARKET, 99, 50, -1).unwrap()), [(1, 99, 3)]);
    assert_eq!(venue.open_orders().count(), 0);
}

#[test]
fn an_order_made_smaller_keeps_its_place_and_fills_no_more_than_is_left() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 5)).unwrap();
    venue.on_trade(MARKET, 99, 7, -1).unwrap();
    let event = venue.reduce(1, 2).unwrap();
    assert_eq!((event.kind, event.quantity, event.leaves), (EventKind::Reduced, 3, 2));
    assert_eq!(venue.queue_ahead(1), Some(3));
    assert_eq!(fills(&venue.on_trade(MARKET, 99, 50, -1).unwrap()), [(1, 99, 2)]);
    assert_eq!(venue.reduce(1, 1).unwrap().kind, EventKind::ReduceRejected);
    assert!(venue.reduce(1, -1).is_err());
}

#[test]
fn a_print_is_shared_between_our_orders_and_the_queue_between_them() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 2)).unwrap();
    venue.on_book(MARKET, &levels(&[(99, 13)]), &[], false).unwrap();
    venue.submit(MARKET, &order(2, Side::Bid, 99, 4)).unwrap();
    assert_eq!((venue.queue_ahead(1), venue.queue_ahead(2)), (Some(10), Some(13)));
    // 10 ahead of both, 2 for the first, 3 that came between, 1 of 4 for the second.
    assert_eq!(fills(&venue.on_trade(MARKET, 99, 16, -1).unwrap()), [(1, 99, 2), (2, 99, 1)]);
}

#[test]
fn what_a_print_ate_is_gone_for_our_later_orders_too() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 2)).unwrap();
    venue.submit(MARKET, &order(2, Side::Bid, 99, 2)).unwrap();
    assert!(venue.on_trade(MARKET, 99, 10, -1).unwrap().is_empty());
    assert_eq!((venue.queue_ahead(1), venue.queue_ahead(2)), (Some(0), Some(0)));
}

#[test]
fn a_print_through_our_price_fills_us_at_our_price_whatever_is_ahead() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 98, 9)).unwrap();
    assert_eq!(fills(&venue.on_trade(MARKET, 97, 4, -1).unwrap()), [(1, 98, 4)]);
    assert_eq!(venue.queue_ahead(1), Some(0));
}

#[test]
fn a_smaller_display_brings_us_forward_and_a_larger_one_does_not() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 5)).unwrap();
    venue.on_book(MARKET, &levels(&[(99, 30)]), &[], false).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(10));
    venue.on_book(MARKET, &levels(&[(99, 4)]), &[], false).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(4));
}

#[test]
fn what_we_took_is_not_offered_again_until_the_display_grows() {
    let mut venue = venue();
    let buy = |venue: &mut Venue, id, quantity| {
        let terms = Submission {
            time_in_force: TimeInForce::ImmediateOrCancel,
            ..order(id, Side::Bid, 101, quantity)
        };
        fills(&venue.submit(MARKET, &terms).unwrap())
    };
    assert_eq!(buy(&mut venue, 1, 3), [(1, 101, 3)]);
    assert_eq!(buy(&mut venue, 2, 3), [(2, 101, 1)]);
    assert_eq!(buy(&mut venue, 3, 3), []);
    venue.on_book(MARKET, &[], &levels(&[(101, 6)]), false).unwrap();
    assert_eq!(buy(&mut venue, 4, 9), [(4, 101, 2)]);
    venue.on_book(MARKET, &[], &levels(&[(101, 0)]), false).unwrap();
    venue.on_book(MARKET, &[], &levels(&[(101, 3)]), false).unwrap();
    assert_eq!(buy(&mut venue, 5, 9), [(5, 101, 3)]);
}

#[test]
fn a_market_that_comes_to_us_fills_us_at_our_price() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 5)).unwrap();
    let events = venue.on_book(MARKET, &levels(&[(99, 0)]), &levels(&[(98, 3)]), false).unwrap();
    assert_eq!(fills(&events), [(1, 99, 3)]);
    assert_eq!(events[0].liquidity, Liquidity::Maker);
    assert!(venue.on_book(MARKET, &[], &levels(&[(98, 3)]), false).unwrap().is_empty());
    assert_eq!(fills(&venue.on_book(MARKET, &[], &levels(&[(98, 4)]), false).unwrap()), [(1, 99, 1)]);
}

#[test]
fn a_feed_crossed_for_a_moment_does_not_fill_us_before_those_ahead() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 99, 5)).unwrap();
    assert!(venue.on_book(MARKET, &[], &levels(&[(99, 3)]), false).unwrap().is_empty());
    assert_eq!(fills(&venue.on_book(MARKET, &levels(&[(99, 0)]), &[], false).unwrap()), [(1, 99, 3)]);
}

#[test]
fn an_unknown_aggressor_is_inferred_from_the_book() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 100, 3)).unwrap();
    assert_eq!(venue.on_trade(MARKET, 101, 9, 0).unwrap(), []);
    assert_eq!(venue.on_trade(MARKET, 100, 9, 0).unwrap(), [], "at the mid nobody knows");
    assert_eq!(fills(&venue.on_trade(MARKET, 99, 1, 0).unwrap()), [(1, 100, 1)]);
    assert_eq!(fills(&venue.on_trade(MARKET, 100, 1, -1).unwrap()), [(1, 100, 1)]);
}

#[test]
fn our_order_never_trades_with_ours() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Ask, 101, 5)).unwrap();
    // The 4 displayed ahead of our ask are taken, then the newer order ends.
    let events = venue.submit(MARKET, &order(2, Side::Bid, 102, 9)).unwrap();
    assert_eq!(fills(&events), [(2, 101, 4)]);
    assert_eq!(events.last().map(|event| (event.reason, event.quantity)), Some((Reason::SelfCross, 5)));
    let post_only = Submission { post_only: true, ..order(3, Side::Bid, 101, 1) };
    let events = venue.submit(MARKET, &post_only).unwrap();
    assert_eq!(events[0].reason, Reason::PostOnlyWouldTake);
}

#[test]
fn an_order_restored_before_the_first_book_queues_behind_all_of_it() {
    let mut venue = Venue::new();
    venue.add_recorded(MARKET).unwrap();
    assert!(venue.restore(MARKET, 1, Side::Bid, 99, 5).unwrap().is_empty());
    assert_eq!(venue.queue_ahead(1), None);
    assert!(venue.on_trade(MARKET, 99, 9, -1).unwrap().is_empty());
    venue.on_book(MARKET, &levels(&[(99, 10)]), &levels(&[(101, 1)]), true).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(10));
}

#[test]
fn a_price_beyond_the_display_keeps_its_place_until_it_is_shown() {
    let mut venue = venue();
    venue.submit(MARKET, &order(1, Side::Bid, 98, 1)).unwrap();
    venue.submit(MARKET, &order(2, Side::Bid, 97, 1)).unwrap();
    assert_eq!((venue.queue_ahead(1), venue.queue_ahead(2)), (Some(5), None));
    venue.on_book(MARKET, &levels(&[(98, 0)]), &[], false).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(5), "it fell out of sight, which frees nobody's place");
    venue.on_book(MARKET, &levels(&[(98, 3), (97, 8)]), &[], false).unwrap();
    assert_eq!((venue.queue_ahead(1), venue.queue_ahead(2)), (Some(3), Some(8)));
}

#[test]
fn a_restored_order_takes_what_it_crosses_without_being_accepted_again() {
    let mut venue = venue();
    let events = venue.restore(MARKET, 1, Side::Bid, 101, 6).unwrap();
    assert_eq!(fills(&events), [(1, 101, 4)]);
    assert_eq!(events.len(), 1);
    assert_eq!(venue.open_orders().map(|open| open.leaves).collect::<Vec<_>>(), [2]);
}

#[test]
fn match_ids_go_on_and_never_back() {
    let mut venue = venue();
    venue.set_next_match_id(50).unwrap();
    let events = venue.submit(MARKET, &order(1, Side::Bid, 101, 1)).unwrap();
    assert_eq!(events[1].match_id, 50);
    assert_eq!(venue.next_match_id(), 51);
    assert!(venue.set_next_match_id(50).is_err());
    assert!(venue.set_next_match_id(u64::MAX).is_err());
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let mut venue = Venue::new();
    venue.add_recorded(MARKET).unwrap();
    let (low, high) = (i64::MIN, i64::MAX);
    venue.on_book(MARKET, &levels(&[(low, high)]), &levels(&[(high, high), (high - 1, high)]), true).unwrap();
    assert!(venue.on_trade(MARKET, 0, high, 0).unwrap().is_empty());
    venue.submit(MARKET, &order(1, Side::Bid, low, high)).unwrap();
    assert_eq!(venue.queue_ahead(1), Some(high));
    venue.on_trade(MARKET, low, high, -1).unwrap();
    assert_eq!(fills(&venue.on_trade(MARKET, low, high, -1).unwrap()), [(1, low, high)]);
    let fill_or_kill =
        Submission { time_in_force: TimeInForce::FillOrKill, ..order(2, Side::Bid, high, high) };
    assert_eq!(fills(&venue.submit(MARKET, &fill_or_kill).unwrap()), [(2, high - 1, high)]);
}

#[test]
fn calls_for_the_wrong_market_are_refused() {
    let mut venue = venue();
    assert!(venue.add_recorded(MARKET).is_err());
    assert!(venue.advance(MARKET).is_err());
    assert!(venue.next_time(MARKET).is_err());
    assert!(venue.history(MARKET, 1_000_000_000, 1).is_err());
    assert!(venue.on_trade(8, 1, 1, 1).is_err());
    assert!(venue.on_trade(MARKET, 1, 0, 1).is_err());
    assert!(venue.on_trade(MARKET, 1, 1, 2).is_err());
    assert!(venue.on_book(MARKET, &levels(&[(1, -1)]), &[], false).is_err());
    venue.submit(MARKET, &order(1, Side::Bid, 99, 1)).unwrap();
    assert!(venue.submit(MARKET, &order(1, Side::Bid, 98, 1)).is_err());
}
