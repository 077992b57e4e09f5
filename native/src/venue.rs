//! `Venue`.

use numpy::{IntoPyArray, PyArray2, PyArrayMethods};
use orderbook::{Kind, Level, Side, Submission, TimeInForce};
use pyo3::prelude::*;

use crate::arguments::{self, value_error};
use crate::event::{VenueEvent, events};
use crate::ladder::{Pair, pair};
use crate::parameters::SyntheticParameters;
use crate::venue_book::VenueBook;

/// (changed bids, changed asks, (price, quantity, aggressor) of prints, what happened to our orders).
type Step = (Vec<Pair>, Vec<Pair>, Vec<(i64, i64, i64)>, Vec<VenueEvent>);

/// (order id, instrument, side, price, leaves).
type Open = (u64, u32, i64, i64, i64);

/// The venue in the process.
#[pyclass(module = "tradebot.native")]
pub(crate) struct Venue(pub(crate) sim::Venue);

#[pymethods]
impl Venue {
    #[new]
    fn new() -> Self {
        Self(sim::Venue::new())
    }

    #[pyo3(signature = (instrument, queue = "risk_averse", power = 1.0))]
    fn add_recorded(
        &mut self,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        queue: &str,
        power: f64,
    ) -> PyResult<()> {
        let model = sim::QueueModel::named(queue, power).map_err(value_error)?;
        self.0.add_queued(instrument, model).map_err(value_error)
    }

    #[pyo3(signature = (instrument, seed, parameters, start_ns = 0))]
    fn add_synthetic(
        &mut self,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::seed)] seed: u64,
        parameters: &Bound<'_, SyntheticParameters>,
        #[pyo3(from_py_with = arguments::start_ns)] start_ns: i64,
    ) -> PyResult<()> {
        self.0.add_synthetic(instrument, seed, parameters.get().0, start_ns).map_err(value_error)
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over what it extracted")]
    fn on_book(
        &mut self,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::ladder)] bids: Vec<Level>,
        #[pyo3(from_py_with = arguments::ladder)] asks: Vec<Level>,
        snapshot: bool,
    ) -> PyResult<Vec<VenueEvent>> {
        self.0.on_book(instrument, &bids, &asks, snapshot).map(events).map_err(value_error)
    }

    fn on_trade(
        &mut self,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
        #[pyo3(from_py_with = arguments::aggressor)] aggressor: i64,
    ) -> PyResult<Vec<VenueEvent>> {
        self.0.on_trade(instrument, price, quantity, aggressor).map(events).map_err(value_error)
    }

    fn next_time(&self, #[pyo3(from_py_with = arguments::instrument)] instrument: u32) -> PyResult<i64> {
        self.0.next_time(instrument).map_err(value_error)
    }

    fn advance(&mut self, #[pyo3(from_py_with = arguments::instrument)] instrument: u32) -> PyResult<Step> {
        let progress = self.0.advance(instrument).map_err(value_error)?;
        let trades = progress.trades.iter();
        Ok((
            progress.bids.into_iter().map(pair).collect(),
            progress.asks.into_iter().map(pair).collect(),
            trades.map(|trade| (trade.price, trade.quantity, trade.aggressor.sign())).collect(),
            events(progress.events),
        ))
    }

    fn history<'py>(
        &mut self,
        py: Python<'py>,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::span_ns)] span_ns: i64,
        #[pyo3(from_py_with = arguments::bars)] bars: i64,
    ) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let candles = py.detach(|| self.0.history(instrument, span_ns, bars)).map_err(value_error)?;
        let rows = candles.len();
        let cells: Vec<i64> = candles
            .iter()
            .flat_map(|bar| [bar.close_offset_ns, bar.open, bar.high, bar.low, bar.close, bar.volume])
            .collect();
        cells.into_pyarray(py).reshape([rows, 6])
    }

    #[allow(clippy::too_many_arguments, reason = "an order has this many parts")]
    fn submit(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::kind)] kind: Kind,
        #[pyo3(from_py_with = arguments::tif)] tif: TimeInForce,
        post_only: bool,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::quantity)] quantity: i64,
    ) -> PyResult<Vec<VenueEvent>> {
        let order =
            Submission { order_id, side, kind, time_in_force: tif, post_only, price, quantity, owner: 0 };
        self.0.submit(instrument, &order).map(events).map_err(value_error)
    }

    fn restore(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
        #[pyo3(from_py_with = arguments::leaves)] leaves: i64,
    ) -> PyResult<Vec<VenueEvent>> {
        self.0.restore(instrument, order_id, side, price, leaves).map(events).map_err(value_error)
    }

    fn cancel(&mut self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> Vec<VenueEvent> {
        events(vec![self.0.cancel(order_id)])
    }

    fn reduce(
        &mut self,
        #[pyo3(from_py_with = arguments::order_id)] order_id: u64,
        #[pyo3(from_py_with = arguments::leaves)] leaves: i64,
    ) -> PyResult<Vec<VenueEvent>> {
        self.0.reduce(order_id, leaves).map(|event| events(vec![event])).map_err(value_error)
    }

    fn queue_ahead(&self, #[pyo3(from_py_with = arguments::order_id)] order_id: u64) -> Option<i64> {
        self.0.queue_ahead(order_id)
    }

    fn open_orders(&self) -> Vec<Open> {
        self.0
            .open_orders()
            .map(|open| (open.order_id, open.instrument, open.side.sign(), open.price, open.leaves))
            .collect()
    }

    fn book(
        venue: &Bound<'_, Self>,
        #[pyo3(from_py_with = arguments::instrument)] instrument: u32,
    ) -> PyResult<VenueBook> {
        venue.try_borrow()?.0.book(instrument).map_err(value_error)?;
        Ok(VenueBook { venue: venue.clone().unbind(), instrument })
    }

    const fn next_match_id(&self) -> u64 {
        self.0.next_match_id()
    }

    fn set_next_match_id(
        &mut self,
        #[pyo3(from_py_with = arguments::match_id)] match_id: u64,
    ) -> PyResult<()> {
        self.0.set_next_match_id(match_id).map_err(value_error)
    }
}
