//! `BarSeries`.

use bars::Bar;
use pyo3::prelude::*;

use crate::arguments::{self, value_error};

/// (end, open, high, low, close, volume), as Python gives and gets a bar.
type Row = (i64, i64, i64, i64, i64, i64);

/// Bars of one instrument and span.
#[pyclass(module = "tradebot.native")]
pub(crate) struct BarSeries(bars::BarSeries);

const fn bar_of((end, open, high, low, close, volume): Row) -> Bar {
    Bar { end, open, high, low, close, volume }
}

const fn row_of(bar: Bar) -> Row {
    (bar.end, bar.open, bar.high, bar.low, bar.close, bar.volume)
}

#[pymethods]
impl BarSeries {
    #[new]
    fn new(
        #[pyo3(from_py_with = arguments::span_ns)] span_ns: i64,
        #[pyo3(from_py_with = arguments::capacity)] capacity: usize,
    ) -> PyResult<Self> {
        bars::BarSeries::new(span_ns, capacity).map(Self).map_err(value_error)
    }

    fn grow(&mut self, #[pyo3(from_py_with = arguments::capacity)] capacity: usize) {
        self.0.grow(capacity);
    }

    fn trade(
        &mut self,
        #[pyo3(from_py_with = arguments::time)] time: i64,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<()> {
        self.0.trade(time, price, quantity).map_err(value_error)
    }

    fn bar(&mut self, #[pyo3(from_py_with = arguments::span_ns)] span_ns: i64, row: Row) -> PyResult<()> {
        self.0.bar(span_ns, bar_of(row)).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn warm(
        &mut self,
        #[pyo3(from_py_with = arguments::span_ns)] span_ns: i64,
        rows: Vec<Row>,
    ) -> PyResult<()> {
        let bars: Vec<Bar> = rows.into_iter().map(bar_of).collect();
        self.0.warm(span_ns, &bars).map_err(value_error)
    }

    fn advance(&mut self, #[pyo3(from_py_with = arguments::time)] time: i64) -> bool {
        self.0.advance(time)
    }

    fn count(&self) -> u64 {
        self.0.count()
    }

    fn forming(&self) -> Option<Row> {
        self.0.forming().map(row_of)
    }

    fn last(&self) -> Option<Row> {
        self.0.closed().back().copied().map(row_of)
    }

    fn rows(&self, start: usize, stop: usize) -> Vec<Row> {
        let wanted = stop.saturating_sub(start);
        self.0.closed().iter().skip(start).take(wanted).copied().map(row_of).collect()
    }

    fn __len__(&self) -> usize {
        self.0.closed().len()
    }

    fn sum_of_closes(&self, #[pyo3(from_py_with = arguments::window)] window: usize) -> PyResult<i128> {
        self.0.sum_of_closes(window).map_err(value_error)
    }

    fn sum_of_ranges(&self, #[pyo3(from_py_with = arguments::window)] window: usize) -> PyResult<i128> {
        self.0.sum_of_ranges(window).map_err(value_error)
    }

    fn high(&self, #[pyo3(from_py_with = arguments::window)] window: usize) -> PyResult<i64> {
        self.0.high(window).map_err(value_error)
    }

    fn low(&self, #[pyo3(from_py_with = arguments::window)] window: usize) -> PyResult<i64> {
        self.0.low(window).map_err(value_error)
    }

    fn variance(&self, #[pyo3(from_py_with = arguments::window)] window: usize) -> PyResult<(i128, i128)> {
        self.0.variance(window).map_err(value_error)
    }
}
