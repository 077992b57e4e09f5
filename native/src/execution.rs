//! What an order meets at a venue, for those who want it without a venue: queues, latencies, a walk through levels.

use orderbook::Level;
use pyo3::prelude::*;

use crate::arguments::{self, value_error};
use crate::ladder::{Pair, pair};

/// An order's place in a queue of which only sizes and trades are seen.
#[pyclass(module = "tradebot.native")]
pub(crate) struct QueuePlace(sim::Place);

#[pymethods]
impl QueuePlace {
    #[new]
    fn new(front: f64) -> PyResult<Self> {
        Ok(Self(sim::Place::behind(positive("front", front)?)))
    }

    #[getter]
    fn front(&self) -> f64 {
        self.0.front()
    }

    fn trade(&mut self, quantity: f64) -> PyResult<f64> {
        Ok(self.0.trade(positive("quantity", quantity)?, 0.0))
    }

    fn depth(&mut self, before: f64, now: f64, model: &str, power: f64) -> PyResult<()> {
        let model = sim::QueueModel::named(model, power).map_err(value_error)?;
        self.0.depth(positive("before", before)?, positive("now", now)?, model);
        Ok(())
    }

    #[staticmethod]
    fn chance_behind(model: &str, front: f64, back: f64, power: f64) -> PyResult<f64> {
        let model = sim::QueueModel::named(model, power).map_err(value_error)?;
        Ok(model.chance_behind(front, back))
    }
}

/// Latencies of recorded orders.
#[pyclass(module = "tradebot.native", frozen)]
pub(crate) struct RecordedLatency(sim::RecordedLatency);

#[pymethods]
impl RecordedLatency {
    #[new]
    fn new(rows: Vec<(i64, i64, i64)>) -> PyResult<Self> {
        let rows = rows.into_iter().map(|(requested, exchange, answered)| sim::RoundTrip {
            requested,
            exchange,
            answered,
        });
        sim::RecordedLatency::new(rows.collect()).map(Self).map_err(value_error)
    }

    fn entry(&self, requested: i64) -> i64 {
        self.0.entry(requested)
    }

    fn back(&self, exchange: i64) -> i64 {
        self.0.back(exchange)
    }
}

/// (price, quantity) taken, best first, and what is left.
#[pyfunction]
#[pyo3(signature = (offered, quantity))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
pub(crate) fn walk(
    #[pyo3(from_py_with = arguments::ladder)] offered: Vec<Level>,
    #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
) -> (Vec<Pair>, i64) {
    let (taken, left) = sim::walk(offered, quantity);
    (taken.into_iter().map(pair).collect(), left)
}

fn positive(name: &str, value: f64) -> PyResult<f64> {
    if value >= 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(value_error(format_args!("{name} must be >= 0 and finite, was {value}")))
    }
}
