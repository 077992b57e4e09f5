//! The invented market: repeatable, alive, in order, and fair to our place in the queue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use std::collections::BTreeMap;

use orderbook::{Event, EventKind, Kind, Ladder, Level, Reason, Side, Submission, TimeInForce};
use proptest::prelude::*;
use sim::{Parameters, Progress, STEP_NS, Venue};

const MARKET: u32 = 1;
const TICK: i64 = 10;
const LOT: i64 = 100;

fn usual() -> Parameters {
    Parameters { volatility: 5e-5, ..Parameters::usual(400_000, TICK, LOT) }
}

fn venue(seed: u64) -> Venue {
    let mut venue = Venue::new();
    venue.add_synthetic(MARKET, seed, usual(), 1_000).unwrap();
    venue
}

fn run(venue: &mut Venue, steps: usize) -> Vec<Progress> {
    (0..steps).map(|_| venue.advance(MARKET).unwrap()).collect()
}

fn order(order_id: u64, side: Side, price: i64, quantity: i64) -> Submission {
    let (kind, time_in_force) = (Kind::Limit, TimeInForce::GoodTillCancelled);
    Submission { order_id, side, kind, time_in_force, post_only: false, price, quantity, owner: 0 }
}

fn best(venue: &Venue, side: Side) -> Level {
    venue.book(MARKET).unwrap().best(side).unwrap()
}

#[test]
fn a_seed_is_a_market() {
    let (mut first, mut second, mut other) = (venue(3), venue(3), venue(4));
    let candles = first.history(MARKET, 60_000_000_000, 6).unwrap();
    assert_eq!(candles, second.history(MARKET, 60_000_000_000, 6).unwrap());
    assert_ne!(candles, other.history(MARKET, 60_000_000_000, 6).unwrap());
    let stream = run(&mut first, 400);
    assert_eq!(stream, run(&mut second, 400));
    assert_ne!(stream, run(&mut other, 400));
}

#[test]
fn a_saved_market_does_not_change_with_the_machine_or_the_compiler() {
    // A change of these numbers changes every market that someone saved by its seed.
    let mut venue = venue(2024);
    let stream = run(&mut venue, 2_000);
    let prints: usize = stream.iter().map(|step| step.trades.len()).sum();
    let volume: i64 = stream.iter().flat_map(|step| &step.trades).map(|trade| trade.quantity).sum();
    let touch = (best(&venue, Side::Bid), best(&venue, Side::Ask));
    assert_eq!((prints, volume), (902, 1_190_000));
    assert_eq!(touch.0, Level { price: 399_830, quantity: 5_100 });
    assert_eq!(touch.1, Level { price: 399_840, quantity: 1_800 });
}

#[test]
fn the_published_changes_rebuild_the_book() {
    let mut venue = venue(5);
    let mut rebuilt: BTreeMap<(Side, i64), i64> = BTreeMap::new();
    for number in 0..500_u64 {
        if number % 50 == 7 {
            let price = best(&venue, Side::Bid).price;
            venue.submit(MARKET, &order(number, Side::Bid, price, 3 * LOT)).unwrap();
        }
        let progress = venue.advance(MARKET).unwrap();
        for (side, levels) in [(Side::Bid, progress.bids), (Side::Ask, progress.asks)] {
            for level in levels {
                assert_ne!(rebuilt.insert((side, level.price), level.quantity), Some(level.quantity));
            }
        }
        rebuilt.retain(|_, quantity| *quantity > 0);
        let book = venue.book(MARKET).unwrap();
        for side in Side::BOTH {
            let mut expected: Vec<Level> = rebuilt
                .iter()
                .filter(|((s, _), _)| *s == side)
                .map(|(&(_, price), &quantity)| Level { price, quantity })
                .collect();
            if side == Side::Bid {
                expected.reverse();
            }
            assert_eq!(book.top(side, usize::MAX), expected);
        }
    }
}

