//! Matching against a naive twin: one list of orders, the next maker found by looking at all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use orderbook::{
    Error, Event, EventKind, Kind, Ladder, Liquidity, MatchingEngine, Order, Reason, Side, Submission,
    TimeInForce,
};
use proptest::prelude::*;

#[derive(Default)]
struct Naive {
    /// In order of arrival.
    resting: Vec<Order>,
    matches: u64,
}

impl Naive {
    /// The order of `side` that trades next: best price, then earliest.
    fn next(&self, side: Side) -> Option<Order> {
        let mut best: Option<Order> = None;
        for order in self.resting.iter().filter(|order| order.side == side) {
            if best.is_none_or(|best| side.is_better(order.price, best.price)) {
                best = Some(*order);
            }
        }
        best
    }

    fn submit(&mut self, order: &Submission) -> Vec<Event> {
        let mut trial = Self { resting: self.resting.clone(), matches: self.matches };
        let shown = if order.kind == Kind::Market { 0 } else { order.price };
        let id = order.order_id;
        let mut events = vec![Event::accepted(id, shown, order.quantity)];
        let mut left = order.quantity;
        let mut reason = Reason::None;
        let mut touched = false;
        while let Some(maker) = trial.next(order.side.opposite()).filter(|_| left > 0) {
            let reached = match (order.kind, order.side) {
                (Kind::Market, _) => true,
                (Kind::Limit, Side::Bid) => maker.price <= order.price,
                (Kind::Limit, Side::Ask) => maker.price >= order.price,
            };
            if !reached {
                break;
            }
            touched = true;
            if order.owner != 0 && order.owner == maker.owner {
                reason = Reason::SelfCross;
                break;
            }
            let quantity = left.min(maker.quantity);
            left -= quantity;
            trial.matches += 1;
            let kept = maker.quantity - quantity;
            let number = trial.matches;
            events.push(Event::filled(id, maker.price, quantity, left, Liquidity::Taker, number));
            events.push(Event::filled(maker.id, maker.price, quantity, kept, Liquidity::Maker, number));
            for resting in trial.resting.iter_mut().filter(|resting| resting.id == maker.id) {
                resting.quantity = kept;
            }
            trial.resting.retain(|resting| resting.quantity > 0);
        }
        if order.post_only && touched {
            return vec![Event::rejected(id, shown, order.quantity, Reason::PostOnlyWouldTake)];
        }
        if order.time_in_force == TimeInForce::FillOrKill && left > 0 {
            events.truncate(1);
            events.push(Event::expired(id, shown, order.quantity, Reason::FillOrKill));
            return events;
        }
        *self = trial;
        if left > 0 {
            let Submission { side, price, owner, .. } = *order;
            if reason == Reason::SelfCross {
                events.push(Event::expired(id, shown, left, reason));
            } else if order.kind == Kind::Market {
                events.push(Event::expired(id, shown, left, Reason::NoLiquidity));
            } else if order.time_in_force == TimeInForce::ImmediateOrCancel {
                events.push(Event::expired(id, shown, left, Reason::ImmediateRemainder));
            } else {
                self.resting.push(Order { id, side, price, quantity: left, owner });
            }
        }
        events
    }
}

#[derive(Clone, Debug)]
enum Command {
    Submit(Submission),
    Cancel(u64),
    Reduce(u64, i64),
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(command(), 0..150).prop_map(|mut commands| {
        for (number, command) in (0_u64..).zip(&mut commands) {
            if let Command::Submit(order) = command {
                order.order_id = number;
            }
        }
        commands
    })
}

fn command() -> impl Strategy<Value = Command> {
    let terms = prop_oneof![
        6 => Just((Kind::Limit, TimeInForce::GoodTillCancelled, false)),
        2 => Just((Kind::Limit, TimeInForce::GoodTillCancelled, true)),
        2 => Just((Kind::Limit, TimeInForce::ImmediateOrCancel, false)),
        2 => Just((Kind::Limit, TimeInForce::FillOrKill, false)),
        1 => Just((Kind::Market, TimeInForce::GoodTillCancelled, false)),
        1 => Just((Kind::Market, TimeInForce::FillOrKill, false)),
    ];
    let side = prop_oneof![Just(Side::Bid), Just(Side::Ask)];
    let submit =
        (terms, side, 95_i64..105, 1_i64..9, 0_u32..3).prop_map(|(terms, side, price, quantity, owner)| {
            let (kind, time_in_force, post_only) = terms;
            Command::Submit(Submission {
                order_id: 0,
                side,
                kind,
                time_in_force,
                post_only,
                price,
                quantity,
                owner,
            })
        });
    prop_oneof![
        6 => submit,
        1 => (0_u64..150).prop_map(Command::Cancel),
        1 => (0_u64..150, 0_i64..9).prop_map(|(id, leaves)| Command::Reduce(id, leaves)),
    ]
}

