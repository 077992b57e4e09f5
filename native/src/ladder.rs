//! Questions by price, in Python's types: shared by the classes that have a book.

use numpy::{IntoPyArray, PyArray1};
use orderbook::{Ladder, Level, Side};
use pyo3::prelude::*;

/// (price, quantity).
pub(crate) type Pair = (i64, i64);

/// Bid prices, bid quantities, ask prices, ask quantities.
pub(crate) type Depth<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
);

pub(crate) const fn pair(level: Level) -> Pair {
    (level.price, level.quantity)
}

pub(crate) fn best(book: &impl Ladder, side: Side) -> Option<Pair> {
    book.best(side).map(pair)
}

pub(crate) fn top(book: &impl Ladder, side: Side, levels: usize) -> Vec<Pair> {
    book.levels(side).take(levels).map(pair).collect()
}

pub(crate) fn depth<'py>(py: Python<'py>, book: &impl Ladder, levels: usize) -> Depth<'py> {
    let (bid_prices, bid_quantities): (Vec<i64>, Vec<i64>) =
        book.levels(Side::Bid).take(levels).map(pair).unzip();
    let (ask_prices, ask_quantities): (Vec<i64>, Vec<i64>) =
        book.levels(Side::Ask).take(levels).map(pair).unzip();
    (
        bid_prices.into_pyarray(py),
        bid_quantities.into_pyarray(py),
        ask_prices.into_pyarray(py),
        ask_quantities.into_pyarray(py),
    )
}