#[test]
fn it_looks_like_a_market() {
    for seed in 0..8 {
        let mut venue = venue(seed);
        let steps = 2_400;
        let (mut narrow, mut moves, mut last) = (0, 0, None);
        let mut near = 0;
        let mut far = 0;
        let mut prints = Vec::new();
        for _ in 0..steps {
            let progress = venue.advance(MARKET).unwrap();
            prints.push(progress.trades.len());
            let (bid, ask) = (best(&venue, Side::Bid).price, best(&venue, Side::Ask).price);
            narrow += u32::from((1..=3).contains(&((ask - bid) / TICK)));
            moves += u32::from(last.is_some_and(|last| last != (bid, ask)));
            last = Some((bid, ask));
            let book = venue.book(MARKET).unwrap();
            for side in Side::BOTH {
                let ladder = book.top(side, 40);
                assert!(ladder.len() >= 40, "{} levels", ladder.len());
                assert!(ladder.iter().all(|level| level.price % TICK == 0 && level.quantity % LOT == 0));
                near += ladder[..10].iter().map(|level| level.quantity).sum::<i64>();
                far += ladder[30..].iter().map(|level| level.quantity).sum::<i64>();
            }
            assert!(!book.is_crossed());
        }
        assert!(narrow > steps * 9 / 10, "spread of 1 to 3 ticks in {narrow} of {steps} steps");
        assert!((120..2_400).contains(&moves), "{moves} moves of the touch in 120 s");
        assert!(far > 2 * near, "depth does not grow: {near} near, {far} far");
        let total: usize = prints.iter().sum();
        assert!((240..6_000).contains(&total), "{total} prints in 120 s");
        assert!(clustering(&prints) > 1.5, "prints are not clustered: {}", clustering(&prints));
    }
}

/// Variance over mean of prints a second: 1 for independent arrivals.
fn clustering(prints: &[usize]) -> f64 {
    let seconds: Vec<f64> = prints
        .chunks(20)
        .map(|chunk| f64::from(u32::try_from(chunk.iter().sum::<usize>()).unwrap()))
        .collect();
    let count = f64::from(u32::try_from(seconds.len()).unwrap());
    let mean = seconds.iter().sum::<f64>() / count;
    seconds.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count / mean
}

#[test]
fn history_ends_where_the_book_begins() {
    for seed in 0..20 {
        let mut venue = venue(seed);
        let span = 7_200_000_000_000;
        let candles = venue.history(MARKET, span, 120).unwrap();
        assert_eq!(candles.len(), 120);
        assert_eq!(candles[0].close_offset_ns, -span + 60_000_000_000);
        assert_eq!(candles[119].close_offset_ns, 0);
        for pair in candles.windows(2) {
            assert_eq!(pair[1].close_offset_ns - pair[0].close_offset_ns, 60_000_000_000);
        }
        for bar in &candles {
            assert!(bar.low <= bar.open.min(bar.close) && bar.open.max(bar.close) <= bar.high);
            assert!(bar.volume > 0 && bar.volume % LOT == 0 && bar.close % TICK == 0);
        }
        let (bid, ask) = (best(&venue, Side::Bid).price, best(&venue, Side::Ask).price);
        let close = candles[119].close;
        assert!((bid - 30 * TICK..ask + 30 * TICK).contains(&close), "{bid} {close} {ask}");
        assert!(
            (400_000 - 3 * TICK..=400_000 + 3 * TICK).contains(&bid),
            "the start price is where the past ends"
        );
        assert!(venue.history(MARKET, span, 120).is_err(), "there is one past");
        assert_eq!(venue.next_time(MARKET).unwrap(), 1_000 + STEP_NS);
    }
}

#[test]
fn our_order_is_filled_only_after_those_ahead_of_it() {
    let mut filled = 0;
    for seed in 0..30 {
        let mut venue = venue(seed);
        run(&mut venue, 20);
        let side = if seed % 2 == 0 { Side::Bid } else { Side::Ask };
        let price = best(&venue, side).price;
        let standing = venue.book(MARKET).unwrap().quantity_at(side, price);
        venue.submit(MARKET, &Submission { post_only: true, ..order(1, side, price, LOT) }).unwrap();
        let mut ahead = venue.queue_ahead(1).unwrap();
        assert_eq!(ahead, standing);
        for _ in 0..2_000 {
            let progress = venue.advance(MARKET).unwrap();
            if let Some(event) = progress.events.first() {
                assert_eq!((event.kind, event.price, event.quantity), (EventKind::Filled, price, LOT));
                assert!(progress.trades.iter().any(|trade| trade.price == price && trade.quantity == LOT));
                assert_eq!(venue.open_orders().count(), 0);
                filled += 1;
                break;
            }
            let now = venue.queue_ahead(1).unwrap();
            assert!(now <= ahead, "the queue ahead grew from {ahead} to {now}");
            ahead = now;
        }
    }
    assert!(filled >= 15, "{filled} of 30 were filled");
}

