//! Arguments as Python gives them: a whole number outside its type is a `ValueError` with name, value and bound.

use std::fmt::Display;

use numpy::PyReadonlyArray1;
use orderbook::{Kind, Level, Side, TimeInForce};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// Every refusal of the pure crates, as Python sees it.
pub(crate) fn value_error(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

macro_rules! whole {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(
            /// The argument of this name.
            pub(crate) fn $name(value: &Bound<'_, PyAny>) -> PyResult<$type> {
                fits(stringify!($name), value, <$type>::MIN, <$type>::MAX)
            }
        )*
    };
}

whole!(
    price: i64,
    quantity: i64,
    leaves: i64,
    order_id: u64,
    owner: u32,
    instrument: u32,
    seed: u64,
    start_ns: i64,
    span_ns: i64,
    bars: i64,
    time: i64,
    capacity: usize,
    window: usize,
    aggressor: i64,
    match_id: u64,
    levels: usize,
    start_price: i64,
    tick: i64,
    lot: i64,
    paths: usize,
    steps: u32,
    threads: usize,
    size_lots: i64,
);

/// The levels a side that an invented market keeps.
pub(crate) fn level_target(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    fits("levels", value, u32::MIN, u32::MAX)
}

/// A side: +1 or -1.
pub(crate) fn side(value: &Bound<'_, PyAny>) -> PyResult<Side> {
    let sign = fits("side", value, i64::MIN, i64::MAX)?;
    Side::from_sign(sign).ok_or_else(|| value_error(orderbook::Error::Side(sign)))
}

/// An order's kind by its word.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> PyResult<Kind> {
    match value.extract::<&str>()? {
        "limit" => Ok(Kind::Limit),
        "market" => Ok(Kind::Market),
        other => Err(value_error(format_args!("kind must be 'limit' or 'market', was '{other}'"))),
    }
}

/// A time in force by its word.
pub(crate) fn tif(value: &Bound<'_, PyAny>) -> PyResult<TimeInForce> {
    match value.extract::<&str>()? {
        "gtc" => Ok(TimeInForce::GoodTillCancelled),
        "ioc" => Ok(TimeInForce::ImmediateOrCancel),
        "fok" => Ok(TimeInForce::FillOrKill),
        other => Err(value_error(format_args!("tif must be 'gtc', 'ioc' or 'fok', was '{other}'"))),
    }
}

/// A sequence of (price, quantity).
pub(crate) fn ladder(value: &Bound<'_, PyAny>) -> PyResult<Vec<Level>> {
    let mut levels = Vec::with_capacity(value.len().unwrap_or(0));
    for pair in value.try_iter()? {
        let (price, quantity): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
        levels.push(Level { price: self::price(&price)?, quantity: self::quantity(&quantity)? });
    }
    Ok(levels)
}

/// A column of an array as a slice; columns that are not contiguous are refused.
pub(crate) fn column<'a, T: numpy::Element>(
    name: &str,
    array: &'a PyReadonlyArray1<'_, T>,
) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| {
        value_error(format_args!(
            "{name} must be contiguous, was a strided view; use numpy.ascontiguousarray"
        ))
    })
}

fn fits<'py, T>(name: &str, value: &Bound<'py, PyAny>, min: T, max: T) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr> + Display,
{
    value.extract::<T>().map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            value_error(format_args!("{name} must be in [{min}, {max}], was {value}"))
        } else {
            error
        }
    })
}