proptest! {
    #[test]
    fn events_and_book_equal_the_naive_engine(commands in commands()) {
        let (mut engine, mut naive) = (MatchingEngine::new(), Naive::default());
        for command in commands {
            match command {
                Command::Submit(order) => {
                    let mut events = Vec::new();
                    engine.submit(&order, &mut events).unwrap();
                    prop_assert_eq!(&events, &naive.submit(&order));
                    check_events(&order, &events)?;
                }
                Command::Cancel(id) => {
                    let event = engine.cancel(id);
                    let known = naive.resting.iter().any(|order| order.id == id);
                    naive.resting.retain(|order| order.id != id);
                    prop_assert_eq!(event.kind == EventKind::Cancelled, known);
                }
                Command::Reduce(id, leaves) => {
                    let event = engine.reduce(id, leaves).unwrap();
                    let smaller = naive.resting.iter_mut().find(|order| order.id == id && order.quantity > leaves);
                    prop_assert_eq!(smaller.is_some(), event.kind != EventKind::ReduceRejected);
                    if let Some(order) = smaller {
                        prop_assert_eq!(event.quantity, order.quantity - leaves);
                        order.quantity = leaves;
                    }
                    naive.resting.retain(|order| order.quantity > 0);
                }
            }
            prop_assert!(!engine.book().is_crossed());
            prop_assert_eq!(engine.book().len(), naive.resting.len());
            for order in &naive.resting {
                prop_assert_eq!(engine.book().order(order.id), Some(order));
                let queue = naive.resting.iter().filter(|o| (o.side, o.price) == (order.side, order.price));
                let ahead = queue.take_while(|other| other.id != order.id).map(|other| other.quantity).sum();
                prop_assert_eq!(engine.book().queue_position(order.id).map(|(_, quantity)| quantity), Some(ahead));
            }
        }
    }
}

/// What holds of any order's events, twin or no twin: quantities are conserved and terms are kept.
fn check_events(order: &Submission, events: &[Event]) -> Result<(), TestCaseError> {
    let sum = |liquidity| -> i64 {
        events.iter().filter(|event| event.liquidity == liquidity).map(|event| event.quantity).sum()
    };
    let taken = sum(Liquidity::Taker);
    prop_assert_eq!(taken, sum(Liquidity::Maker));
    prop_assert!(taken <= order.quantity);
    if order.post_only {
        prop_assert_eq!(taken, 0);
    }
    if order.time_in_force == TimeInForce::FillOrKill {
        prop_assert!(taken == 0 || taken == order.quantity);
    }
    let last = events.last().unwrap();
    if !order.can_rest() {
        prop_assert!(last.kind == EventKind::Expired || taken == order.quantity);
    }
    let prices: Vec<i64> =
        events.iter().filter(|e| e.liquidity == Liquidity::Taker).map(|e| e.price).collect();
    for pair in prices.windows(2) {
        prop_assert!(!order.side.opposite().is_better(pair[1], pair[0]), "a worse price traded first");
    }
    for price in prices {
        prop_assert!(order.kind == Kind::Market || order.side.reaches(order.price, price));
    }
    Ok(())
}

fn limit(order_id: u64, side: Side, price: i64, quantity: i64) -> Submission {
    let (kind, time_in_force) = (Kind::Limit, TimeInForce::GoodTillCancelled);
    Submission { order_id, side, kind, time_in_force, post_only: false, price, quantity, owner: 0 }
}

#[test]
fn refused_orders_change_nothing() {
    let mut engine = MatchingEngine::new();
    let mut events = Vec::new();
    engine.submit(&limit(1, Side::Bid, 100, i64::MAX), &mut events).unwrap();
    events.clear();
    let bad = Error::Quantity { value: 0, min: 1, max: i64::MAX };
    assert_eq!(engine.submit(&limit(2, Side::Bid, 100, 0), &mut events), Err(bad));
    assert_eq!(engine.submit(&limit(1, Side::Ask, 100, 1), &mut events), Err(Error::DuplicateOrder(1)));
    let full = Error::LevelTotal { price: 100, quantity: 1 };
    assert_eq!(engine.submit(&limit(2, Side::Bid, 100, 1), &mut events), Err(full));
    let market = Submission { kind: Kind::Market, post_only: true, ..limit(2, Side::Ask, 0, 1) };
    assert_eq!(engine.submit(&market, &mut events), Err(Error::PostOnly));
    assert!(engine.reduce(1, -1).is_err());
    assert!(events.is_empty());
    assert_eq!(engine.book().len(), 1);
}

#[test]
fn a_fill_or_kill_of_the_largest_quantity_is_summed_without_overflow() {
    let mut engine = MatchingEngine::new();
    let mut events = Vec::new();
    engine.submit(&limit(1, Side::Ask, 100, i64::MAX - 1), &mut events).unwrap();
    engine.submit(&limit(2, Side::Ask, 101, i64::MAX), &mut events).unwrap();
    events.clear();
    let order = Submission { time_in_force: TimeInForce::FillOrKill, ..limit(3, Side::Bid, 101, i64::MAX) };
    engine.submit(&order, &mut events).unwrap();
    let taken: i64 = events.iter().filter(|e| e.liquidity == Liquidity::Taker).map(|e| e.quantity).sum();
    assert_eq!(taken, i64::MAX);
    assert_eq!(engine.book().quantity_at(Side::Ask, 101), i64::MAX - 1);
}
