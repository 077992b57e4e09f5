//! `VenueBook`.

use orderbook::{Ladder, Side};
use pyo3::prelude::*;

use crate::arguments::{self, value_error};
use crate::ladder::{self, Depth, Pair};
use crate::venue::Venue;

/// A live view of one market's book.
#[pyclass(frozen, module = "tradebot.native")]
pub(crate) struct VenueBook {
    pub(crate) venue: Py<Venue>,
    pub(crate) instrument: u32,
}

impl VenueBook {
    fn look<T>(&self, py: Python<'_>, question: impl FnOnce(&sim::Book<'_>) -> T) -> PyResult<T> {
        let venue = self.venue.try_borrow(py)?;
        Ok(question(&venue.0.book(self.instrument).map_err(value_error)?))
    }
}

#[pymethods]
impl VenueBook {
    fn best_bid(&self, py: Python<'_>) -> PyResult<Option<Pair>> {
        self.look(py, |book| ladder::best(book, Side::Bid))
    }

    fn best_ask(&self, py: Python<'_>) -> PyResult<Option<Pair>> {
        self.look(py, |book| ladder::best(book, Side::Ask))
    }

    fn bids(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = arguments::levels)] levels: usize,
    ) -> PyResult<Vec<Pair>> {
        self.look(py, |book| ladder::top(book, Side::Bid, levels))
    }

    fn asks(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = arguments::levels)] levels: usize,
    ) -> PyResult<Vec<Pair>> {
        self.look(py, |book| ladder::top(book, Side::Ask, levels))
    }

    fn depth<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = arguments::levels)] levels: usize,
    ) -> PyResult<Depth<'py>> {
        self.look(py, |book| ladder::depth(py, book, levels))
    }

    fn quantity_at(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = arguments::side)] side: Side,
        #[pyo3(from_py_with = arguments::price)] price: i64,
    ) -> PyResult<i64> {
        self.look(py, |book| book.quantity_at(side, price))
    }

    fn level_count(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = arguments::side)] side: Side,
    ) -> PyResult<usize> {
        self.look(py, |book| book.level_count(side))
    }

    fn is_crossed(&self, py: Python<'_>) -> PyResult<bool> {
        self.look(py, |book| book.is_crossed())
    }
}