#[test]
fn an_order_made_smaller_keeps_its_place_among_the_crowd() {
    let mut venue = venue(3);
    run(&mut venue, 20);
    let level = best(&venue, Side::Bid);
    venue.submit(MARKET, &order(1, Side::Bid, level.price, 9 * LOT)).unwrap();
    venue.submit(MARKET, &order(2, Side::Bid, level.price, LOT)).unwrap();
    let refused = |event: Event| (event.kind == EventKind::ReduceRejected).then_some(event.reason);
    assert_eq!(refused(venue.reduce(1, 4 * LOT + 1).unwrap()), Some(Reason::QuantityOffLot));
    assert_eq!(refused(venue.reduce(1, 9 * LOT).unwrap()), Some(Reason::NotSmaller));
    assert_eq!(refused(venue.reduce(5, LOT).unwrap()), Some(Reason::UnknownOrder));
    let event = venue.reduce(1, 4 * LOT).unwrap();
    assert_eq!((event.order_id, event.kind, event.leaves), (1, EventKind::Reduced, 4 * LOT));
    let before = level.quantity;
    assert_eq!((venue.queue_ahead(1), venue.queue_ahead(2)), (Some(before), Some(before + 4 * LOT)));
    assert_eq!(venue.reduce(1, 0).unwrap().kind, EventKind::Cancelled);
    assert_eq!(venue.queue_ahead(2), Some(before));
}

#[test]
fn a_large_order_of_ours_does_not_drive_the_crowd_from_its_level() {
    let mut venue = venue(6);
    let price = best(&venue, Side::Bid).price - 15 * TICK;
    venue.submit(MARKET, &order(1, Side::Bid, price, 1_000_000 * LOT)).unwrap();
    let mut accompanied = 0;
    for _ in 0..600 {
        venue.advance(MARKET).unwrap();
        let leaves: i64 = venue.open_orders().map(|open| open.leaves).sum();
        let standing = venue.book(MARKET).unwrap().quantity_at(Side::Bid, price);
        accompanied += u32::from(standing > leaves + venue.queue_ahead(1).unwrap_or(0));
    }
    assert!(accompanied > 300, "others stood behind us in {accompanied} of 600 steps");
}

#[test]
fn a_sweep_leaves_a_market() {
    let mut venue = venue(9);
    let order = Submission { kind: Kind::Market, ..order(1, Side::Bid, 0, 1_000_000_000 * LOT) };
    let events = venue.submit(MARKET, &order).unwrap();
    assert_eq!(events.last().map(|event| event.reason), Some(Reason::NoLiquidity));
    assert!(venue.book(MARKET).unwrap().level_count(Side::Ask) >= 40);
    let progress = venue.advance(MARKET).unwrap();
    assert!(progress.trades.iter().filter(|trade| trade.aggressor == Side::Bid).count() >= 40);
    run(&mut venue, 100);
}

#[test]
fn a_limit_far_through_the_market_is_gone_in_a_step() {
    let mut venue = venue(9);
    let price = best(&venue, Side::Bid).price - 2_000 * TICK;
    venue.submit(MARKET, &order(1, Side::Ask, price, 1_000_000 * LOT)).unwrap();
    assert_eq!(best(&venue, Side::Ask).price, price);
    let progress = venue.advance(MARKET).unwrap();
    assert_eq!(progress.events.last().map(|event| event.leaves), Some(0));
    assert!(venue.book(MARKET).unwrap().level_count(Side::Bid) >= 40);
}

#[test]
fn the_rules_of_the_venue_are_kept() {
    let mut venue = venue(1);
    let reason = |venue: &mut Venue, order: Submission| venue.submit(MARKET, &order).unwrap()[0].reason;
    assert_eq!(reason(&mut venue, order(1, Side::Bid, 300_001, LOT)), Reason::PriceOffTick);
    assert_eq!(reason(&mut venue, order(1, Side::Bid, 300_000, LOT + 1)), Reason::QuantityOffLot);
    assert_eq!(reason(&mut venue, order(1, Side::Bid, 10_000, LOT)), Reason::PriceOutOfRange);
    assert_eq!(reason(&mut venue, order(1, Side::Ask, i64::MAX - 7, LOT)), Reason::PriceOutOfRange);
    assert_eq!(reason(&mut venue, order(1, Side::Bid, i64::MIN + 8, LOT)), Reason::PriceOutOfRange);
    let restored = venue.restore(MARKET, 1, Side::Ask, i64::MIN, LOT).unwrap();
    assert_eq!(restored[0].kind, EventKind::Rejected, "no such order can have rested here");
    assert_eq!(venue.open_orders().count(), 0);
}

