//! `VenueEvent`.

use pyo3::prelude::*;

/// One answer of a venue.
#[pyclass(frozen, eq, hash, module = "tradebot.native")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct VenueEvent(orderbook::Event);

impl From<orderbook::Event> for VenueEvent {
    fn from(event: orderbook::Event) -> Self {
        Self(event)
    }
}

/// Events in Python's type.
pub(crate) fn events(events: Vec<orderbook::Event>) -> Vec<VenueEvent> {
    events.into_iter().map(VenueEvent::from).collect()
}

#[pymethods]
impl VenueEvent {
    #[getter]
    const fn kind(&self) -> &'static str {
        self.0.kind.name()
    }

    #[getter]
    const fn order_id(&self) -> u64 {
        self.0.order_id
    }

    #[getter]
    const fn price(&self) -> i64 {
        self.0.price
    }

    #[getter]
    const fn quantity(&self) -> i64 {
        self.0.quantity
    }

    #[getter]
    const fn leaves(&self) -> i64 {
        self.0.leaves
    }

    #[getter]
    const fn liquidity(&self) -> &'static str {
        self.0.liquidity.name()
    }

    #[getter]
    const fn match_id(&self) -> u64 {
        self.0.match_id
    }

    #[getter]
    const fn reason(&self) -> &'static str {
        self.0.reason.name()
    }

    fn __repr__(&self) -> String {
        let event = &self.0;
        format!(
            "VenueEvent(kind='{}', order_id={}, price={}, quantity={}, leaves={}, liquidity='{}', match_id={}, \
             reason='{}')",
            event.kind.name(),
            event.order_id,
            event.price,
            event.quantity,
            event.leaves,
            event.liquidity.name(),
            event.match_id,
            event.reason.name(),
        )
    }
}
