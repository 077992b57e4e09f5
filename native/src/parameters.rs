//! `SyntheticParameters`.

use pyo3::prelude::*;

use crate::arguments::{self, value_error};

/// What an invented market is made of.
#[pyclass(frozen, eq, module = "tradebot.native")]
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct SyntheticParameters(pub(crate) sim::Parameters);

#[pymethods]
impl SyntheticParameters {
    #[allow(clippy::too_many_arguments, reason = "a market has this many numbers, all by keyword")]
    #[new]
    #[pyo3(signature = (
        *, start_price, tick, lot, spread_ticks = 1.6, volatility = 1e-4, jumps_per_hour = 4.0,
        arrivals_per_second = 40.0, cancels_per_second = 30.0, takes_per_second = 3.0, size_lots = 20, levels = 40
    ))]
    fn new(
        #[pyo3(from_py_with = arguments::start_price)] start_price: i64,
        #[pyo3(from_py_with = arguments::tick)] tick: i64,
        #[pyo3(from_py_with = arguments::lot)] lot: i64,
        spread_ticks: f64,
        volatility: f64,
        jumps_per_hour: f64,
        arrivals_per_second: f64,
        cancels_per_second: f64,
        takes_per_second: f64,
        #[pyo3(from_py_with = arguments::size_lots)] size_lots: i64,
        #[pyo3(from_py_with = arguments::level_target)] levels: u32,
    ) -> PyResult<Self> {
        let parameters = sim::Parameters {
            start_price,
            tick,
            lot,
            spread_ticks,
            volatility,
            jumps_per_hour,
            arrivals_per_second,
            cancels_per_second,
            takes_per_second,
            size_lots,
            levels,
        };
        parameters.check().map_err(value_error)?;
        Ok(Self(parameters))
    }

    fn __repr__(&self) -> String {
        let p = &self.0;
        format!(
            "SyntheticParameters(start_price={}, tick={}, lot={}, spread_ticks={}, volatility={}, jumps_per_hour={}, \
             arrivals_per_second={}, cancels_per_second={}, takes_per_second={}, size_lots={}, levels={})",
            p.start_price,
            p.tick,
            p.lot,
            p.spread_ticks,
            p.volatility,
            p.jumps_per_hour,
            p.arrivals_per_second,
            p.cancels_per_second,
            p.takes_per_second,
            p.size_lots,
            p.levels,
        )
    }
}
