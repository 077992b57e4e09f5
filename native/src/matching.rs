//! `MatchingEngine`.

use orderbook::{Kind, Ladder, Side, Submission, TimeInForce};
use pyo3::prelude::*;

use crate::arguments::{self, value_error};
use crate::event::{VenueEvent, events};
use crate::ladder::{self, Depth, Pair};

/// Price-time matching of one instrument.
#[pyclass(module = "tradebot.native")]
pub(crate) struct MatchingEngine(orderbook::MatchingEngine);

#[pymethods]
impl MatchingEngine {
    #[new]
    fn new() -> Self {
        Self(orderbook::MatchingEngine::new())
    }

    #[allow(clippy::too_many_arguments, reason = "an order has this many parts")]
    #[pyo3(signature = (order_id, side, kind, tif, post_only, price, quantity, owner = 0))]
    fn submit(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::kind)] kind: Kind,
        #[pyo3(from_py_with = arguments::tif)] tif: TimeInForce,
        post_only: bool,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
        #[pyo3(from_py_with = arguments::owner)] owner: u32,
    ) -> PyResult<Vec<VenueEvent>> {
        let order =
            Submission { order_id, side, kind, time_in_force: tif, post_only, price, quantity, owner };
        let mut happened = Vec::new();
        self.0.submit(&order, &mut happened).map_err(value_error)?;
        Ok(events(happened))
    }

    fn cancel(&mut self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> Vec<VenueEvent> {
        events(vec![self.0.cancel(order_id)])
    }

    fn reduce(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::leaves)] leaves: i64,
    ) -> PyResult<Vec<VenueEvent>> {
        let event = self.0.reduce(order_id, leaves).map_err(value_error)?;
        Ok(events(vec![event]))
    }

    fn orders_at(
        &self,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
    ) -> Vec<(u64, i64)> {
        self.0.book().orders_at(side, price).map(|order| (order.id, order.quantity)).collect()
    }

    fn queue_position(
        &self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
    ) -> Option<(usize, i64)> {
        self.0.book().queue_position(order_id)
    }

    fn best_bid(&self) -> Option<Pair> {
        ladder::best(self.0.book(), Side::Bid)
    }

    fn best_ask(&self) -> Option<Pair> {
        ladder::best(self.0.book(), Side::Ask)
    }

    fn bids(&self, #[pyo3(from_py_with = arguments::levels)] levels: usize) -> Vec<Pair> {
        ladder::top(self.0.book(), Side::Bid, levels)
    }

    fn asks(&self, #[pyo3(from_py_with = arguments::levels)] levels: usize) -> Vec<Pair> {
        ladder::top(self.0.book(), Side::Ask, levels)
    }

    fn depth<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = arguments::levels)] levels: usize,
    ) -> Depth<'py> {
        ladder::depth(py, self.0.book(), levels)
    }

    fn quantity_at(
        &self,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
    ) -> i64 {
        self.0.book().quantity_at(side, price)
    }

    fn level_count(&self, #[pyo3(from_py_with = arguments::side)] side: Side) -> usize {
        self.0.book().level_count(side)
    }

    fn is_crossed(&self) -> bool {
        self.0.book().is_crossed()
    }

    fn __contains__(&self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> bool {
        self.0.book().contains(order_id)
    }

    fn __len__(&self) -> usize {
        self.0.book().len()
    }
}