#[test]
fn parameters_outside_their_bounds_are_named() {
    let cases = [
        (Parameters { tick: 0, ..usual() }, "tick must be in"),
        (Parameters { lot: 0, ..usual() }, "lot must be in"),
        (Parameters { start_price: 9_990, ..usual() }, "start_price must be at least 1000 ticks"),
        (
            Parameters { start_price: 400_001, ..usual() },
            "start_price must be a multiple of tick, was 400001",
        ),
        (Parameters { spread_ticks: f64::NAN, ..usual() }, "spread_ticks must be in [1, 50], was NaN"),
        (Parameters { volatility: -1.0, ..usual() }, "volatility must be in [0, 0.01], was -1"),
        (Parameters { levels: 29, ..usual() }, "levels must be in [30, 200], was 29"),
    ];
    for (parameters, expected) in cases {
        let error = parameters.check().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_parameters_give_a_market(
        seed: u64,
        spread_ticks in 1.0..50.0_f64,
        volatility in 0.0..0.01_f64,
        jumps_per_hour in 0.0..3600.0_f64,
        arrivals_per_second in 0.0..500.0_f64,
        cancels_per_second in 0.0..500.0_f64,
        takes_per_second in 0.0..200.0_f64,
        size_lots in prop_oneof![1_i64..5, Just(1 << 30)],
        levels in 30_u32..200,
        ticks in prop_oneof![Just(1_000_i64), Just(1 << 30)],
    ) {
        let parameters = Parameters {
            start_price: ticks * TICK, tick: TICK, lot: LOT, spread_ticks, volatility, jumps_per_hour,
            arrivals_per_second, cancels_per_second, takes_per_second, size_lots, levels,
        };
        let mut venue = Venue::new();
        venue.add_synthetic(MARKET, seed, parameters, 0).unwrap();
        for _ in 0..60 {
            venue.advance(MARKET).unwrap();
            let book = venue.book(MARKET).unwrap();
            prop_assert!(!book.is_crossed());
            for side in Side::BOTH {
                prop_assert!(book.level_count(side) >= usize::try_from(levels).unwrap());
                prop_assert!(book.levels(side).all(|level| level.price > 0));
            }
        }
    }

    /// Conservation with our orders in it: what events say is what rests and what prints say.
    #[test]
    fn our_orders_are_conserved(seed: u64, orders in prop::collection::vec((any::<bool>(), -6_i64..7, 1_i64..200), 1..40)) {
        let mut venue = venue(seed);
        let mut leaves: BTreeMap<u64, i64> = BTreeMap::new();
        let mut last_match = 0;
        for (id, (buys, offset, lots)) in (0_u64..).zip(orders) {
            let side = if buys { Side::Bid } else { Side::Ask };
            let price = best(&venue, side).price + offset * TICK;
            let mut events = venue.submit(MARKET, &order(id, side, price, lots * LOT)).unwrap();
            leaves.insert(id, lots * LOT);
            for _ in 0..5 {
                events.extend(venue.advance(MARKET).unwrap().events);
            }
            for event in events {
                let left = leaves.get_mut(&event.order_id).unwrap();
                match event.kind {
                    EventKind::Filled => {
                        prop_assert!(event.match_id > last_match);
                        last_match = event.match_id;
                        *left -= event.quantity;
                    }
                    EventKind::Expired => *left = 0,
                    _ => {}
                }
                prop_assert_eq!(event.leaves, *left);
            }
            leaves.retain(|_, left| *left > 0);
            let open: BTreeMap<u64, i64> = venue.open_orders().map(|open| (open.order_id, open.leaves)).collect();
            prop_assert_eq!(&open, &leaves);
            prop_assert!(!venue.book(MARKET).unwrap().is_crossed());
        }
        for &id in leaves.keys() {
            prop_assert_eq!(venue.cancel(id).kind, EventKind::Cancelled);
            prop_assert_eq!(venue.cancel(id).kind, EventKind::CancelRejected);
        }
    }
}
