//! `L2Book`.

use numpy::PyReadonlyArray1;
use orderbook::{Ladder, Level, Side};
use pyo3::prelude::*;

use crate::arguments::{self, column, value_error};
use crate::ladder::{self, Depth, Pair};

/// Quantity by price.
#[pyclass(module = "tradebot.native")]
pub(crate) struct L2Book(orderbook::L2Book);

#[pymethods]
impl L2Book {
    #[new]
    const fn new() -> Self {
        Self(orderbook::L2Book::new())
    }

    fn set_level(
        &mut self,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<()> {
        self.0.set_level(side, price, quantity).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn apply_levels(
        &mut self,
        #[pyo3(from_py_with = arguments::ladder)] bids: Vec<Level>,
        #[pyo3(from_py_with = arguments::ladder)] asks: Vec<Level>,
    ) -> PyResult<()> {
        self.0.apply_levels(&bids, &asks).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn replace(
        &mut self,
        #[pyo3(from_py_with = arguments::ladder)] bids: Vec<Level>,
        #[pyo3(from_py_with = arguments::ladder)] asks: Vec<Level>,
    ) -> PyResult<()> {
        self.0.replace(&bids, &asks).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn apply(
        &mut self,
        py: Python<'_>,
        sides: PyReadonlyArray1<'_, i8>,
        prices: PyReadonlyArray1<'_, i64>,
        quantities: PyReadonlyArray1<'_, i64>,
    ) -> PyResult<()> {
        let sides = column("sides", &sides)?;
        let prices = column("prices", &prices)?;
        let quantities = column("quantities", &quantities)?;
        py.detach(|| self.0.apply(sides, prices, quantities)).map_err(value_error)
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn best_bid(&self) -> Option<Pair> {
        ladder::best(&self.0, Side::Bid)
    }

    fn best_ask(&self) -> Option<Pair> {
        ladder::best(&self.0, Side::Ask)
    }

    fn bids(&self, #[pyo3(from_py_with = arguments::levels)] levels: usize) -> Vec<Pair> {
        ladder::top(&self.0, Side::Bid, levels)
    }

    fn asks(&self, #[pyo3(from_py_with = arguments::levels)] levels: usize) -> Vec<Pair> {
        ladder::top(&self.0, Side::Ask, levels)
    }

    fn depth<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = arguments::levels)] levels: usize,
    ) -> Depth<'py> {
        ladder::depth(py, &self.0, levels)
    }

    fn quantity_at(
        &self,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
    ) -> i64 {
        self.0.quantity_at(side, price)
    }

    fn level_count(&self, #[pyo3(from_py_with = arguments::side)] side: Side) -> usize {
        self.0.level_count(side)
    }

    fn is_crossed(&self) -> bool {
        self.0.is_crossed()
    }
}
