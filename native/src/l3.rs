//! `L3Book`.

use numpy::PyReadonlyArray1;
use orderbook::{Ladder, Order, Side};
use pyo3::prelude::*;

use crate::arguments::{self, column, value_error};
use crate::ladder::{self, Depth, Pair};

/// Every order in its queue.
#[pyclass(module = "tradebot.native")]
pub(crate) struct L3Book(orderbook::L3Book);

#[pymethods]
impl L3Book {
    #[new]
    fn new() -> Self {
        Self(orderbook::L3Book::new())
    }

    fn add(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<()> {
        self.0.add(Order { id: order_id, side, price, quantity, owner: 0 }).map_err(value_error)
    }

    fn reduce(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<()> {
        self.0.reduce(order_id, quantity).map_err(value_error)
    }

    fn delete(&mut self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> PyResult<()> {
        self.0.delete(order_id).map(drop).map_err(value_error)
    }

    fn replace(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<()> {
        self.0.replace(order_id, price, quantity).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn apply(
        &mut self,
        py: Python<'_>,
        kinds: PyReadonlyArray1<'_, i8>,
        order_ids: PyReadonlyArray1<'_, u64>,
        sides: PyReadonlyArray1<'_, i8>,
        prices: PyReadonlyArray1<'_, i64>,
        quantities: PyReadonlyArray1<'_, i64>,
    ) -> PyResult<()> {
        let kinds = column("kinds", &kinds)?;
        let order_ids = column("order_ids", &order_ids)?;
        let sides = column("sides", &sides)?;
        let prices = column("prices", &prices)?;
        let quantities = column("quantities", &quantities)?;
        py.detach(|| self.0.apply(kinds, order_ids, sides, prices, quantities)).map_err(value_error)
    }

    fn orders_at(
        &self,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
    ) -> Vec<(u64, i64)> {
        self.0.orders_at(side, price).map(|order| (order.id, order.quantity)).collect()
    }

    fn queue_position(
        &self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
    ) -> Option<(usize, i64)> {
        self.0.queue_position(order_id)
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

    fn __contains__(&self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> bool {
        self.0.contains(order_id)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
